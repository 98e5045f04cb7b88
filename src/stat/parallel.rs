//! Work for all cores.

use std::num::NonZero;
use std::thread;

/// What is done on a core of its own, in cells: below, a thread costs more than it saves.
const CELLS_A_THREAD: usize = 4000;

/// Deals out work in contiguous parts of about equal size, one a core, and joins the results.
pub(super) fn in_parallel<T: Send, R: Send>(
    mut work: Vec<T>,
    size: impl Fn(&T) -> usize,
    run: impl Fn(Vec<T>) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let total: usize = work.iter().map(&size).sum();
    let threads = cores.min(total / CELLS_A_THREAD + 1);
    let share = total.div_ceil(threads).max(1);
    let mut parts = Vec::new();
    while !work.is_empty() {
        let mut taken = 0;
        let end = work.iter().position(|item| {
            let full = taken >= share;
            taken += size(item);
            full
        });
        let rest = work.split_off(end.unwrap_or(work.len()));
        parts.push(std::mem::replace(&mut work, rest));
    }
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
