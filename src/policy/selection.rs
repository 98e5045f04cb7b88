//! Filters in scopes: the language of `allocgate stat` and `check --filter`, asked of a row.
//!
//! A row is no line of output: it has no file, and of the configuration only what tells rows apart.
//! What no row can answer is refused when the policy is read. Whether another key tells rows apart,
//! only the run shows: a row without a value of it is not selected, whatever the filter says of it, so
//! that a rule which asks for more than there is applies to nothing, and is reported.

use std::fmt;
use std::sync::Arc;

use crate::benchmark::KeyRef;
use crate::query::{Filter, Subject, UnitNames};
use crate::unit::Unit;

/// A filter of rows.
#[derive(Clone, Debug)]
pub struct Selection {
    source: String,
    filter: Arc<Filter>,
    /// The configuration keys that it asks for, besides the package.
    config: Vec<String>,
}

impl Selection {
    /// Reads a filter. `ignored` are the configuration keys that never tell rows apart.
    ///
    /// # Errors
    ///
    /// If it is none, or asks for what no row has.
    pub fn new(source: &str, ignored: &[String]) -> Result<Self, String> {
        let filter = Filter::parse(source).map_err(|error| error.to_string())?;
        let mut config = Vec::new();
        for key in filter.keys() {
            let key = String::from_utf8_lossy(key);
            let refused = |why: &str| Err(format!("a row has no `{}`: {why}", key.escape_debug()));
            match &*key {
                ".name" | ".fullname" | ".unit" | "pkg" => {}
                part if part.starts_with('/') => {}
                ".file" => return refused("it is what several files say"),
                other if other.starts_with('.') => {
                    return refused("the keys of rows are .name, .fullname, .unit, pkg and /…");
                }
                "cpu" => return refused("it describes the machine and tells no rows apart"),
                other if ignored.iter().any(|key| key == other) => {
                    return refused("it is one of `ignore-keys`");
                }
                other => config.push(other.to_owned()),
            }
        }
        Ok(Selection {
            source: source.to_owned(),
            filter: Arc::new(filter),
            config,
        })
    }

    /// Whether a row is selected.
    pub fn contains(&self, key: KeyRef<'_>, unit: &Unit) -> bool {
        let has = |name: &String| key.config.iter().any(|(own, _)| own == name);
        let printed = printed(unit);
        let units = UnitNames {
            unit: unit.as_str().as_bytes(),
            printed: printed.as_deref().map(str::as_bytes),
        };
        let full_name = key.name_with_procs();
        let full_name = full_name.strip_prefix("Benchmark").unwrap_or(&full_name);
        self.config.iter().all(has) && self.filter.matches(&Row { key, full_name }, units)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// The unit as Go prints it: rows have the tidied one alone.
fn printed(unit: &Unit) -> Option<String> {
    match unit.as_str() {
        "B/s" => Some("MB/s".to_owned()),
        unit if unit.contains("sec") => Some(unit.replacen("sec", "ns", 1)),
        _ => None,
    }
}

/// A row as filters see it.
struct Row<'a> {
    key: KeyRef<'a>,
    full_name: &'a str,
}

impl Subject for Row<'_> {
    fn full_name(&self) -> &[u8] {
        self.full_name.as_bytes()
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        if key == "pkg" {
            return Some(self.key.package.as_bytes());
        }
        let mut config = self.key.config.iter();
        let setting = config.find(|(name, _)| name == key);
        setting.map(|(_, value)| value.as_bytes())
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        visit(b"pkg", self.key.package.as_bytes());
        for (name, value) in self.key.config {
            visit(name.as_bytes(), value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Key;

    #[test]
    fn rows_are_selected_by_what_they_are() {
        let key = Key {
            package: "example.com/a".to_owned(),
            benchmark: "BenchmarkSort/n=1k".to_owned(),
            procs: Some(8),
            config: vec![("note".to_owned(), "x".to_owned())],
        };
        for (filter, expected) in [
            ("*", true),
            (".name:Sort", true),
            (".fullname:\"Sort/n=1k-8\"", true),
            ("/n:(1k OR 2k) /gomaxprocs:8", true),
            ("-/n:1k", false),
            ("pkg:/^example/", true),
            (".unit:ns/op", true),
            (".unit:sec/op", true),
            (".unit:B/op", false),
            ("note:x", true),
            ("-note:y", true),
            // Of what a row does not have, nothing is known.
            ("goos:linux", false),
            ("-goos:linux", false),
            ("goos:linux OR .name:Sort", false),
        ] {
            let selection = Selection::new(filter, &[]).unwrap();
            let contains = selection.contains(key.as_ref(), &Unit::new("ns/op"));
            assert_eq!(contains, expected, "{filter}");
        }
    }

    #[test]
    fn what_no_row_answers_is_refused() {
        for (filter, message) in [
            (
                ".file:x",
                "a row has no `.file`: it is what several files say",
            ),
            (
                ".label:x",
                "a row has no `.label`: the keys of rows are .name, .fullname, .unit, pkg and /…",
            ),
            (
                ".name:a OR cpu:x",
                "a row has no `cpu`: it describes the machine and tells no rows apart",
            ),
            (
                "took:5ms",
                "a row has no `took`: it is one of `ignore-keys`",
            ),
            (
                "a:(b",
                "syntax error: value list must be separated by OR\n\ta:(b\n\t    ^",
            ),
        ] {
            let error = Selection::new(filter, &["took".to_owned()]).unwrap_err();
            assert_eq!(error, message);
        }
    }
}
