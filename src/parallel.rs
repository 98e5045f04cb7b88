//! Work for all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Parts that each core gets, as a rule: one that takes longer than others does not keep all waiting.
const PARTS_A_CORE: usize = 4;

/// Deals out items in contiguous parts of about equal size, and joins the results in their order. No
/// part but the last is smaller than `least`: below, a thread costs more than it saves.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> usize,
    least: usize,
    run: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let total: usize = items.iter().map(&size).sum();
    let share = total.div_ceil(cores * PARTS_A_CORE).max(least);
    if cores == 1 || total <= share {
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
    let next = AtomicUsize::new(0);
    let take_some = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match parts.get(index) {
                Some(part) => results.push((index, run(part))),
                None => return results,
            }
        }
    };
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..cores.min(parts.len()))
            .map(|_| scope.spawn(take_some))
            .collect();
        let mut results = take_some();
        for other in others {
            let more = other.join();
            results.extend(more.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results
        .into_iter()
        .flat_map(|(_, results)| results)
        .collect()
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
