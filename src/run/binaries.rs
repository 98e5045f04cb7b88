//! Test binaries of both sides, and which of them are the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::RunError;
use super::packages::{Scope, Subject};
use super::ruler::{self, Overlay, hex};
use crate::golang::{Build, Built, Go};

/// Builds the test binaries of a run.
pub(super) struct Builder<'a> {
    pub(super) roots: &'a [PathBuf; 2],
    pub(super) go: &'a [Go; 2],
    /// Where binaries and overlays go.
    pub(super) folder: &'a Path,
}

/// What is to be built.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    /// Names the binary.
    pub(super) number: usize,
    pub(super) subject: &'a Subject,
    pub(super) overlay: Option<&'a Overlay>,
}

impl Builder<'_> {
    /// Builds on one side, as few go commands as there are scopes. In the order of the jobs.
    pub(super) fn build(
        &self,
        side: usize,
        trimpath: bool,
        jobs: &[Job<'_>],
    ) -> Result<Vec<Built>, RunError> {
        // Folders of one length, so that no path of a binary is longer than the other's.
        let into = self
            .folder
            .join(format!("{}{}", side + 1, if trimpath { "t" } else { "p" }));
        fs::create_dir_all(&into).map_err(RunError::io(&into))?;
        let mut scopes: BTreeMap<(&Path, bool), Vec<(usize, &Scope)>> = BTreeMap::new();
        for (place, job) in jobs.iter().enumerate() {
            let Some(tests) = job.subject.side(side) else {
                continue;
            };
            let key = (tests.scope.folder.as_path(), job.overlay.is_some());
            scopes.entry(key).or_default().push((place, &tests.scope));
        }
        let mut built: Vec<Option<Built>> = vec![None; jobs.len()];
        for ((folder, overlaid), places) in scopes {
            let module = self.roots[side].join(folder);
            let overlay = into.join("overlay.json");
            if overlaid {
                let all = places.iter().filter_map(|(place, _)| jobs[*place].overlay);
                let all = all
                    .flat_map(|overlay| overlay.replacements.clone())
                    .collect();
                ruler::write(&overlay, &all)?;
            }
            let build = Build {
                module: &module,
                trimpath,
                overlay: overlaid.then_some(overlay.as_path()),
                // What is built with an overlay must not take the place of what is built without.
                into: &into.join(if overlaid { "o" } else { "s" }),
            };
            fs::create_dir_all(build.into).map_err(RunError::io(build.into))?;
            let go = places[0].1.go(&self.go[side]);
            let packages: Vec<(usize, &str)> = places
                .iter()
                .map(|(place, _)| (jobs[*place].number, jobs[*place].subject.package.as_str()))
                .collect();
            for ((place, _), one) in places.iter().zip(build.all(&go, &packages)?) {
                built[*place] = Some(one);
            }
        }
        Ok(built
            .into_iter()
            .map(|one| one.unwrap_or(Built::Failed(String::new())))
            .collect())
    }
}

/// The SHA-256 digest of a file, in hexadecimal digits.
pub(super) fn digest(path: &Path) -> Result<String, RunError> {
    let read = || -> io::Result<String> {
        let mut hasher = Sha256::new();
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hex(&hasher.finalize())),
                count => hasher.update(&buffer[..count]),
            }
        }
    };
    read().map_err(RunError::io(path))
}
