//! What base commits measured, kept by everything that decides it.
//!
//! A kept result is only ever used to find that nothing has changed: where a figure differs from it,
//! both sides are measured anew, side by side. Entries are replaced as a whole, and one that cannot be
//! read is as good as none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::batch::Part;
use super::ruler::hex;

/// Entries that were not used for so long are removed.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Changes whenever entries mean something else.
const VERSION: &str = "1";

/// A folder of results.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// What is known of a package of the baseline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The digest of its test binary.
    pub(super) binary: String,
    /// What was measured.
    pub(super) batches: Vec<KeptBatch>,
}

/// Benchmarks that ran together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptBatch {
    pub(super) functions: Vec<String>,
    pub(super) part: Part,
    pub(super) benchtime: String,
    /// What each process printed.
    pub(super) outputs: Vec<String>,
}

impl Cache {
    /// Opens a folder, made when something is kept, and removes what is too old.
    pub(super) fn open(folder: &Path) -> Cache {
        let old = SystemTime::now().checked_sub(LIFETIME);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let modified = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok();
            let ours = entry.file_name().to_string_lossy().ends_with(".json");
            if ours
                && modified
                    .zip(old)
                    .is_some_and(|(modified, old)| modified < old)
            {
                let _ = fs::remove_file(entry.path());
            }
        }
        Cache {
            folder: folder.to_owned(),
        }
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// What is kept under a key.
    pub(super) fn get(&self, key: &str) -> Option<Entry> {
        let file = fs::File::options().read(true).open(self.file(key)).ok()?;
        // It is of use: it stays.
        let _ = file.set_modified(SystemTime::now());
        serde_json::from_reader(std::io::BufReader::new(file)).ok()
    }

    /// Keeps an entry, if that is possible: a run does not fail for want of a cache.
    pub(super) fn put(&self, key: &str, entry: &Entry) {
        let put = || -> Option<()> {
            fs::create_dir_all(&self.folder).ok()?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder).ok()?;
            serde_json::to_writer(&mut file, entry).ok()?;
            file.flush().ok()?;
            file.persist(self.file(key)).ok()?;
            Some(())
        };
        let _ = put();
    }
}

/// The key of what all these decide.
pub(super) fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in [VERSION, env!("CARGO_PKG_VERSION")]
        .into_iter()
        .chain(parts)
    {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// What of this machine and its environment decides how much a program allocates.
pub(super) fn machine() -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find(|line| line.starts_with("model name"))
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts = vec![
        std::env::consts::OS.to_owned(),
        std::env::consts::ARCH.to_owned(),
        cores.to_string(),
        model.to_owned(),
        kernel,
    ];
    // Whatever a benchmark may read of the environment, but for what tells sessions apart.
    let mut variables: Vec<String> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            let session = [
                "_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "WINDOWID", "TMPDIR",
            ];
            let sessions = [
                "TERM",
                "SSH_",
                "XDG_SESSION",
                "GITHUB_",
                "RUNNER_",
                "ALLOCGATE_",
            ];
            !session.iter().any(|own| name == *own)
                && !sessions.iter().any(|start| name.starts_with(start))
        })
        .map(|(name, value)| format!("{}={}", name.display(), value.display()))
        .collect();
    variables.sort();
    parts.extend(variables);
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_and_broken_ones_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("new"));
        let one = key(["a", "bc"]);
        assert_ne!(one, key(["ab", "c"]));
        assert_eq!(cache.get(&one), None);
        let entry = Entry {
            binary: "00".to_owned(),
            batches: vec![KeptBatch {
                functions: vec!["BenchmarkX".to_owned()],
                part: Part::default(),
                benchtime: "100x".to_owned(),
                outputs: vec!["ok\n".to_owned()],
            }],
        };
        cache.put(&one, &entry);
        assert_eq!(cache.get(&one), Some(entry));
        fs::write(cache.file(&one), "{\"binary\":").unwrap();
        assert_eq!(cache.get(&one), None);
    }

    #[test]
    fn what_is_old_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (old, other) = (folder.path().join("old.json"), folder.path().join("other"));
        for file in [&old, &other] {
            let file = fs::File::create(file).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        Cache::open(folder.path());
        assert!(!old.exists() && other.exists());
    }
}
