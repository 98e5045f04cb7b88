//! What an iteration of a benchmark allocates, by the line of the program's own code that it does so at.

use std::collections::BTreeMap;

use super::decode::{Frame, Profile};
use super::name;

/// A line of the program's own code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The import path and the function, as the source has it.
    pub function: (String, String),
    /// The file as the binary has it.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// Objects of one size that one line allocates, itself or by what it calls of others' code.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// The innermost line that is the program's own; `None` if none is.
    pub site: Option<Site>,
    /// The functions of others that it calls to allocate, the innermost first.
    pub by: Vec<String>,
    /// Bytes of an object.
    pub size: i64,
    /// Objects an iteration.
    pub objects: f64,
}

/// What an iteration allocates, from the profiles of a process with few iterations and of one with that
/// many more: what a process does but once, set-up of the benchmark included, is in both.
pub fn per_iteration(
    few: &Profile,
    many: &Profile,
    more: f64,
    is_own: impl Fn(&Frame) -> bool,
) -> Vec<Allocation> {
    type Kind = (Option<Site>, Vec<String>, i64);
    let mut found: BTreeMap<Kind, i128> = BTreeMap::new();
    for (profile, sign) in [(few, -1), (many, 1)] {
        for sample in profile.samples.iter().filter(|sample| sample.objects > 0) {
            let own = sample.stack.iter().position(&is_own);
            let outer = own.unwrap_or(sample.stack.len());
            let by = sample.stack[..outer].iter();
            let by = by.map(|frame| frame.function.to_string()).collect();
            let site = own.map(|own| Site::of(&sample.stack[own..]));
            let size = sample.bytes / sample.objects;
            *found.entry((site, by, size)).or_default() += sign * i128::from(sample.objects);
        }
    }
    found
        .into_iter()
        .map(|((site, by, size), objects)| Allocation {
            site,
            by,
            size,
            objects: objects as f64 / more,
        })
        .collect()
}

impl Site {
    /// The innermost line of a stack.
    fn of(stack: &[Frame]) -> Self {
        let frame = &stack[0];
        let outer = stack[1..].iter().map(|frame| &*frame.function);
        let names = outer.map(name::function).collect::<Vec<_>>();
        Site {
            function: (
                name::package(&frame.function).into_owned(),
                name::innermost(name::function(&frame.function), &names),
            ),
            file: frame.file.to_string(),
            line: frame.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::Sample;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn an_allocation_is_of_the_innermost_own_line_and_what_happens_once_is_of_none() {
        let frame = |function: &str, line| Frame {
            function: Arc::from(function),
            file: Arc::from("f.go"),
            line,
        };
        let sample = |stack: &[Frame], objects| Sample {
            stack: stack.to_vec(),
            objects,
            bytes: objects * 32,
        };
        let call = [
            frame("fmt.Sprint", 1),
            frame("m.F.func2", 7),
            frame("m.BenchmarkF", 3),
        ];
        let once = [frame("m.init", 9)];
        let profile = |objects| Profile {
            samples: vec![sample(&call, objects), sample(&once, 5)],
        };
        let found = per_iteration(&profile(6), &profile(406), 200.0, |frame| {
            frame.function.starts_with("m.")
        });
        let rates: Vec<_> = found
            .iter()
            .map(|one| {
                let site = one
                    .site
                    .as_ref()
                    .map(|site| (site.function.1.as_str(), site.line));
                (site, one.by.len(), one.size, one.objects)
            })
            .collect();
        assert_eq!(
            rates,
            [
                (Some(("F", 7)), 1, 32, 2.0),
                (Some(("init", 9)), 0, 32, 0.0)
            ]
        );
    }
}
