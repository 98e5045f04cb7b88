//! The cases that are not made up: benchstat's documentation, its own tests, and the files in `testdata`.

use std::fs;
use std::path::PathBuf;

use crate::case::{Case, testdata, unreadable};

/// The examples in benchstat's documentation, in their order.
const DOCUMENTATION: &[&[&str]] = &[
    &["old.txt", "new.txt"],
    &[
        "-filter",
        "/format:json goos:linux .unit:(ns/op OR B/op)",
        "old.txt",
        "new.txt",
    ],
    &[
        "-table",
        ".config",
        "-row",
        ".fullname",
        "-col",
        ".file",
        "old.txt",
        "new.txt",
    ],
    &["-col", "/format", "new.txt"],
    &["-col", "/format", "-row", ".name", "new.txt"],
    &["-row", ".name", "new.txt"],
    &[
        "-col",
        "/format@(gob json)",
        "-row",
        ".name",
        "-ignore",
        ".file",
        "new.txt",
    ],
    &["O=old.txt", "N=new.txt"],
];

/// The command lines of benchstat's own tests.
const GOLDEN: &[&[&str]] = &[
    &["-format", "csv", "old.txt", "new.txt"],
    &["-format", "csv", "-row", ".name", "new.txt"],
    &["crc-old.txt", "crc-new.txt"],
    &["-ignore", "note", "crc-old.txt", "crc-new.txt"],
    &[
        "-filter",
        "/align:0",
        "-row",
        "/size",
        "-col",
        "/poly",
        "crc-new.txt",
    ],
    &["-col", "note", "units.txt"],
    &["-col", "note", "zero.txt"],
    &["-col", "note", "smallSample.txt"],
    &["-col", "note", "issue19565.txt"],
    &["-col", "note", "issue19634.txt"],
];

/// Where answers went wrong once, or easily could: command lines over `testdata/stat/corners`.
const CORNERS: &[&[&str]] = &[
    &["zeros.txt"],
    &["-format", "csv", "zeros.txt"],
    &["infinite.txt"],
    &[
        "-alpha",
        "1",
        "-format",
        "csv",
        "infinite.txt",
        "infinite.txt",
    ],
    &["-alpha", "0.1", "apart-a.txt", "apart-b.txt"],
    &["-alpha", "0.2", "apart-a.txt", "apart-b.txt"],
    &["-alpha", "1", "apart-a.txt", "apart-b.txt"],
    &["-format", "csv", "digits.txt"],
    &["digits.txt"],
    &["-row", ".name", "-col", "/size@num", "sizes.txt"],
    &[
        "-row",
        "",
        "-col",
        ".fullname@alpha",
        "-format",
        "csv",
        "sizes.txt",
    ],
    &[
        "-row",
        ".name",
        "-col",
        "/size@(4k 1Mi 100)",
        "-ignore",
        ".file",
        "sizes.txt",
    ],
    &[
        "-filter",
        "/size:/^[0-9]+[kM]/ OR -.unit:ns/op",
        "sizes.txt",
    ],
    &["-filter", "/size:/[/", "sizes.txt"],
    &["-filter", "/size:(4k 16k)", "sizes.txt"],
    &["-row", ".name,/size@()", "sizes.txt"],
    &["-col", "/size@up", "sizes.txt"],
    &["-table", ".unit", "sizes.txt"],
    &["settings.txt"],
    &[
        "-table",
        "goos,note",
        "-ignore",
        "pkg",
        "-format",
        "csv",
        "settings.txt",
    ],
    &["same=settings.txt", "same=settings.txt"],
    &["bad-lines.txt"],
    &["-format", "csv", "bad-lines.txt", "missing.txt"],
];

/// Flags that say something of most files.
const FLAGS: &[&[&str]] = &[
    &[],
    &["-format", "csv"],
    &["-row", ".name", "-format=csv"],
    &["-table", "goos,pkg", "-row", ".fullname@alpha"],
    &["-col", "pkg", "-format", "csv"],
    &["-table", "", "-ignore", ".config,/gomaxprocs"],
    &["-filter", ".unit:(ns/op OR allocs/op)", "-format", "csv"],
    &["-filter", "-.name:/^[A-M]/ -.unit:sec/op"],
    &[
        "-row",
        "/size@num,.name,/format",
        "-col",
        "/gomaxprocs,.file",
        "-format=csv",
    ],
    &["-alpha", "0.01", "-confidence", "0.99", "-format", "csv"],
    &[
        "-table",
        ".config@alpha",
        "-row",
        ".fullname@num",
        "-col",
        ".file@alpha",
        "-format",
        "csv",
    ],
    &[
        "-table",
        ".file goarch",
        "-col",
        ".config",
        "-alpha=1",
        "-confidence=0.5",
    ],
];

/// Every example of benchstat's documentation, with the files that it is about.
pub(crate) fn documentation() -> Vec<Case> {
    DOCUMENTATION
        .iter()
        .map(|line| benchstats("documentation", line))
        .collect()
}

/// Every command line of benchstat's own tests.
pub(crate) fn golden() -> Vec<Case> {
    GOLDEN
        .iter()
        .map(|line| benchstats("golden", line))
        .collect()
}

/// What is easily got wrong.
pub(crate) fn corners() -> Vec<Case> {
    let case = |line: &&[&str]| Case {
        folder: PathBuf::from("stat/corners"),
        files: Vec::new(),
        arguments: line.iter().map(|word| (*word).to_owned()).collect(),
    };
    CORNERS.iter().map(case).collect()
}

/// A command line over the files that come with benchstat's sources.
fn benchstats(folder: &str, line: &[&str]) -> Case {
    let arguments: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
    let inputs = arguments.iter().filter(|word| word.ends_with(".txt"));
    let files = inputs.map(|input| {
        let name = input.rsplit('=').next().unwrap_or(input);
        (
            name.to_owned(),
            format!("wild/golang__perf__cmd_benchstat_testdata_{name}"),
        )
    });
    Case {
        folder: folder.into(),
        files: files.collect(),
        arguments,
    }
}

/// Files that go together and single ones, each with every `nth` of the flags, in turn.
pub(crate) fn testdata_cases(nth: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, inputs) in inputs().iter().enumerate() {
        for (with, flags) in FLAGS.iter().enumerate() {
            let single = inputs.len() == 1 && with >= 5;
            if single || with % nth != at % nth {
                continue;
            }
            let flags = flags.iter().map(|word| (*word).to_owned());
            cases.push(Case {
                folder: PathBuf::new(),
                files: Vec::new(),
                arguments: flags.chain(inputs.iter().cloned()).collect(),
            });
        }
    }
    cases
}

/// Paths in `testdata`, of inputs that benchstat reads: pairs, triples, single ones.
fn inputs() -> Vec<Vec<String>> {
    let folder = |name: &str| {
        let entries = fs::read_dir(testdata().join(name)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| {
                format!(
                    "{name}/{}",
                    entry.unwrap().file_name().into_string().unwrap()
                )
            })
            .collect();
        names.sort();
        names
    };
    let singles: Vec<String> = [folder("wild"), folder("measured")].concat();
    let mut inputs: Vec<Vec<String>> = folder("benchstat")
        .into_iter()
        .filter(|pair| testdata().join(pair).is_dir())
        .map(|pair| {
            ["baseline.txt", "candidate.txt"]
                .map(|side| format!("{pair}/{side}"))
                .to_vec()
        })
        .collect();
    // Those that stand side by side are often of one repository, and where not, then benchstat has an
    // answer, too.
    inputs.extend(singles.windows(2).step_by(2).map(<[String]>::to_vec));
    inputs.extend(singles.windows(3).step_by(5).map(<[String]>::to_vec));
    inputs.extend(singles.iter().map(|single| vec![single.clone()]));
    inputs.retain(|inputs| {
        let readable =
            |input: &String| unreadable(&fs::read(testdata().join(input)).unwrap()).is_none();
        inputs.iter().all(readable)
    });
    inputs
}
