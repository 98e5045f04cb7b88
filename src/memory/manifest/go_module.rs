//! `go.mod`: whether the program is built with a module that sets GOMEMLIMIT by the limit of its
//! container.

use super::Place;
use super::variable::{Variable, set_to, unknown};
use crate::memory::declared::Declared;

/// The paths of the module, the old and the new one.
const PATHS: [&str; 2] = [
    "github.com/KimMachineGun/automemlimit",
    "go.uber.org/automemlimit",
];

/// The module among the requirements; its text is the version.
pub(super) fn automemlimit(place: Place<'_>, text: &str) -> Variable {
    let mut found = Declared::Absent;
    let mut block = false;
    for (number, line) in (1..).zip(text.lines()) {
        let (line, comment) = line.split_once("//").unwrap_or((line, ""));
        let line = line.trim();
        let required = if block {
            block = line != ")";
            Some(line)
        } else {
            let required = line.strip_prefix("require");
            block = required.is_some_and(|rest| rest.trim_start().starts_with('('));
            required.filter(|rest| rest.starts_with([' ', '\t']))
        };
        let mut words = required.into_iter().flat_map(str::split_whitespace);
        let Some(path) = words.next().map(|path| path.trim_matches(['"', '`'])) else {
            continue;
        };
        if PATHS.contains(&path) {
            let indirect = comment.trim_start().starts_with("indirect");
            if !indirect {
                let version = words.next().unwrap_or_default();
                return set_to(path.to_owned(), version, place.at(number));
            }
            let why = format!(
                "`{path}` is required only indirectly; whether the program imports it is not known"
            );
            found = unknown(why, place.at(number));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements() {
        let of = |text| automemlimit(Place("go.mod"), text);
        let direct =
            |path: &str, version, line| set_to(path.to_owned(), version, format!("go.mod:{line}"));
        for text in [
            "module a\nrequire github.com/KimMachineGun/automemlimit v0.7.0\n",
            "module a\nrequire \"github.com/KimMachineGun/automemlimit\" v0.7.0 // why\n",
        ] {
            assert_eq!(of(text), direct(PATHS[0], "v0.7.0", 2), "{text}");
        }
        let block = "require (\r\n\tb v1\r\n\tgo.uber.org/automemlimit v1\r\n)\r\n";
        assert_eq!(of(block), direct(PATHS[1], "v1", 3));
        let indirect = "require(\n\tgo.uber.org/automemlimit v1 // indirect\n)\n";
        assert!(matches!(of(indirect), Declared::Unknown { at, .. } if at == "go.mod:2"));
        for text in [
            "",
            "module go.uber.org/automemlimit\n",
            "// require go.uber.org/automemlimit v1\n",
            "require (\n)\nexclude go.uber.org/automemlimit v1\n",
            "require go.uber.org/automemlimits v1\n",
            "replace (\n\tgo.uber.org/automemlimit => ../x\n)\n",
            "require (",
            "require",
        ] {
            assert_eq!(of(text), Declared::Absent, "{text}");
        }
    }
}
