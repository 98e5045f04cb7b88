//! Asking both programs many things and counting how they agree.

use std::fmt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::case::Case;
use crate::command::{Answer, Program};
use crate::comparison::{Outcome, compare};

/// How many differences are printed.
const SHOWN: usize = 10;

/// What came of all questions.
#[derive(Default)]
pub(crate) struct Tally {
    compared: usize,
    identical: usize,
    refused: usize,
    /// benchstat hung or crashed.
    unanswered: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Asks both programs; whether they agree.
    pub(crate) fn ask(
        &mut self,
        benchstat: &Program,
        ours: &Program,
        folder: &Path,
        case: &Case,
    ) -> bool {
        let theirs = benchstat.run(folder, &case.arguments);
        self.hold(theirs.as_ref(), ours, folder, case)
    }

    /// Holds ours against an answer of benchstat's, `None` if it had none; whether they agree.
    pub(crate) fn hold(
        &mut self,
        theirs: Option<&Answer>,
        ours: &Program,
        folder: &Path,
        case: &Case,
    ) -> bool {
        let Some(theirs) = theirs else {
            self.unanswered += 1;
            return true;
        };
        let outcome = ours
            .run(folder, &case.arguments)
            .map(|ours| compare(theirs, &ours, case.is_csv()));
        let different = match outcome {
            Some(Outcome::Crashed) => {
                self.unanswered += 1;
                return true;
            }
            Some(Outcome::Same { identical }) => {
                self.identical += usize::from(identical);
                None
            }
            Some(Outcome::Refused) => {
                self.refused += 1;
                None
            }
            Some(Outcome::Different(difference)) => Some(difference.to_string()),
            None => Some("  ours does not end".to_owned()),
        };
        self.compared += 1;
        if let Some(different) = &different {
            let words: Vec<_> = case
                .arguments
                .iter()
                .map(|word| format!("'{word}'"))
                .collect();
            let place = folder.display();
            self.differences.push(format!(
                "cd {place} && benchstat {}\n{different}",
                words.join(" ")
            ));
        }
        different.is_none()
    }

    fn add(&mut self, other: Tally) {
        self.compared += other.compared;
        self.identical += other.identical;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.differences.extend(other.differences);
    }

    /// Prints what was compared; fails if anything differs.
    pub(crate) fn settle(&self, of: &str, start: Instant) {
        println!("{of}, {:.0} s: {self}", start.elapsed().as_secs_f64());
        for difference in self.differences.iter().take(SHOWN) {
            println!("{difference}");
        }
        assert!(self.compared > 0, "{of}: nothing was compared");
        assert!(self.differences.is_empty(), "{of}: {self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            compared,
            identical,
            refused,
            unanswered,
            differences,
        } = self;
        write!(
            f,
            "{compared} compared, {} differences; {identical} the same byte for byte, {refused} refused by both; \
             not compared: {unanswered} that benchstat hung or crashed on",
            differences.len(),
        )
    }
}

/// Does `count` things on all cores and adds up what came of them.
pub(crate) fn in_parallel(count: usize, ask: impl Fn(usize) -> Tally + Sync) -> Tally {
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let tally = ask(index);
                    total.lock().unwrap().add(tally);
                }
            });
        }
    });
    total.into_inner().unwrap()
}
