//! What a run leaves behind on request: the output of both sides, readable by benchstat, and a manifest
//! with what the figures do not tell. The parts of a run on several machines are joined from these.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Outcome, Shard};
use crate::gate::{Attributed, Circumstances, Located};

/// The baseline's output.
pub const BASELINE_FILE: &str = "baseline.txt";
/// The candidate's output.
pub const CANDIDATE_FILE: &str = "candidate.txt";
/// What the figures do not tell.
pub(super) const MANIFEST_FILE: &str = "run.json";
const VERSION: u32 = 1;

/// What a saved run is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// What was compared, the baseline first.
    pub names: [String; 2],
    /// The commit of the baseline.
    pub base_commit: String,
    /// A digest of the candidate's tree and of what was to be measured how: equal in all parts of a run.
    pub identity: String,
    /// Which part of the packages it is, if not all.
    pub shard: Option<Shard>,
    /// What is known besides the figures.
    pub circumstances: Circumstances,
    /// The candidate's benchmark functions, and where they are declared.
    #[serde(default)]
    pub functions: Vec<Located>,
    /// The lines that the rises are due to, as far as they were found.
    #[serde(default)]
    pub attributed: Vec<Attributed>,
}

/// Saved runs that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// A file.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A manifest that is none.
    #[error("{path}: not the manifest of a saved run: {error}")]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// Another version.
    #[error("{path}: saved by another version of allocgate; run it again")]
    Version {
        /// Which.
        path: PathBuf,
    },
    /// Parts of different runs.
    #[error(
        "{path}: a part of another run: its baseline is {found}, that of the first part {expected}"
    )]
    Mixed {
        /// Which.
        path: PathBuf,
        /// Its baseline.
        found: String,
        /// The first part's.
        expected: String,
    },
    /// Parts of one base, and of different candidates or settings.
    #[error(
        "{path}: a part of another run: its candidate, or what was to be measured, is not that of the first part"
    )]
    Unlike {
        /// Which.
        path: PathBuf,
    },
    /// The same part twice.
    #[error("{path}: part {shard} is given twice")]
    Twice {
        /// Which.
        path: PathBuf,
        /// The part.
        shard: String,
    },
    /// Parts that are not there.
    #[error("of {count} parts {missing} is missing: without it there is no verdict")]
    Missing {
        /// Which.
        missing: String,
        /// Of how many.
        count: usize,
    },
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> SaveError {
    let path = path.to_owned();
    |error| SaveError::Io { path, error }
}

/// Writes a run into a folder, which is made.
///
/// # Errors
///
/// If a file cannot be written.
pub fn save(outcome: &Outcome, shard: Option<Shard>, folder: &Path) -> Result<(), SaveError> {
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let manifest = Manifest {
        version: VERSION,
        names: outcome.names.clone(),
        base_commit: outcome.base_commit.clone(),
        identity: outcome.identity.clone(),
        shard,
        circumstances: outcome.measured.circumstances.clone(),
        functions: outcome.functions.clone(),
        attributed: outcome.attributed.clone(),
    };
    let path = folder.join(MANIFEST_FILE);
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|error| SaveError::Manifest {
        path: path.clone(),
        error,
    })?;
    text.push(b'\n');
    let [baseline, candidate] = &outcome.measured.outputs;
    let files = [
        (BASELINE_FILE, baseline),
        (CANDIDATE_FILE, candidate),
        (MANIFEST_FILE, &text),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(failed(&path))?;
    }
    Ok(())
}

/// Reads the manifest of a saved run.
///
/// # Errors
///
/// If there is none, or it cannot be read.
pub fn read_manifest(folder: &Path) -> Result<Manifest, SaveError> {
    let path = folder.join(MANIFEST_FILE);
    let text = fs::read(&path).map_err(failed(&path))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| SaveError::Manifest {
            path: path.clone(),
            error,
        })?;
    if manifest.version != VERSION {
        return Err(SaveError::Version { path });
    }
    Ok(manifest)
}

/// Joins the parts of one run: all of them, each once.
///
/// # Errors
///
/// If one is missing, given twice, or of another run.
pub fn join(parts: Vec<(PathBuf, Manifest)>) -> Result<Option<Manifest>, SaveError> {
    let mut parts = parts.into_iter();
    let Some((_, mut joined)) = parts.next() else {
        return Ok(None);
    };
    let count = joined.shard.map_or(1, |shard| shard.count);
    let mut seen: BTreeSet<usize> = [joined.shard.map_or(1, |shard| shard.index)].into();
    for (path, part) in parts {
        let shard = part.shard.unwrap_or(Shard { index: 1, count: 1 });
        if part.base_commit != joined.base_commit || shard.count != count {
            return Err(SaveError::Mixed {
                path,
                found: format!("{} in {} parts", part.base_commit, shard.count),
                expected: format!("{} in {count} parts", joined.base_commit),
            });
        }
        if !seen.insert(shard.index) {
            return Err(SaveError::Twice {
                path,
                shard: shard.to_string(),
            });
        }
        if part.identity != joined.identity {
            return Err(SaveError::Unlike { path });
        }
        joined.circumstances.join(part.circumstances);
        joined.functions.extend(part.functions);
        joined.attributed.extend(part.attributed);
    }
    let missing: Vec<String> = (1..=count)
        .filter(|index| !seen.contains(index))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        return Err(SaveError::Missing {
            missing: missing.join(", "),
            count,
        });
    }
    joined.shard = None;
    Ok(Some(joined))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn part(index: usize, count: usize, base: &str) -> (PathBuf, Manifest) {
        let manifest = Manifest {
            version: VERSION,
            names: ["base".to_owned(), "head".to_owned()],
            base_commit: base.to_owned(),
            identity: "same".to_owned(),
            shard: Some(Shard { index, count }),
            circumstances: Circumstances {
                remarks: vec![index.to_string()],
                ..Circumstances::default()
            },
            functions: Vec::new(),
            attributed: Vec::new(),
        };
        (PathBuf::from(index.to_string()), manifest)
    }

    #[test]
    fn parts_make_a_whole_only_together() {
        let whole = join(vec![part(2, 2, "a"), part(1, 2, "a")])
            .unwrap()
            .unwrap();
        assert_eq!(
            (whole.shard, whole.circumstances.remarks),
            (None, vec!["2".to_owned(), "1".to_owned()])
        );
        let error = |parts| join(parts).unwrap_err().to_string();
        assert!(error(vec![part(2, 3, "a")]).contains("1, 3 is missing"));
        assert!(error(vec![part(1, 2, "a"), part(1, 2, "a")]).contains("twice"));
        assert!(error(vec![part(1, 2, "a"), part(2, 2, "b")]).contains("another run"));
        assert!(error(vec![part(1, 2, "a"), part(2, 3, "a")]).contains("another run"));
        let (path, mut other) = part(2, 2, "a");
        other.identity = "other".to_owned();
        assert!(error(vec![part(1, 2, "a"), (path, other)]).contains("candidate"));
        assert!(join(Vec::new()).unwrap().is_none());
    }
}
