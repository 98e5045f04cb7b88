//! How a benchmark is to be run: in which form, with how many iterations, alone or with others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::batch::{Batch, CANDIDATE, Pair, Part, Source, State, Target};
use super::error::RunError;
use super::execute::Ran;
use super::measure::{Measurement, Notes};
use super::output::{self, closed};
use super::schedule;
use crate::gate::{Measured, Ruler};
use crate::process::{End, Finished};
use crate::unit::Unit;

/// If a process starts within this time, each benchmark gets one of its own.
const QUICK_START: Duration = Duration::from_millis(100);

/// How much longer one start of a process may take than another.
const JITTER: Duration = Duration::from_millis(50);
/// Iterations that are tried, until they take longer than what is done beside them.
const PROBES: [u64; 6] = [5, 100, 1000, 10_000, 100_000, 1_000_000];
/// As many show what more of them change.
const FEW: u64 = 100;
/// What takes longer than this can be told from what the machine does beside it.
const TELLING: Duration = Duration::from_millis(10);
/// A probe that is likely to take longer is not tried.
const MOST_PROBING: Duration = Duration::from_secs(4);
const MOST_SET_UP: Duration = Duration::from_secs(20);

/// Seconds a first iteration of sub-benchmarks takes that are run apart from quicker ones.
const SLOW: f64 = 0.005;

const CHANGED: &str = "its code or what it reaches of the test files changed";

impl Measurement<'_> {
    /// Finds out how the benchmarks of a target that have no batch yet are to be run.
    pub(super) fn plan(&self, target: &mut Target<'_>, notes: &mut Notes) -> Result<(), RunError> {
        let known: BTreeSet<String> = target
            .batches
            .iter()
            .flat_map(|batch| batch.functions.clone())
            .collect();
        let functions: Vec<String> = target
            .subject
            .benchmarks(CANDIDATE)
            .iter()
            .filter(|name| !known.contains(*name))
            .cloned()
            .collect();
        let options = self.executor.options;
        let fixed = options
            .benchtime
            .clone()
            .or_else(|| options.time.then(|| "1s".to_owned()));
        let mut planned: Vec<Batch> = Vec::new();
        let mut start = Duration::MAX;
        let whole = Part::default();
        for function in functions {
            let mut source = target.source(&function);
            if source == Source::Own
                && target.changed.contains(&function)
                && self.has_old(target, &function)?
            {
                source = Source::Old;
            }
            let one = vec![function.clone()];
            if self.executor.time_is_up() {
                planned.push(Batch::late(one, source));
                continue;
            }
            if let Some(benchtime) = &fixed {
                start = Duration::ZERO;
                planned.push(Batch::new(one, source, benchtime.clone()));
                continue;
            }
            let mut first = self.candidate(target, &one, &whole, "1x")?;
            let failed = |ran: &Ran| matches!(ran, Ran::Ended(finished) if !finished.succeeded());
            let hangs =
                |ran: &Ran| matches!(ran, Ran::Ended(finished) if finished.end == End::OutOfTime);
            if target.trimpath && failed(&first) && !hangs(&first) {
                // It may look for its data where it was compiled.
                self.build_with_paths(target)?;
                first = self.candidate(target, &one, &whole, "1x")?;
            }
            match first {
                Ran::TimeUp => planned.push(Batch::late(one, source)),
                // Once is enough.
                Ran::Ended(finished) if finished.end == End::OutOfTime => {
                    notes.log(CANDIDATE, target, &finished.output);
                    let output = closed(&finished, &target.subject.package);
                    let mut batch = Batch::new(one, source, "1x".to_owned());
                    batch.pairs.push(Pair {
                        outputs: [Vec::new(), output],
                    });
                    batch.state = State::Failed;
                    planned.push(batch);
                }
                // The rounds show how it fails.
                Ran::Ended(finished) if !finished.succeeded() => {
                    planned.push(Batch::new(one, source, "1x".to_owned()));
                }
                Ran::Ended(finished) => {
                    let inside = Look::at(&finished, 1).inside;
                    start = start.min(finished.elapsed.saturating_sub(inside));
                    for part in self.parts(&function, &finished) {
                        planned.push(self.probe(target, &function, part, source, &finished)?);
                    }
                }
            }
        }
        if start > QUICK_START {
            planned = together(planned);
        }
        target.batches.extend(planned);
        self.tell_rulers(target, notes);
        Ok(())
    }

    /// Sub-benchmarks that take long would leave the others few iterations: they run apart.
    fn parts(&self, function: &str, first: &Finished) -> Vec<Part> {
        let mut times: BTreeMap<String, f64> = BTreeMap::new();
        for figure in output::figures(&first.output) {
            if figure.unit.as_str() != Unit::TIME {
                continue;
            }
            // Patterns of the user are for levels, too.
            let below = figure
                .benchmark
                .strip_prefix(function)
                .and_then(|rest| rest.strip_prefix('/'));
            let Some(below) = below.filter(|_| self.executor.selection.is_everything()) else {
                return vec![Part::default()];
            };
            let name = below.split('/').next().unwrap_or(below).to_owned();
            *times.entry(name).or_default() += figure.value;
        }
        let slow: Vec<&String> = times
            .iter()
            .filter(|(_, time)| **time > SLOW)
            .map(|(name, _)| name)
            .collect();
        if slow.is_empty() || slow.len() == times.len() {
            return vec![Part::default()];
        }
        // The last number of a name may be GOMAXPROCS, which is no part of it.
        let bare = |name: &&String| {
            let (bare, number) = name.rsplit_once('-')?;
            number
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| bare.to_owned())
        };
        let bare: Vec<String> = slow.iter().filter_map(bare).collect();
        let names: Vec<String> = slow.into_iter().cloned().chain(bare).collect();
        Part::split(&names).into()
    }

    /// Finds out with how many iterations a benchmark is run, from what one takes. Set-up counts in
    /// that, inside of the timed part or not, so more and more iterations are tried until they are what
    /// takes the time.
    fn probe(
        &self,
        target: &Target<'_>,
        function: &str,
        part: Part,
        source: Source,
        first: &Finished,
    ) -> Result<Batch, RunError> {
        let functions = vec![function.to_owned()];
        let late = |part| Batch {
            part,
            ..Batch::late(vec![function.to_owned()], source)
        };
        let first = Look::at(first, 1);
        if first.inside > MOST_SET_UP / 10 {
            let iterations = schedule::iterations(first.inside, first.results);
            let benchtime = format!("{iterations}x");
            return Ok(Batch {
                part,
                ..Batch::new(functions, source, benchtime)
            });
        }
        // With more than one iteration a function runs twice: once for one, and once for all of them. To
        // compare with is what sets up as often.
        let two = match self.candidate(target, &functions, &part, "2x")? {
            Ran::Ended(finished) => Look::at(&finished, 2),
            Ran::TimeUp => return Ok(late(part)),
        };
        let mut once = two.inside / 2;
        // Two that take hardly longer than one are mostly set-up: how much is worth finding out.
        let set_up = two.inside < first.inside.mul_f64(1.6);
        let (mut probed, mut most) = (Vec::new(), u64::MAX);
        // Starting a process may take longer than all that it does.
        let step = if two.elapsed.saturating_sub(two.inside) > QUICK_START {
            2
        } else {
            1
        };
        let tells = |spent: Duration| spent > TELLING && spent > two.inside / 2;
        for count in PROBES.into_iter().skip(step - 1).step_by(step) {
            let steps = u32::try_from(count).unwrap_or(u32::MAX);
            let bound = if set_up && count <= FEW {
                MOST_SET_UP
            } else {
                MOST_PROBING
            };
            if once.saturating_mul(steps) > bound {
                break;
            }
            let benchtime = format!("{count}x");
            let mut spent = Duration::MAX;
            // What seems to tell is looked at twice: the machine may have been busy with something else.
            for _ in 0..2 {
                let Ran::Ended(finished) = self.candidate(target, &functions, &part, &benchtime)?
                else {
                    return Ok(late(part));
                };
                if !finished.succeeded() {
                    // It does not stand as many.
                    most = count / 10;
                    break;
                }
                let many = Look::at(&finished, count);
                let inside = many.inside.saturating_sub(two.inside);
                let outside = many
                    .elapsed
                    .saturating_sub(two.elapsed)
                    .saturating_sub(JITTER);
                spent = spent.min(inside.max(outside));
                if probed.is_empty() && count >= FEW {
                    probed = output::figures(&finished.output);
                }
                if !tells(spent) {
                    break;
                }
            }
            if most < u64::MAX {
                break;
            }
            once = spent / (steps - 2);
            if tells(spent) {
                break;
            }
        }
        let iterations = schedule::iterations(once, two.results).min(most.max(1));
        let mut batch = Batch::new(functions, source, format!("{iterations}x"));
        batch.part = part;
        batch.probed = probed;
        Ok(batch)
    }

    fn tell_rulers(&self, target: &Target<'_>, notes: &mut Notes) {
        for batch in &target.batches {
            for function in &batch.functions {
                let code = target.changed.contains(function);
                let (why, measured) = match (batch.source, &target.reads) {
                    (Source::None, _) => continue,
                    (_, Some(file)) => (
                        format!("{} differs, which it reads", file.display()),
                        Measured::Apart,
                    ),
                    (Source::Own, None) if code => (CHANGED.to_owned(), Measured::Apart),
                    (Source::Old, None) => (CHANGED.to_owned(), Measured::Baseline),
                    (Source::Overlay, None) if code => (CHANGED.to_owned(), Measured::Candidate),
                    _ if target.test_data => {
                        ("its test data changed".to_owned(), Measured::Candidate)
                    }
                    _ => continue,
                };
                let which = target.named(function);
                if notes.rulers.iter().any(|ruler| ruler.which == which) {
                    continue;
                }
                let ruler = Ruler {
                    which,
                    measured,
                    why,
                };
                notes.rulers.push(ruler);
            }
        }
    }
}

/// What a probe took.
struct Look {
    /// All results together, as they say themselves.
    inside: Duration,
    elapsed: Duration,
    results: usize,
}

impl Look {
    fn at(finished: &Finished, iterations: u64) -> Look {
        let figures = output::figures(&finished.output);
        let times: Vec<Duration> = figures
            .iter()
            .filter(|figure| figure.unit.as_str() == Unit::TIME)
            .map(|figure| figure.value * iterations as f64)
            .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default())
            .collect();
        let names: BTreeSet<&str> = figures
            .iter()
            .map(|figure| figure.benchmark.as_str())
            .collect();
        Look {
            inside: times.iter().sum(),
            elapsed: finished.elapsed,
            results: names.len(),
        }
    }
}

/// Benchmarks of one kind in one process: starting it takes long.
fn together(batches: Vec<Batch>) -> Vec<Batch> {
    let mut joined: Vec<Batch> = Vec::new();
    for batch in batches {
        let like = |other: &&mut Batch| {
            other.source == batch.source
                && other.part.is_whole()
                && batch.part.is_whole()
                && other.benchtime == batch.benchtime
                && other.state == State::Open
                && batch.state == State::Open
        };
        match joined.iter_mut().find(like) {
            Some(other) => {
                other.functions.extend(batch.functions);
                other.probed.extend(batch.probed);
            }
            None => joined.push(batch),
        }
    }
    joined
}
