//! What has to be measured: everything whose sources differ, unless both sides build the same binary and
//! read the same data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::batch::{BASELINE, CANDIDATE, Part, Target};
use super::binaries::{Job, digest};
use super::cache::{self, Entry};
use super::error::RunError;
use super::execute::Ran;
use super::output;
use super::packages::Subject;
use super::ruler::{self, Overlay};
use super::session::{Session, is_of};
use super::{Event, Notify};
use crate::benchmark::function_of;
use crate::gate::{Identical, IdenticalBy, Named, Unmeasured};
use crate::golang::Built;
use crate::policy;

/// What is known of the files that benchmarks open.
enum Reads {
    Nothing,
    File(PathBuf),
    Unknown,
}

impl<'a> Session<'a> {
    /// What has to be measured, and what is kept of it. What cannot differ is noted.
    pub(super) fn targets(
        &mut self,
        subjects: &'a [Subject],
        differing: &BTreeSet<String>,
        notify: Notify<'_>,
    ) -> Result<(Vec<Target<'a>>, BTreeMap<usize, Entry>), RunError> {
        let mut wanted: Vec<(usize, &Subject)> = Vec::new();
        for (number, subject) in subjects.iter().enumerate() {
            if subject.benchmarks(CANDIDATE).is_empty() {
                continue;
            }
            let data = self.trees.changes.data(subject.module()).next().is_some();
            if differing.contains(&subject.package) || data || self.has_new_budget(subject) {
                wanted.push((number, subject));
            } else {
                self.identical(subject, IdenticalBy::Sources);
            }
        }
        if wanted.is_empty() {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        notify(Event::Step("building the candidate"));
        let jobs: Vec<Job<'_>> = wanted
            .iter()
            .map(|(number, subject)| Job {
                number: *number,
                subject,
                overlay: None,
            })
            .collect();
        let candidates = self.builder.build(CANDIDATE, true, &jobs)?;
        let ground = self.cache.as_ref().map(|_| self.ground());
        let mut targets = Vec::new();
        for ((number, subject), built) in wanted.into_iter().zip(candidates) {
            match built {
                Built::Binary(binary) => {
                    targets.push(self.target(number, subject, binary, ground.as_deref())?);
                }
                Built::Failed(log) => {
                    let output = output::build_failed(&log, &subject.package);
                    self.notes
                        .logs
                        .push((CANDIDATE, subject.package.clone(), log));
                    self.broken.push(output);
                }
            }
        }
        notify(Event::Step("building the baseline"));
        let kept = self.kept(&targets);
        self.build_baselines(&mut targets, &kept)?;
        let mut left = Vec::new();
        for mut target in targets {
            let number = target.number;
            if self.cannot_differ(&mut target, kept.get(&number))? {
                self.identical(target.subject, IdenticalBy::Binaries);
            } else {
                self.note_doubled(target.subject);
                left.push(target);
            }
        }
        Ok((left, kept))
    }

    /// Notes benchmarks of one name in a package and in the one beside it: nobody can tell their figures
    /// apart.
    fn note_doubled(&mut self, subject: &Subject) {
        let names = subject.sides[CANDIDATE]
            .iter()
            .flat_map(|tests| &tests.doubled);
        let why = "two benchmarks bear this name, one of them in the external test package";
        let unmeasured = names.map(|name| Unmeasured {
            which: Named {
                package: subject.package.clone(),
                benchmark: name.clone(),
            },
            why: why.to_owned(),
        });
        self.circumstances.unmeasured.extend(unmeasured);
    }

    /// Whether the change touches the policy and that has a ceiling for a package: what did not change
    /// may exceed it now.
    fn has_new_budget(&self, subject: &Subject) -> bool {
        self.trees.changes.touch_name(policy::FILE_NAME)
            && self.options.budgeted.iter().any(|scope| {
                let package = scope.package.as_ref();
                let benchmark = scope.benchmark.as_ref();
                package.is_none_or(|pattern| pattern.matches_package(&subject.package))
                    && benchmark.is_none_or(|pattern| {
                        let functions = subject.benchmarks(CANDIDATE);
                        pattern.to_string().contains('/')
                            || functions.iter().any(|name| pattern.matches_benchmark(name))
                    })
            })
    }

    fn identical(&mut self, subject: &Subject, by: IdenticalBy) {
        self.circumstances.identical.push(Identical {
            package: subject.package.clone(),
            benchmarks: subject.benchmarks(CANDIDATE).len(),
            by,
        });
    }

    fn target(
        &mut self,
        number: usize,
        subject: &'a Subject,
        candidate: PathBuf,
        ground: Option<&str>,
    ) -> Result<Target<'a>, RunError> {
        let roots = &self.trees.roots;
        let changes = &self.trees.changes;
        let folders = [BASELINE, CANDIDATE].map(|side| subject.folder(side));
        let tests_differ =
            folders[0] != folders[1] || changes.touch_tests_in(subject.folder(CANDIDATE));
        let overlay = if tests_differ {
            let into = self.builder.folder.join(format!("overlay-{number:04}"));
            Overlay::fit(subject, BASELINE, roots, &self.builder.go[BASELINE], &into)?
        } else {
            None
        };
        let mut target = Target {
            number,
            subject,
            folders: [BASELINE, CANDIDATE].map(|side| roots[side].join(folders[side])),
            candidate,
            overlay,
            old_benchmarks: None,
            binaries: BTreeMap::new(),
            trimpath: true,
            test_data: changes
                .test_data()
                .any(|path| path.starts_with(folders[CANDIDATE])),
            reads: None,
            changed: if tests_differ {
                ruler::changed(subject)
            } else {
                BTreeSet::new()
            },
            batches: Vec::new(),
            key: None,
        };
        // What is kept holds for one tree: with anything outside of it, it does not.
        let whole = !self.trees.outside && subject.sides[BASELINE].is_some();
        target.key = ground
            .filter(|_| whole)
            .map(|ground| Self::key(ground, &target));
        Ok(target)
    }

    /// What decides the figures of every package of the baseline; all keys of a run share it.
    fn ground(&self) -> String {
        // Test data is the candidate's.
        let changes = &self.trees.changes;
        let data = changes.test_data_digest(&self.trees.roots[CANDIDATE]);
        let go = &self.environments[BASELINE];
        let environment = [
            &go.goversion,
            &go.goos,
            &go.goarch,
            &go.goflags,
            &go.goexperiment,
            &go.cgo_enabled,
            &go.cgo_cflags,
            &go.cgo_cppflags,
            &go.goamd64,
            &go.goarm64,
        ]
        .map(String::as_str);
        let settings = self.settings();
        let machine = cache::machine();
        let parts = [self.trees.base_tree.as_str(), &settings, &data];
        let parts = parts.into_iter().chain(environment);
        cache::key(parts.chain(machine.iter().map(String::as_str)))
    }

    /// Where results of a package of the baseline are kept.
    fn key(ground: &str, target: &Target<'_>) -> String {
        let overlay = target.overlay.as_ref().map(Overlay::digest);
        let overlay = overlay.unwrap_or_default();
        cache::key([ground, &target.subject.package, &overlay])
    }

    fn kept(&self, targets: &[Target<'_>]) -> BTreeMap<usize, Entry> {
        let Some(cache) = &self.cache else {
            return BTreeMap::new();
        };
        let entry = |target: &Target<'_>| Some((target.number, cache.get(target.key.as_ref()?)?));
        targets.iter().filter_map(entry).collect()
    }

    /// Builds the baselines that nothing is kept of: with the candidate's benchmarks where that goes.
    fn build_baselines(
        &self,
        targets: &mut [Target<'a>],
        kept: &BTreeMap<usize, Entry>,
    ) -> Result<(), RunError> {
        let mut places = Vec::new();
        for (place, target) in targets.iter().enumerate() {
            if target.subject.sides[BASELINE].is_some() && !kept.contains_key(&target.number) {
                places.push(place);
            }
        }
        let jobs: Vec<Job<'_>> = places
            .iter()
            .map(|place| Job {
                number: targets[*place].number,
                subject: targets[*place].subject,
                overlay: targets[*place].overlay.as_ref(),
            })
            .collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let built = self.builder.build(BASELINE, true, &jobs)?;
        for (place, built) in places.into_iter().zip(built) {
            let target = &mut targets[place];
            target.binaries.insert(target.first_source(), built);
        }
        Ok(())
    }

    /// Whether both sides run the same binary on the same data. What of other data is read is noted.
    fn cannot_differ(
        &mut self,
        target: &mut Target<'_>,
        kept: Option<&Entry>,
    ) -> Result<bool, RunError> {
        // What is new, and what is held against a new ceiling, is measured in any case.
        if target.subject.sides[BASELINE].is_none() || self.has_new_budget(target.subject) {
            return Ok(false);
        }
        let baseline = match (kept, target.binaries.get(&target.first_source())) {
            (Some(entry), _) => Some(entry.binary.clone()),
            (None, Some(Built::Binary(binary))) => Some(digest(binary)?),
            (None, _) => None,
        };
        let same = Some(digest(&target.candidate)?) == baseline;
        let changes = &self.trees.changes;
        let folder = target.subject.folder(CANDIDATE);
        let mut data: Vec<&Path> = changes.data(target.subject.module()).collect();
        if same {
            // What is not compiled may be read.
            data.extend(changes.go_in(folder));
        }
        if data.is_empty() {
            return Ok(same);
        }
        Ok(match self.reads(target, &data)? {
            Reads::Nothing => same,
            Reads::Unknown => false,
            Reads::File(file) => {
                target.reads = Some(file);
                false
            }
        })
    }

    /// Which of these files the benchmarks of a package open, as the test binary's own log has it: what
    /// `go test` itself uses to know whether a cached result is still good.
    fn reads(&mut self, target: &Target<'_>, data: &[&Path]) -> Result<Reads, RunError> {
        let log = self.builder.folder.join("testlog.txt");
        let folder = &target.folders[CANDIDATE];
        let program = target.candidate_program();
        let functions = target.subject.benchmarks(CANDIDATE);
        self.processes += 1;
        let ran = self
            .executor
            .run(&program, functions, &Part::default(), "1x", Some(&log))?;
        let (Ran::Ended(finished), Ok(text)) = (ran, fs::read_to_string(&log)) else {
            return Ok(Reads::Unknown);
        };
        let root = &self.trees.roots[CANDIDATE];
        let differing: BTreeMap<PathBuf, &Path> =
            data.iter().map(|path| (root.join(path), *path)).collect();
        for line in text.lines() {
            let Some(("open" | "stat", path)) = line.split_once(' ') else {
                continue;
            };
            let path = folder.join(path);
            let path = path.canonicalize().unwrap_or(path);
            let listed = || differing.keys().find(|file| file.parent() == Some(&path));
            let key = differing
                .get_key_value(&path)
                .map(|(key, _)| key)
                .or_else(listed);
            if let Some(file) = key.and_then(|key| differing.get(key)) {
                return Ok(Reads::File(file.to_path_buf()));
            }
        }
        // Only if all of them ran, where they were started, is that all that they read.
        let printed = output::figures(&finished.output);
        let ran = |name: &String| {
            let of = |figure: &output::Figure| is_of(function_of(&figure.benchmark), name);
            printed.iter().any(of)
        };
        // What is read before the tests start is in no log: its name may be in the binary. (Those of Go
        // sources are, whatever they are for.)
        let binary = fs::read(&target.candidate).map_err(RunError::io(&target.candidate))?;
        let mut others = data
            .iter()
            .filter(|path| path.extension().is_none_or(|own| own != "go"));
        let named = others.any(|path| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            memchr::memmem::find(&binary, name).is_some()
        });
        let moved = text.lines().any(|line| line.starts_with("chdir "));
        Ok(
            if finished.succeeded() && !moved && !named && functions.iter().all(ran) {
                Reads::Nothing
            } else {
                Reads::Unknown
            },
        )
    }
}
