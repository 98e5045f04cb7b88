//! Small files that the kernel fills: one number, or names and numbers one a line.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::bounded;

/// More than any such file holds: a directory of other things is not read into memory.
const LARGEST: u64 = 4 << 20;

/// What is wrong with a file of the kernel.
#[derive(Debug, thiserror::Error)]
pub enum KernelFileError {
    /// It is there, and cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no such file.
    #[error("{} is larger than {} MiB, which no such file of the kernel is", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    /// A line is not what the kernel writes.
    #[error("{}:{line}: `{found}` is not {expected}", path.display())]
    Garbage {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is there.
        found: String,
        /// What should be.
        expected: &'static str,
    },
}

/// A file and what was in it.
#[derive(Debug)]
pub(super) struct KernelFile {
    path: PathBuf,
    text: String,
}

impl KernelFile {
    /// Reads a file; `None` if there is none.
    pub(super) fn read(path: PathBuf) -> Result<Option<Self>, KernelFileError> {
        match File::open(&path).and_then(|file| bounded::read(file, LARGEST)) {
            Ok(None) => Err(KernelFileError::TooLarge(path)),
            Ok(Some(bytes)) => Ok(Some(KernelFile {
                path,
                text: String::from_utf8_lossy(&bytes).into_owned(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KernelFileError::Read { path, source }),
        }
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The only number, or `max`: no bound.
    pub(super) fn number(&self) -> Result<f64, KernelFileError> {
        match self.text.trim() {
            "max" => Ok(f64::INFINITY),
            text => text
                .parse::<u64>()
                .map(|number| number as f64)
                .map_err(|_| self.garbage(1, text, "a number of bytes or `max`")),
        }
    }

    /// The number after a name; of kilobytes, the bytes. `None` if the name is not there.
    pub(super) fn get(&self, name: &str) -> Result<Option<f64>, KernelFileError> {
        let Some((line, value)) = find(&self.text, name) else {
            return Ok(None);
        };
        let (digits, scale) = match value.strip_suffix("kB") {
            Some(digits) => (digits.trim_end(), 1024.0),
            None => (value, 1.0),
        };
        match digits.parse::<u64>() {
            Ok(number) => Ok(Some(number as f64 * scale)),
            Err(_) => Err(self.garbage(line, value, "a number")),
        }
    }

    fn garbage(&self, line: usize, found: &str, expected: &'static str) -> KernelFileError {
        KernelFileError::Garbage {
            path: self.path.clone(),
            line,
            found: found.chars().take(64).collect(),
            expected,
        }
    }
}

/// The rest of the line that starts with a name, and which line it is.
pub(in crate::memory) fn find<'a>(text: &'a str, name: &str) -> Option<(usize, &'a str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let rest = line.strip_prefix(name)?;
        let value = rest.strip_prefix(':').unwrap_or(rest);
        value
            .starts_with([' ', '\t'])
            .then(|| (index + 1, value.trim()))
    })
}

/// Reads a file of one number; `None` if there is none.
pub(super) fn number(path: &Path) -> Result<Option<f64>, KernelFileError> {
    KernelFile::read(path.to_owned())?
        .map(|file| file.number())
        .transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_their_whole_name() {
        let file = KernelFile {
            path: PathBuf::from("status"),
            text: "Name:\tx y\nRssAnon:\t   12 kB\nanon 5\nanon_thp 7\nfile x\n".to_owned(),
        };
        assert_eq!(file.get("anon").unwrap(), Some(5.0));
        assert_eq!(file.get("RssAnon").unwrap(), Some(12.0 * 1024.0));
        assert_eq!(file.get("Rss").unwrap(), None);
        let error = file.get("file").unwrap_err().to_string();
        assert_eq!(error, "status:5: `x` is not a number");
        assert_eq!(find(&file.text, "Name"), Some((1, "x y")));
    }

    #[test]
    fn what_is_no_file_of_the_kernel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.max");
        assert!(number(&path).unwrap().is_none());
        std::fs::write(&path, "max\n").unwrap();
        assert_eq!(number(&path).unwrap(), Some(f64::INFINITY));
        std::fs::write(&path, "-1\n").unwrap();
        let error = number(&path).unwrap_err().to_string();
        assert!(
            error.contains("memory.max:1: `-1` is not a number of bytes"),
            "{error}"
        );
        std::fs::write(&path, vec![b'1'; LARGEST as usize + 1]).unwrap();
        assert!(matches!(number(&path), Err(KernelFileError::TooLarge(_))));
    }
}
