//! Asking both programs many things and counting how they agree.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::case::Case;
use crate::command::{Answer, Program};
use crate::comparison::{Difference, Outcome, compare};
use crate::shrink::shrink;

/// How many differences are printed.
const SHOWN: usize = 20;

/// What came of all questions.
#[derive(Default)]
pub(crate) struct Tally {
    compared: usize,
    identical: usize,
    refused: usize,
    /// benchstat hung or crashed.
    unanswered: usize,
    different: usize,
    found: Vec<Found>,
}

/// Answers that differ.
#[derive(Clone)]
struct Found {
    folder: PathBuf,
    case: Case,
    difference: Difference,
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
        let outcome = match theirs {
            Some(theirs) => compare(
                theirs,
                ours.run(folder, &case.arguments).as_ref(),
                case.is_csv(),
            ),
            None => Outcome::Crashed,
        };
        self.compared += usize::from(outcome != Outcome::Crashed);
        match outcome {
            Outcome::Crashed => self.unanswered += 1,
            Outcome::Same { identical } => self.identical += usize::from(identical),
            Outcome::Refused => self.refused += 1,
            Outcome::Different(difference) => {
                self.different += 1;
                let (folder, case) = (folder.to_owned(), case.clone());
                self.found.push(Found {
                    folder,
                    case,
                    difference,
                });
                return false;
            }
        }
        true
    }

    fn add(&mut self, other: Tally) {
        self.compared += other.compared;
        self.identical += other.identical;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.different += other.different;
        self.found.extend(other.found);
    }

    /// Keeps one difference of each kind and makes those that are shown small, each in a copy of its folder.
    pub(crate) fn shrink(&mut self, benchstat: &Program, ours: &Program) {
        self.found
            .sort_by_cached_key(|found| found.difference.signature());
        self.found
            .dedup_by_key(|found| found.difference.signature());
        for (index, found) in self.found.iter_mut().take(SHOWN).enumerate() {
            let small = found.folder.with_file_name(format!("small-{index}"));
            copy(&found.folder, &small);
            let kind = found.difference.of;
            let mut smallest = found.clone();
            let mut arguments = found.case.arguments.clone();
            shrink(&small, &mut arguments, |arguments| {
                let mut tally = Tally::default();
                let case = Case {
                    arguments: arguments.to_vec(),
                    ..found.case.clone()
                };
                tally.ask(benchstat, ours, &small, &case);
                let Some(still) = tally
                    .found
                    .pop()
                    .filter(|still| still.difference.of == kind)
                else {
                    return false;
                };
                smallest = still;
                true
            });
            *found = smallest;
        }
        self.found
            .dedup_by_key(|found| found.difference.signature());
    }

    /// Prints what was compared; fails if anything differs.
    pub(crate) fn settle(&self, of: &str, start: Instant) {
        println!("{of}, {:.0} s: {self}", start.elapsed().as_secs_f64());
        for found in self.found.iter().take(SHOWN) {
            println!("{found}");
        }
        assert!(self.compared > 0, "{of}: nothing was compared");
        assert!(self.different == 0, "{of}: {self}");
    }
}

fn copy(folder: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cd {} && benchstat", self.folder.display())?;
        for word in &self.case.arguments {
            write!(f, " '{word}'")?;
        }
        write!(f, "\n{}", self.difference)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            compared,
            identical,
            refused,
            unanswered,
            different,
            found: _,
        } = self;
        write!(
            f,
            "{compared} compared, {} differences; {identical} the same byte for byte, {refused} refused by both; \
             not compared: {unanswered} that benchstat hung or crashed on",
            different,
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
