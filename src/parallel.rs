//! Work for all cores.

use std::num::NonZero;
use std::thread;

/// Deals out items in contiguous parts of about equal size, one a core, and joins the results in their
/// order. No part but the last is smaller than `least`: below, a thread costs more than it saves.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> usize,
    least: usize,
    run: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let total: usize = items.iter().map(&size).sum();
    let share = total.div_ceil(cores).max(least);
    if total <= share {
        return run(items);
    }
    let mut parts = Vec::new();
    let (mut start, mut taken) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        if taken >= share {
            parts.push(&items[start..index]);
            (start, taken) = (index, 0);
        }
        taken += size(item);
    }
    parts.push(&items[start..]);
    let run = &run;
    thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || run(part)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<R>>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_those_of_all_items_in_order() {
        for count in [0, 1, 5, 1000] {
            let items: Vec<usize> = (0..count).collect();
            for least in [1, 10, 100_000] {
                for size in [0, 1, 7] {
                    let doubled = in_parallel(
                        &items,
                        |_| size,
                        least,
                        |part| part.iter().map(|item| item * 2).collect(),
                    );
                    let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
                    assert_eq!(doubled, expected, "{count} {least} {size}");
                }
            }
        }
    }
}
