//! Work for all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Parts that each core gets, as a rule: one that takes longer than others does not keep all waiting.
const PARTS_A_CORE: usize = 4;

/// A worker for each core.
pub(crate) fn workers<W>(new: impl FnMut() -> W) -> Vec<W> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    std::iter::repeat_with(new).take(cores).collect()
}

/// Deals out items in contiguous parts of about equal size, each to the next worker that has nothing to
/// do, and joins the results in their order. No part but the last is smaller than `least`: below, a
/// thread costs more than it saves. What a worker learns of one part it may use for another.
pub(crate) fn in_parallel<W: Send, T: Sync, R: Send>(
    workers: &mut [W],
    items: &[T],
    size: impl Fn(&T) -> usize,
    least: usize,
    run: impl Fn(&mut W, &[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let parts = parts(items, size, least, workers.len() * PARTS_A_CORE);
    let next = AtomicUsize::new(0);
    let work = |worker: &mut W| {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match parts.get(index) {
                Some(part) => results.push((index, run(worker, part))),
                None => return results,
            }
        }
    };
    let work = &work;
    let count = workers.len().min(parts.len());
    let Some((first, others)) = workers[..count].split_first_mut() else {
        return Vec::new();
    };
    let mut results = thread::scope(|scope| {
        let spawn = |worker| scope.spawn(move || work(worker));
        let others: Vec<_> = others.iter_mut().map(spawn).collect();
        let mut results = work(first);
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

/// Contiguous parts of about equal size, `count` as a rule.
fn parts<T>(items: &[T], size: impl Fn(&T) -> usize, least: usize, count: usize) -> Vec<&[T]> {
    let total: usize = items.iter().map(&size).sum();
    let share = total.div_ceil(count.max(1)).max(least);
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
    parts
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
                    for workers in [1, 3] {
                        let mut done = vec![0; workers];
                        let doubled = in_parallel(
                            &mut done,
                            &items,
                            |_| size,
                            least,
                            |done, part| {
                                *done += part.len();
                                part.iter().map(|item| item * 2).collect()
                            },
                        );
                        let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
                        assert_eq!(doubled, expected, "{count} {least} {size} {workers}");
                        assert_eq!(done.iter().sum::<usize>(), count);
                    }
                }
            }
        }
    }
}
