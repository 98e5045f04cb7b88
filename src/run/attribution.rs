//! Which lines a rise is due to: what regressed runs once more on both sides, with the binaries that it
//! was measured with, and every object that it allocates is written down with its stack.
//!
//! This changes no figure and no verdict. Whatever fails leaves the lines unnamed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::batch::{BASELINE, Batch, CANDIDATE, Source, State, Target};
use super::error::RunError;
use super::execute::{Program, Ran};
use super::output::{self, Figure};
use super::session::Session;
use super::trees::Trees;
use super::{Event, Notify};
use crate::benchmark::{Key, SharedKey, function_of};
use crate::bounded;
use crate::gate::{self, Attributed, JudgedRow, Named, Place, Report};
use crate::golang::TEST_SUFFIX;
use crate::profile::{self, Allocation, Frame, Measure, Profile, Rise, Side, Site};
use crate::unit::Unit;

/// Benchmarks that are profiled.
const MOST: usize = 20;
/// Iterations that leave only what a process does once.
const FEW: u64 = 2;
/// Iterations of the other process, and about what they may take.
const LEAST_MANY: u64 = 10;
const MOST_MANY: u64 = 100_000;
const TIME: Duration = Duration::from_millis(300);
const MOST_TIME: Duration = Duration::from_secs(3);
/// What writing down one object takes.
const EACH: Duration = Duration::from_micros(2);
/// The largest file that is read: a profile, or a source.
const MOST_BYTES: u64 = 16 << 20;
/// Objects an iteration that a line must allocate more to be told.
const LEAST_OBJECTS: f64 = 0.5;
/// And of the rise of the row.
const LEAST_SHARE_OF_OBJECTS: f64 = 0.02;
const LEAST_SHARE_OF_BYTES: f64 = 0.1;
/// What one process may allocate more than another, in all, by what it does but once.
const OBJECTS_ONCE: f64 = 50.0;
const BYTES_ONCE: f64 = 4096.0;

impl Session<'_> {
    /// Profiles what rose.
    pub(super) fn attribute(
        &self,
        targets: &[Target<'_>],
        report: &Report,
        workspace: &Path,
        notify: Notify<'_>,
    ) -> Result<Vec<Attributed>, RunError> {
        let risen = risen(report);
        if risen.is_empty() {
            return Ok(Vec::new());
        }
        notify(Event::Step("profiling what regressed"));
        let file = workspace.join("profile.pb.gz");
        let mut trees: BTreeMap<usize, [Folders; 2]> = BTreeMap::new();
        let mut attributed = Vec::new();
        for (key, rows) in risen {
            let function = [function_of(&key.benchmark).to_owned()];
            notify(Event::Running {
                package: &key.package,
                functions: &function,
            });
            let found = find(targets, &key);
            let Some((target, batch)) = found.filter(|_| !self.executor.time_is_up()) else {
                continue;
            };
            let folders = match trees.get(&target.number) {
                Some(known) => known,
                None => {
                    let known = self.folders(target);
                    trees.entry(target.number).or_insert(known)
                }
            };
            let profiled = Profiled {
                session: self,
                target,
                batch,
                key: &key,
                folders,
                file: &file,
            };
            match profiled.attributed(&rows) {
                Ok(found) => attributed.extend(found.into_iter().flatten()),
                Err(RunError::Interrupted(signal)) => return Err(RunError::Interrupted(signal)),
                Err(_) => {}
            }
        }
        Ok(attributed)
    }

    /// The folders of the repository that a target is built from, on each side.
    fn folders(&self, target: &Target<'_>) -> [Folders; 2] {
        [BASELINE, CANDIDATE].map(|side| {
            let listed = target.subject.side(side).and_then(|tests| {
                let module = self.trees.roots[side].join(&tests.scope.folder);
                let go = tests.scope.go(&self.builder.go[side]);
                go.folders(&module, &target.subject.package).ok()
            });
            Folders::of(self.trees, side, listed.unwrap_or_default())
        })
    }
}

/// The benchmarks with rows whose lines are asked for, the greatest rise first.
fn risen(report: &Report) -> Vec<(SharedKey, Vec<&JudgedRow>)> {
    let mut risen: Vec<(SharedKey, Vec<&JudgedRow>)> = Vec::new();
    for row in report.rows.iter().filter(|row| row.asks_where()) {
        match risen.iter_mut().find(|(key, _)| *key == row.key) {
            Some((_, rows)) => rows.push(row),
            None => risen.push((row.key.clone(), vec![row])),
        }
    }
    let rise = |rows: &[&JudgedRow]| {
        let changes = rows.iter().filter_map(|row| row.change);
        let shares = changes.map(|change| change.relative.unwrap_or(f64::INFINITY));
        shares.fold(0.0, f64::max)
    };
    risen.sort_by(|(_, a), (_, b)| rise(b).total_cmp(&rise(a)));
    risen.truncate(MOST);
    risen
}

/// The batch that a benchmark was measured in.
fn find<'a, 'b>(targets: &'b [Target<'a>], key: &Key) -> Option<(&'b Target<'a>, &'b Batch)> {
    let target = targets
        .iter()
        .find(|target| target.subject.package == key.package)?;
    let measured = |batch: &&Batch| {
        let printed = batch.pairs.last().map(|pair| &pair.outputs[CANDIDATE]);
        batch.state != State::Failed && printed.is_some_and(|printed| !of(printed, key).is_empty())
    };
    target
        .batches
        .iter()
        .find(measured)
        .map(|batch| (target, batch))
}

/// The figures of one benchmark.
fn of(output: &[u8], key: &Key) -> Vec<Figure> {
    let name = key.name_with_procs();
    let mut figures = output::figures(output);
    figures.retain(|figure| figure.benchmark == name);
    figures
}

/// One benchmark on its way.
struct Profiled<'a> {
    session: &'a Session<'a>,
    target: &'a Target<'a>,
    batch: &'a Batch,
    key: &'a Key,
    folders: &'a [Folders; 2],
    file: &'a Path,
}

impl Profiled<'_> {
    fn attributed(&self, rows: &[&JudgedRow]) -> Result<Option<Vec<Attributed>>, RunError> {
        let Some(pair) = self.batch.pairs.last() else {
            return Ok(None);
        };
        let figures = [BASELINE, CANDIDATE].map(|side| of(&pair.outputs[side], self.key));
        let value = |side: usize, unit: &str| {
            let mut own = figures[side].iter();
            let found = own.find(|figure| figure.unit.as_str() == unit);
            found.map(|figure| figure.value)
        };
        let objects = [BASELINE, CANDIDATE].map(|side| value(side, Unit::ALLOCS));
        let ([Some(_), Some(_)], Some(many)) = (objects, iterations(&figures)) else {
            return Ok(None);
        };
        let mut sides = Vec::new();
        for side in [BASELINE, CANDIDATE] {
            let Some(allocations) = self.allocations(side, many)? else {
                return Ok(None);
            };
            sides.push(Side {
                allocations,
                objects: objects[side].unwrap_or(f64::NAN),
                value: f64::NAN,
            });
        }
        let [baseline, candidate] = &mut sides[..] else {
            return Ok(None);
        };
        let mut attributed = Vec::new();
        for row in rows {
            let (Some(before), Some(after)) = (&row.baseline, &row.candidate) else {
                continue;
            };
            (baseline.value, candidate.value) = (before.center, after.center);
            let (measure, least) = measure(row, [before.center, after.center], many - FEW);
            let rises = profile::rises(baseline, candidate, measure, least, self);
            attributed.push(Attributed {
                which: Named {
                    package: self.key.package.clone(),
                    benchmark: self.key.benchmark.clone(),
                },
                procs: self.key.procs,
                unit: row.unit.clone(),
                sites: rises
                    .into_iter()
                    .filter_map(|rise| self.site(rise))
                    .collect(),
            });
        }
        attributed.retain(|one| !one.sites.is_empty());
        Ok(Some(attributed))
    }

    /// What an iteration allocates on a side.
    fn allocations(&self, side: usize, many: u64) -> Result<Option<Vec<Allocation>>, RunError> {
        let program = self
            .session
            .measurement
            .program(self.target, side, self.batch.source);
        let Some(program) = program else {
            return Ok(None);
        };
        let few = self.profile(&program, FEW)?;
        let (Some(few), Some(all)) = (few, self.profile(&program, many)?) else {
            return Ok(None);
        };
        let own = |frame: &Frame| self.folders[side].holds(frame);
        Ok(Some(profile::per_iteration(
            &few,
            &all,
            (many - FEW) as f64,
            own,
        )))
    }

    fn profile(&self, program: &Program, iterations: u64) -> Result<Option<Profile>, RunError> {
        let executor = self.session.executor;
        let ran = executor.profile(program, self.key, iterations, self.file)?;
        let written = contents(self.file);
        // A benchmark may have made it a folder, which is in the way of all others.
        let _ = fs::remove_file(self.file).or_else(|_| fs::remove_dir_all(self.file));
        let succeeded = matches!(ran, Ran::Ended(finished) if finished.succeeded());
        let written = written.filter(|_| succeeded);
        Ok(written.and_then(|bytes| profile::decode(&bytes).ok()))
    }

    /// A line of the candidate as the repository has it.
    fn site(&self, found: Rise) -> Option<gate::Site> {
        let file = self.folders[CANDIDATE].file(&found.site)?;
        Some(gate::Site {
            place: Place::new(&file, found.site.line),
            function: found.site.function.1,
            rise: found.rise,
        })
    }

    /// The file that the compiler has read for a line of a side.
    fn file(&self, side: usize, site: &Site) -> Option<PathBuf> {
        let file = self.folders[side].file(site)?;
        let is_test = file.to_string_lossy().ends_with(TEST_SUFFIX);
        let side = match self.batch.source {
            Source::Overlay if is_test => {
                let file = self.folders[CANDIDATE].file(site)?;
                return Some(self.session.trees.roots[CANDIDATE].join(file));
            }
            // They are the baseline's on both sides: no lines of the candidate.
            Source::Old if is_test => return None,
            _ => side,
        };
        Some(self.session.trees.roots[side].join(file))
    }
}

impl profile::Source for Profiled<'_> {
    fn text(&self, candidate: bool, site: &Site) -> Option<String> {
        let side = if candidate { CANDIDATE } else { BASELINE };
        let text = contents(&self.file(side, site)?)?;
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().nth(site.line.checked_sub(1)?)?;
        Some(line.trim().to_owned())
    }

    fn is_old(&self, site: &Site) -> bool {
        let Some(text) = self.text(true, site) else {
            return true;
        };
        let old = self.file(BASELINE, site).and_then(|file| contents(&file));
        let old = old.unwrap_or_default();
        String::from_utf8_lossy(&old)
            .lines()
            .any(|line| line.trim() == text)
    }
}

/// What a row counts, and by how much a line must rise in so many iterations to be told.
fn measure(row: &JudgedRow, [before, after]: [f64; 2], iterations: u64) -> (Measure, f64) {
    let rise = after - before;
    let once = |most: f64| most / iterations as f64;
    if row.unit.as_str() != Unit::BYTES {
        let least = LEAST_OBJECTS.max(LEAST_SHARE_OF_OBJECTS * rise);
        return (Measure::Objects, least.max(once(OBJECTS_ONCE)));
    }
    let threshold = (row.threshold.relative * before).max(row.threshold.absolute);
    let least = threshold.max(LEAST_SHARE_OF_BYTES * rise).max(1.0);
    (Measure::Bytes, least.max(once(BYTES_ONCE)))
}

/// How many iterations are worth it; `None` if a few take too long.
fn iterations(figures: &[Vec<Figure>; 2]) -> Option<u64> {
    let all = || figures.iter().flatten();
    let most = |unit: &str| {
        let values = all().filter(|figure| figure.unit.as_str() == unit);
        values.map(|figure| figure.value).fold(0.0, f64::max)
    };
    let each = most(Unit::TIME) + most(Unit::ALLOCS) * EACH.as_secs_f64();
    // More than were measured: what a process does but once is not the same in each of them, and the
    // more iterations there are, the less that is.
    let many = ((TIME.as_secs_f64() / each.max(1e-9)) as u64).clamp(LEAST_MANY, MOST_MANY);
    (each * (many + LEAST_MANY) as f64 <= MOST_TIME.as_secs_f64()).then_some(many)
}

/// A regular file that is not too large.
fn contents(path: &Path) -> Option<Vec<u8>> {
    let known = fs::symlink_metadata(path).ok()?;
    if !known.is_file() {
        return None;
    }
    bounded::read(File::open(path).ok()?, MOST_BYTES).ok()?
}

/// The packages of the repository that a test binary is built from. What is vendored is others'.
struct Folders {
    root: PathBuf,
    /// By import path, relative to the root.
    folders: BTreeMap<String, PathBuf>,
}

impl Folders {
    fn of(trees: &Trees, side: usize, listed: BTreeMap<String, PathBuf>) -> Self {
        let root = trees.roots[side].clone();
        let vendored = |folder: &Path| {
            folder
                .components()
                .any(|part| part == Component::Normal("vendor".as_ref()))
        };
        let own = |folder: PathBuf| {
            let folder = folder.strip_prefix(&root).ok()?.to_owned();
            (!vendored(&folder)).then_some(folder)
        };
        let folders = listed
            .into_iter()
            .filter_map(|(path, folder)| Some((path, own(folder)?)))
            .collect();
        Folders { root, folders }
    }

    fn holds(&self, frame: &Frame) -> bool {
        self.folders
            .contains_key(&*profile::package(&frame.function))
    }

    /// The file of a line, relative to the root. Comments may claim to be lines of any other.
    fn file(&self, site: &Site) -> Option<PathBuf> {
        let package = &site.function.0;
        let folder = self.folders.get(package)?;
        let (above, name) = site.file.rsplit_once('/')?;
        let versionless = match above.split_once('@') {
            Some((module, rest)) => {
                let below = rest.split_once('/').map(|(_, below)| below);
                below.map_or(module.to_owned(), |below| format!("{module}/{below}"))
            }
            None => above.to_owned(),
        };
        let path = package.strip_suffix("_test").unwrap_or(package);
        let is_own = [package, path].contains(&versionless.as_str())
            || Path::new(above) == self.root.join(folder);
        is_own.then(|| folder.join(name))
    }
}
