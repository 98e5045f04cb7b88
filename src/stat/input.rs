//! What the user named: paths, and the labels under which their results stand (`.file`).

use rustc_hash::FxHashMap;

use crate::parse::{self, OpenError};

/// An input: its path, and its name in tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The value of `.file`; none if it is empty.
    pub label: String,
    /// Path, or `-` for standard input.
    pub path: String,
}

impl Input {
    /// Reads `path`, `label=path` or a pattern of either. A path that is given several times without
    /// a label gets `#0`, `#1`, … behind it, as benchstat numbers them.
    ///
    /// # Errors
    ///
    /// If a pattern matches nothing, or standard input is named twice.
    pub fn parse_all(arguments: &[String]) -> Result<Vec<Input>, OpenError> {
        let mut inputs = Vec::new();
        let mut unlabelled: FxHashMap<String, usize> = FxHashMap::default();
        for argument in arguments {
            let (label, path) = match argument.split_once('=') {
                Some((label, path)) => (Some(label), path),
                None => (None, argument.as_str()),
            };
            for path in parse::expand(&[path.to_owned()])? {
                if label.is_none() {
                    *unlabelled.entry(path.clone()).or_default() += 1;
                }
                inputs.push((label, path));
            }
        }
        if inputs.iter().filter(|(_, path)| path == "-").count() > 1 {
            return Err(OpenError::StdinTwice);
        }
        let mut numbers: FxHashMap<String, usize> = FxHashMap::default();
        let label = |(label, path): (Option<&str>, String)| {
            let label = match label {
                Some(label) => label.to_owned(),
                None if unlabelled.get(&path) == Some(&1) => path.clone(),
                None => {
                    let number = numbers.entry(path.clone()).or_default();
                    *number += 1;
                    format!("{path}#{}", *number - 1)
                }
            };
            Input { label, path }
        };
        Ok(inputs.into_iter().map(label).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Vec<(String, String)> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let inputs = Input::parse_all(&arguments).unwrap();
        inputs.into_iter().map(|i| (i.label, i.path)).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter()
            .map(|(label, path)| (label.to_string(), path.to_string()))
            .collect()
    }

    #[test]
    fn labels_are_benchstats() {
        assert_eq!(
            parsed(&["old.txt", "N=new.txt", "a=b=c", "=x", "O=-"]),
            pairs(&[
                ("old.txt", "old.txt"),
                ("N", "new.txt"),
                ("a", "b=c"),
                ("", "x"),
                ("O", "-")
            ])
        );
        // A labelled path counts for nothing, and a number for any path that comes again.
        assert_eq!(
            parsed(&["a", "a", "L=a", "b", "L=b", "c", "L=c", "a"]),
            pairs(&[
                ("a#0", "a"),
                ("a#1", "a"),
                ("L", "a"),
                ("b", "b"),
                ("L", "b"),
                ("c", "c"),
                ("L", "c"),
                ("a#2", "a")
            ])
        );
    }

    #[test]
    fn patterns_are_expanded_where_no_file_has_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["1.txt", "2.txt", "[x].txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(
            parsed(&[&path("?.txt")]),
            [
                (path("1.txt"), path("1.txt")),
                (path("2.txt"), path("2.txt"))
            ]
        );
        assert_eq!(parsed(&[&format!("L={}", path("?.txt"))]).len(), 2);
        assert_eq!(parsed(&[&path("[x].txt")])[0].0, path("[x].txt"));
        assert!(Input::parse_all(&[path("*.gz")]).is_err());
        assert!(Input::parse_all(&["-".to_owned(), "A=-".to_owned()]).is_err());
    }
}
