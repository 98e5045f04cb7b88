//! The two trees that are compared, copied side by side: `1` holds the baseline's, `2` the candidate's,
//! each at the path that the repository has on this machine, so that whatever the modules name by a
//! relative path outside the repository is found beside them (as symbolic links to the real folders).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::changes::Changes;
use super::error::RunError;
use super::options::Options;
use super::saved::{BASELINE_FILE, CANDIDATE_FILE, MANIFEST_FILE};
use crate::git::{Commit, Repository, copy, lies_behind_link, link};
use crate::github::Event;
use crate::golang::{Environment, Go, find_modules, local_targets};
use crate::process::{self, Bounds, Errors, Interrupt};

/// The names of the sides' folders: equally long, so that no path of one is longer.
const FOLDERS: [&str; 2] = ["1", "2"];

/// Both sides of a comparison, the baseline first.
#[derive(Debug)]
pub(super) struct Trees {
    /// The roots of both trees.
    pub(super) roots: [PathBuf; 2],
    /// For people: `1a2b3c4d5e (merge base with main)`, `working tree`.
    pub(super) names: [String; 2],
    /// The name of the baseline's tree in git.
    pub(super) base_tree: String,
    /// The commit of the baseline.
    pub(super) base_commit: String,
    /// Where the user is, relative to the root.
    pub(super) here: PathBuf,
    /// What differs.
    pub(super) changes: Changes,
    /// Whether anything outside the repository is built with.
    pub(super) outside: bool,
    /// The workspace file in force, relative to the mirrored root of the file system.
    work: Option<PathBuf>,
    /// Whether the user has set GOWORK.
    work_is_set: bool,
    mirrors: [PathBuf; 2],
    /// What is to be said of them.
    pub(super) remarks: Vec<String>,
}

/// A commit and how it is called.
struct Chosen {
    commit: Commit,
    name: String,
}

impl Trees {
    /// Copies both sides into `into`.
    pub(super) fn make(
        options: &Options,
        go: &Go,
        into: &Path,
        interrupt: &Interrupt,
    ) -> Result<Trees, RunError> {
        let repository = Repository::discover(&options.here)?;
        let environment = go.environment(&options.here)?;
        let head = match &options.head {
            Some(revision) => Some(repository.resolve(revision)?),
            None => None,
        };
        let here = options
            .here
            .canonicalize()
            .map_err(RunError::io(&options.here))?;
        let root = match repository.work_tree() {
            Ok(root) => root,
            Err(_) if head.is_some() => here.clone(),
            Err(error) => return Err(error.into()),
        };
        let candidate = head.unwrap_or(repository.resolve("HEAD")?);
        let base = baseline(options, &repository, &candidate)?;

        let below = here.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
        let mirrors = FOLDERS.map(|folder| into.join(folder));
        let roots = [mirrored(&mirrors[0], &root), mirrored(&mirrors[1], &root)];
        for root in &roots {
            fs::create_dir_all(root).map_err(RunError::io(root))?;
        }
        let mut remarks = repository.check_out(&base.commit, &roots[0])?;
        let copied = match &head {
            Some(commit) => repository.check_out(commit, &roots[1])?,
            None => repository.copy_work_tree(&roots[1])?,
        };
        remarks.extend(copied);
        remarks.sort();
        remarks.dedup();
        if let Some(signal) = interrupt.signal() {
            return Err(RunError::Interrupted(signal));
        }
        leave_out_results(&roots, &root, &options.results);
        let changes = Changes::between(&roots[0], &roots[1], &below).map_err(RunError::io(into))?;
        let base_commit = base.commit;
        let candidate_name = match &options.head {
            Some(revision) => format!("{} ({revision})", candidate.short()),
            None => "working tree".to_owned(),
        };
        let mut trees = Trees {
            names: [base.name, candidate_name],
            base_tree: repository.tree_id(&base.commit)?,
            base_commit: base.commit.to_string(),
            here: below.clone(),
            roots,
            changes,
            outside: false,
            work: None,
            work_is_set: std::env::var_os("GOWORK").is_some_and(|value| !value.is_empty()),
            mirrors,
            remarks,
        };
        trees.mirror_surroundings(go, &environment, &root)?;
        if let Some(command) = &options.prepare {
            trees.prepare(command, options.timeout, interrupt)?;
            trees.changes = Changes::between(&trees.roots[0], &trees.roots[1], &below)
                .map_err(RunError::io(into))?;
        }
        if base_commit == candidate && trees.changes.is_empty() {
            let remark = "the baseline is the candidate's own commit: nothing was compared";
            trees.remarks.push(remark.to_owned());
        }
        Ok(trees)
    }

    /// Go as it is run on one side.
    pub(super) fn go(&self, side: usize, options: &Options, interrupt: &Interrupt) -> Go {
        let mut variables = Vec::new();
        if self.work_is_set
            && let Some(work) = &self.work
        {
            let file = self.mirrors[side].join(work);
            let value = if file.exists() {
                file.into_os_string()
            } else {
                "off".into()
            };
            variables.push(("GOWORK".to_owned(), value));
        }
        if let Some(digest) = self.changes.c_digest(&self.roots[side]) {
            // Go does not notice what C and assembly include from elsewhere, and would take what it has
            // built for the other side. With a definition of its own each side is built anew.
            let mut flags = std::env::var_os("CGO_CPPFLAGS").unwrap_or_default();
            flags.push(format!(" -DALLOCGATE_{}", &digest[..16]));
            variables.push(("CGO_CPPFLAGS".to_owned(), flags));
        }
        let temporary = self.mirrors[side].with_file_name("go");
        if fs::create_dir_all(&temporary).is_ok() {
            // What go leaves behind when it is killed goes with the rest.
            variables.push(("GOTMPDIR".to_owned(), temporary.into_os_string()));
        }
        Go {
            flags: options.build_flags.clone(),
            variables,
            patience: Duration::from_secs(3600).min(options.max_time.max(Duration::from_secs(60))),
            interrupt: interrupt.clone(),
        }
    }

    /// The modules that the workspace file of a side lists, as folders relative to the root; `None`
    /// without a workspace.
    pub(super) fn workspace(
        &self,
        side: usize,
        go: &Go,
    ) -> Result<Option<BTreeSet<PathBuf>>, RunError> {
        let Some(file) = self.work.as_ref().map(|work| self.mirrors[side].join(work)) else {
            return Ok(None);
        };
        if !file.exists() {
            return Ok(None);
        }
        let folder = file.parent().unwrap_or(&file).to_owned();
        let used = local_targets(go, &file)?;
        let used = used.iter().map(|target| normalized(&folder.join(target)));
        let inside =
            used.filter_map(|path| Some(path.strip_prefix(&self.roots[side]).ok()?.to_owned()));
        Ok(Some(inside.collect()))
    }

    /// Test data is part of the benchmarks: the baseline gets the candidate's.
    pub(super) fn share_test_data(&self) -> Result<(), RunError> {
        let behind_link = |path: &Path| self.roots.iter().any(|root| lies_behind_link(root, path));
        for path in self.changes.test_data().filter(|path| !behind_link(path)) {
            let [old, new] = [0, 1].map(|side: usize| self.roots[side].join(path));
            if let Ok(there) = old.symlink_metadata() {
                let removed = if there.is_dir() {
                    fs::remove_dir_all(&old)
                } else {
                    fs::remove_file(&old)
                };
                removed.map_err(RunError::io(&old))?;
            }
            copy(&new, &old)?;
        }
        Ok(())
    }

    /// Makes what lies outside the repository, and is named by relative paths, appear beside the copies.
    fn mirror_surroundings(
        &mut self,
        go: &Go,
        environment: &Environment,
        root: &Path,
    ) -> Result<(), RunError> {
        let mut named: BTreeSet<PathBuf> = BTreeSet::new();
        if !matches!(environment.gowork.as_str(), "" | "off") {
            let work = PathBuf::from(&environment.gowork);
            let work = work.canonicalize().unwrap_or(work);
            self.work = Some(relative_to_root(&work));
            let sum = work.with_extension("work.sum");
            for file in [&work, &sum].into_iter().filter(|file| file.is_file()) {
                // Where git knows it, a side has its own, or has none. Where git ignores it or it lies
                // outside, both have the one that there is.
                let copies = [0, 1].map(|side: usize| mirrored(&self.mirrors[side], file));
                if !copies.iter().any(|copy| copy.exists()) {
                    for to in &copies {
                        copy(file, to)?;
                    }
                    self.outside = true;
                }
            }
            let folder = work.parent().unwrap_or(&work).to_owned();
            let targets = local_targets(go, &work)?;
            named.extend(
                targets
                    .iter()
                    .map(|target| normalized(&folder.join(target))),
            );
        }
        for tree in &self.roots {
            for module in find_modules(tree, Path::new("")) {
                let file = tree.join(&module.folder).join("go.mod");
                let text = fs::read(&file).unwrap_or_default();
                if memchr::memmem::find(&text, b"=>").is_none() {
                    continue;
                }
                // One that go cannot read is told of when its packages are listed.
                let targets = local_targets(go, &file).unwrap_or_default();
                let folder = root.join(&module.folder);
                self.outside |= targets.iter().any(|target| {
                    Path::new(target).is_absolute() && !Path::new(target).starts_with(root)
                });
                named.extend(
                    targets
                        .iter()
                        .map(|target| normalized(&folder.join(target))),
                );
            }
        }
        for target in named
            .iter()
            .filter(|target| !target.starts_with(root) && target.is_dir())
        {
            for mirror in &self.mirrors {
                let to = mirrored(mirror, target);
                if to.symlink_metadata().is_ok() {
                    continue;
                }
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent).map_err(RunError::io(parent))?;
                }
                link(target, &to).map_err(RunError::io(&to))?;
                self.outside = true;
            }
        }
        Ok(())
    }

    fn prepare(
        &self,
        command: &str,
        time: Duration,
        interrupt: &Interrupt,
    ) -> Result<(), RunError> {
        for (root, side) in self.roots.iter().zip(["baseline", "candidate"]) {
            let folder = root.join(&self.here);
            let (shell, flag) = if cfg!(windows) {
                ("cmd", "/C")
            } else {
                ("sh", "-c")
            };
            let mut shell = Command::new(shell);
            shell
                .args([flag, command])
                .current_dir(&folder)
                .env("PWD", &folder);
            let bounds = Bounds {
                time,
                output: 1 << 20,
            };
            let finished = process::run(shell, Errors::WithOutput, bounds, interrupt)
                .map_err(RunError::io(&folder))?;
            if let Some(signal) = interrupt.signal() {
                return Err(RunError::Interrupted(signal));
            }
            if !finished.succeeded() {
                let text = finished.text();
                return Err(RunError::Prepare {
                    command: command.to_owned(),
                    side,
                    log: text.lines().last().unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The baseline: what the user names, what a CI says, or where the candidate left the default branch.
fn baseline(
    options: &Options,
    repository: &Repository,
    candidate: &Commit,
) -> Result<Chosen, RunError> {
    let since = |revision: &str| -> Result<Chosen, RunError> {
        let tip = repository.resolve(revision)?;
        let commit = repository.merge_base(&tip, candidate)?;
        let name = format!("{} (merge base with {revision})", commit.short());
        Ok(Chosen { commit, name })
    };
    match &options.base {
        Some(revision) if options.exact_base => {
            let commit = repository.resolve(revision)?;
            let name = format!("{} ({revision})", commit.short());
            Ok(Chosen { commit, name })
        }
        Some(revision) => since(revision),
        None => match Event::of_actions().filter(|_| options.head.is_none()) {
            Some(event) => baseline_of_event(&event, repository, candidate, since),
            None => since(&repository.default_branch().ok_or(RunError::NoBase)?),
        },
    }
}

/// The baseline that GitHub Actions names.
fn baseline_of_event(
    event: &Event,
    repository: &Repository,
    candidate: &Commit,
    since: impl Fn(&str) -> Result<Chosen, RunError>,
) -> Result<Chosen, RunError> {
    // Whatever is checked out, this is the commit that the event is about.
    let own = event.commit.as_deref() == Some(candidate.to_string().as_str());
    let merged = own
        && event.name.starts_with("pull_request")
        && event.reference.starts_with("refs/pull/")
        && event.reference.ends_with("/merge");
    if merged && let Some(commit) = repository.first_parent_of_merge(candidate) {
        // It merges the pull request into its base.
        let name = format!("{} (base of the pull request)", commit.short());
        return Ok(Chosen { commit, name });
    }
    let branch = event
        .base_branch
        .as_ref()
        .map(|branch| format!("origin/{branch}"));
    // Without a payload the branch says enough.
    let payload = event.payload.clone().unwrap_or_default();
    let pull = payload.pull_request.and_then(|pull| pull.base);
    let pull = pull.map(|base| base.sha);
    let group = payload.merge_group.map(|group| group.base_sha);
    let before = payload.before.filter(|_| event.name == "push");
    let before = before.filter(|before| before.bytes().any(|b| b != b'0'));
    let home = payload.repository.and_then(|home| home.default_branch);
    // A branch that was pushed anew, after a rebase, has left the commit before behind. It is compared as a new
    // branch is; of the default branch nothing else is left to compare with.
    let is_rewritten = before.is_some()
        && home
            .as_ref()
            .is_some_and(|home| event.reference != format!("refs/heads/{home}"));
    let named: Vec<String> = [branch, pull, group, before]
        .into_iter()
        .flatten()
        .collect();
    let (mut failed, mut itself) = (None, None);
    for revision in &named {
        match since(revision) {
            // The branch has it already: the pull request was merged since.
            Ok(chosen) if chosen.commit == *candidate => itself = itself.or(Some(chosen)),
            Ok(chosen) => return Ok(chosen),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if let Some(chosen) = itself {
        return Ok(chosen);
    }
    if repository.is_shallow() {
        let depth = if merged { 2 } else { 0 };
        return Err(RunError::Shallow { depth });
    }
    match failed {
        // Another base than the one that is named would be another comparison.
        Some(error) if !is_rewritten => Err(error),
        _ => {
            // What is checked out may be another repository, with another default branch.
            let told = home.map(|branch| format!("origin/{branch}"));
            let told = told.filter(|branch| repository.resolve(branch).is_ok());
            let branch = told.or_else(|| repository.default_branch());
            since(&branch.ok_or(RunError::NoBase)?)
        }
    }
}

/// Where a path lies in a mirror of the file system.
fn mirrored(mirror: &Path, path: &Path) -> PathBuf {
    mirror.join(relative_to_root(path))
}

fn relative_to_root(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect()
}

/// A path without `.` and `..`, by its words alone.
fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Takes what allocgate itself has written into the working tree out of the candidate: reports of this
/// run, and saved runs.
fn leave_out_results(roots: &[PathBuf; 2], root: &Path, results: &[PathBuf]) {
    let [baseline, candidate] = roots;
    let mut written: Vec<PathBuf> = results
        .iter()
        .filter_map(|path| Some(path.strip_prefix(root).ok()?.to_owned()))
        .collect();
    for entry in walkdir::WalkDir::new(candidate).into_iter().flatten() {
        let Some(folder) = entry
            .path()
            .parent()
            .filter(|_| entry.file_name() == MANIFEST_FILE)
        else {
            continue;
        };
        let files = [MANIFEST_FILE, BASELINE_FILE, CANDIDATE_FILE].map(|name| folder.join(name));
        if files.iter().all(|file| file.is_file())
            && let Ok(folder) = folder.strip_prefix(candidate)
        {
            written.extend(
                [MANIFEST_FILE, BASELINE_FILE, CANDIDATE_FILE].map(|name| folder.join(name)),
            );
        }
    }
    for path in written.iter().filter(|path| !baseline.join(path).exists()) {
        let _ = fs::remove_file(candidate.join(path));
    }
}
