//! What `allocgate stat` does and benchstat does not.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs it in a folder that has `a.txt` and `b.txt`.
fn stat(sides: [&str; 2], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in ["a.txt", "b.txt"].into_iter().zip(sides) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .arg("stat")
        .args(flags)
        .args(["a.txt", "b.txt"])
        .current_dir(folder.path())
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

fn text(sides: [&str; 2], flags: &[&str]) -> String {
    let output = stat(sides, flags);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Ten results of each benchmark: `base` and what `spread` adds to it.
fn results(benchmarks: &[(&str, u64)], unit: &str, spread: &[u64]) -> String {
    let lines = benchmarks.iter().flat_map(|(name, base)| {
        let line = move |more: &u64| format!("Benchmark{name} 1 {} {unit}\n", base + more);
        spread.iter().map(line)
    });
    lines.collect()
}

const SPREAD: [u64; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/// One that falls, one that stays, two that rise.
fn sides() -> [String; 2] {
    let before = [
        ("Falls", 200),
        ("Stays", 300),
        ("Rises", 100),
        ("Doubles", 100),
    ];
    let after = [
        ("Falls", 100),
        ("Stays", 300),
        ("Rises", 120),
        ("Doubles", 200),
    ];
    [before, after].map(|side| results(&side, "widgets/op", &SPREAD))
}

fn labels(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.contains("p="));
    rows.map(|line| line.split(' ').next().unwrap()).collect()
}

#[test]
fn rows_are_sorted_and_selected_by_their_change() {
    let [a, b] = sides();
    let of = |flags: &[&str]| text([&a, &b], flags);
    let names = |flags: &[&str]| -> Vec<String> {
        labels(&of(flags)).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(names(&[]), ["Falls", "Stays", "Rises", "Doubles"]);
    assert_eq!(
        names(&["--sort", "name"]),
        ["Doubles", "Falls", "Rises", "Stays"]
    );
    assert_eq!(
        names(&["--sort", "-name"]),
        ["Stays", "Rises", "Falls", "Doubles"]
    );
    assert_eq!(
        names(&["--sort", "delta"]),
        ["Doubles", "Rises", "Stays", "Falls"]
    );
    assert_eq!(
        names(&["-sort=-delta"]),
        ["Falls", "Stays", "Rises", "Doubles"]
    );
    let changed = of(&["--only", "changed"]);
    assert_eq!(labels(&changed), ["Falls", "Rises", "Doubles"]);
    assert!(
        changed.ends_with("\n1 row without a change not shown\n"),
        "{changed}"
    );
    // Means stay those of all rows.
    let geomean = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("geomean"))
            .map(str::to_owned)
    };
    let squeezed = |line: String| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        geomean(&changed).map(squeezed),
        geomean(&of(&[])).map(squeezed)
    );
    // Also where one row is left.
    for format in ["text", "plain", "markdown"] {
        let flags = ["-format", format, "-filter", ".name:(Stays OR Falls)"];
        let means = |more: &[&str]| {
            let all = of(&[&flags[..], more].concat());
            let mean = all.lines().find(|line| line.contains("geomean"));
            mean.map(|line| squeezed(line.to_owned()))
        };
        assert!(means(&[]).is_some(), "{format}");
        assert_eq!(means(&["--only", "changed"]), means(&[]), "{format}");
    }
    assert_eq!(
        text([&a, &a], &["-only", "changed"]),
        "widgets/op: no change in 4 rows\n"
    );
    // Where more is better, the worst is what fell most.
    let better = "Unit widgets/op better=higher\n";
    let declared = text([&format!("{better}{a}"), &b], &["--sort", "delta"]);
    assert_eq!(labels(&declared), ["Falls", "Stays", "Rises", "Doubles"]);
}

#[test]
fn colour_says_better_and_worse() {
    let [a, b] = sides();
    let of = |unit: &str| {
        let [a, b] = [&a, &b].map(|side| side.replace("widgets/op", unit));
        text([&a, &b], &["--color", "always"])
    };
    let lower = of("B/op");
    assert!(lower.contains("\u{1b}[32m-48.90%\u{1b}[0m"), "{lower:?}");
    assert!(lower.contains("\u{1b}[31m+95.69%\u{1b}[0m"), "{lower:?}");
    let higher = of("B/s");
    assert!(higher.contains("\u{1b}[31m-48.90%\u{1b}[0m"), "{higher:?}");
    let unknown = of("widgets/op");
    assert!(unknown.contains("\u{1b}[1m-48.90%\u{1b}[0m"), "{unknown:?}");
    // What is not significant has none, and nothing has any without a terminal.
    assert!(lower.contains("       ~ (p=1.000 n=10)"), "{lower:?}");
    assert!(!text([&a, &b], &[]).contains('\u{1b}'));
    // Colours take no room.
    let plain = lower
        .replace("\u{1b}[32m", "")
        .replace("\u{1b}[31m", "")
        .replace("\u{1b}[0m", "");
    assert_eq!(
        plain,
        of("B/op")
            .replace("\u{1b}[32m", "")
            .replace("\u{1b}[31m", "")
            .replace("\u{1b}[0m", "")
    );
    assert_eq!(
        plain,
        text(
            [
                &a.replace("widgets/op", "B/op"),
                &b.replace("widgets/op", "B/op")
            ],
            &[]
        )
    );
}

#[test]
fn rows_that_are_not_shown_are_adjusted_for_all_the_same() {
    // 6+6 separated samples: p = 0.002, in half of ten rows that are tested.
    let spread = &SPREAD[..6];
    let side = |base: u64| {
        let changed = [
            ("A", base),
            ("B", base),
            ("C", base),
            ("D", base),
            ("E", base),
        ];
        let same = [("V", 9), ("W", 9), ("X", 9), ("Y", 9), ("Z", 9)];
        results(&changed, "B/op", spread) + &results(&same, "B/op", spread)
    };
    let (a, b) = (side(100), side(200));
    let p_values = |flags: &[&str]| -> Vec<String> {
        let text = text([&a, &b], &[&["--adjust", "holm"], flags].concat());
        let found = text.split("p=").skip(1).map(|rest| rest[..5].to_owned());
        found.collect()
    };
    let shown = p_values(&["--only", "changed"]);
    assert_eq!(shown, vec!["0.022"; 5]);
    assert_eq!(p_values(&[]), [shown, vec!["1.000".to_owned(); 5]].concat());
}

#[test]
fn p_values_are_adjusted_for_all_tables_together() {
    // 6+6 separated samples: p = 0.002. Five rows of it in two units, and five that say nothing.
    let spread = &SPREAD[..6];
    let names: Vec<String> = (0..5).map(|index| format!("X{index}")).collect();
    let side = |base: u64| {
        let rows: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), base)).collect();
        results(&rows, "B/op", spread) + &results(&rows, "widgets/op", spread)
    };
    let (a, b) = (side(100), side(200));
    let p_values = |flags: &[&str]| -> Vec<String> {
        let text = text([&a, &b], flags);
        let found = text.split("p=").skip(1).map(|rest| rest[..5].to_owned());
        found.collect()
    };
    assert_eq!(p_values(&[]), vec!["0.002"; 10]);
    assert_eq!(p_values(&["--adjust", "holm"]), vec!["0.022"; 10]);
    assert_eq!(p_values(&["--adjust", "bh"]), vec!["0.002"; 10]);
    assert_eq!(
        text([&a, &b], &["--adjust", "holm", "--alpha", "0.01"])
            .matches('~')
            .count(),
        10
    );
}

#[test]
fn shifts_have_intervals_and_zero_baselines_differences() {
    let (a, b) = (
        results(&[("X", 100)], "B/op", &SPREAD),
        results(&[("X", 150)], "B/op", &SPREAD),
    );
    let shown = text([&a, &b], &["--shift"]);
    assert!(
        shown.contains("+47.85% (p=0.000 n=10) +50.00 [+47.00, +53.00]"),
        "{shown}"
    );
    let csv = text([&a, &b], &["--shift", "-format", "csv"]);
    let row = csv.lines().find(|line| line.starts_with('X')).unwrap();
    assert_eq!(row, "X,104.5,3%,154.5,2%,+47.85%,p=0.000 n=10,50,47,53");
    let header = csv.lines().nth(1).unwrap();
    assert_eq!(header, ",B/op,CI,B/op,CI,vs base,P,shift,shift lo,shift hi");
    let zero = |value: u64| results(&[("X", value)], "allocs/op", &[0; 10]);
    let of = |flags: &[&str]| text([&zero(0), &zero(12)], flags);
    assert!(of(&[]).contains(" ? (p=0.000 n=10)"));
    assert!(of(&["--zero-baseline"]).contains(" +12 (p=0.000 n=10)"));
    let csv = stat([&zero(0), &zero(12)], &["--zero-baseline", "--format=csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.contains("\nX,0,0%,12,0%,+12,p=0.000 n=10\n"), "{csv}");
}

#[test]
fn an_infinite_shift_has_one_sign() {
    let zero = "BenchmarkX 1 0 x\n".repeat(4);
    let infinite = "BenchmarkX 1 +Inf x\n".repeat(4);
    let shown = text([&zero, &infinite], &["--shift"]);
    assert!(shown.contains(" +Inf [+Inf, +Inf]"), "{shown}");
}

#[test]
fn sparklines_are_in_the_order_of_measuring() {
    let (a, b) = (
        results(&[("X", 0)], "B/op", &[1, 1, 1, 8, 1, 1]),
        results(&[("X", 0)], "B/op", &[8, 7, 6, 5, 4, 3]),
    );
    let shown = text([&a, &b], &["--sparklines"]);
    assert!(
        shown.contains(" ▁▁▁█▁▁ ") && shown.contains(" █▇▆▅▄▃ "),
        "{shown}"
    );
    let plain = text([&a, &b], &["--sparklines", "--format", "plain"]);
    assert!(plain.contains(" ___#__ ") && plain.is_ascii(), "{plain}");
    // Several rows in one cell: file by file.
    let merged = text(
        [&a, &b],
        &["--sparklines", "-col", "pkg", "-ignore", ".file"],
    );
    assert!(merged.contains(" ▁▁▁█▁▁█▇▆▅▄▃"), "{merged}");
}

#[test]
fn markdown_cannot_be_broken_out_of() {
    let name = "X|`<script>alert(1)</script>`@team/#1";
    let (a, b) = (
        results(&[(name, 1)], "B/op", &[0; 3]),
        results(&[(name, 2)], "B/op", &[0; 3]),
    );
    let page = text(
        [&format!("note: <b>\n{a}"), &format!("note: <b>\n{b}")],
        &["-format", "markdown"],
    );
    assert!(!page.contains("<script>"), "{page}");
    assert!(page.starts_with("`note: <b>`\n\n|"), "{page}");
    let row = page.lines().find(|line| line.contains("script")).unwrap();
    // Bars in names are entities, so that a row has as many cells as its header.
    assert_eq!(row.matches('|').count(), 5, "{page}");
    assert!(
        page.contains("\n1. need &#62;= 6 samples for confidence interval at level 0.95\n"),
        "{page}"
    );
}

#[test]
fn json_has_every_figure_and_sample() {
    let (a, b) = (
        results(&[("X", 7)], "ns/op", &[2, 0, 1]),
        results(&[("X", 7), ("Y", 1)], "ns/op", &[9, 8, 7]),
    );
    let output = text(
        [&format!("goos: linux\n{a}"), &format!("goos: linux\n{b}")],
        &["-format=json", "--shift"],
    );
    let all: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(
        (&all["schema_version"], &all["adjust"]),
        (&1.into(), &"none".into())
    );
    let table = &all["tables"][0];
    assert_eq!(
        (&table["unit"], &table["better"]),
        (&"sec/op".into(), &"lower".into())
    );
    assert_eq!(table["key"]["goos"], "linux");
    assert_eq!(table["columns"][1][".file"], "b.txt");
    let [x, y] = [&table["rows"][0], &table["rows"][1]];
    assert_eq!((&x["name"], &y["cells"][0]), (&"X".into(), &Value::Null));
    let cell = &x["cells"][1];
    assert_eq!(cell["samples"].as_array().unwrap().len(), 3);
    assert!(cell["samples"][0].as_f64().unwrap() > cell["samples"][2].as_f64().unwrap());
    assert_eq!((&cell["lo"], &cell["hi"]), (&"-inf".into(), &"inf".into()));
    let comparison = &cell["comparison"];
    assert_eq!(
        (&comparison["p"], &comparison["significant"]),
        (&0.100_000_000_000_000_02.into(), &false.into())
    );
    assert!(comparison["shift"]["estimate"].as_f64().unwrap() > 0.0);
    assert_eq!(y["cells"][1]["comparison"], Value::Null);
    assert!(table["geomeans"][0]["ratio"].is_null() && table["geomeans"][1]["ratio"].is_f64());
}

#[test]
fn what_cannot_be_answered_ends_with_two_and_one_sentence() {
    let good = results(&[("X", 1)], "B/op", &[0; 3]);
    for (sides, flags, sentence) in [
        (
            ["", ""],
            &[][..],
            "error: no benchmark results in a.txt, b.txt\n",
        ),
        (
            [&good[..], ""],
            &["-filter", ".name:Y"],
            "error: no result passes the filter\n",
        ),
        (
            [&good[..], &good],
            &["gone.txt"],
            "error: gone.txt: No such file or directory (os error 2)\n",
        ),
        (
            [&good[..], &good],
            &["."],
            "error: .: is a directory; name the files in it, or a pattern such as dir/*.txt\n",
        ),
        (
            [&good[..], &good],
            &["-row", "x@up"],
            "error: parsing --row: syntax error: unknown order \"up\"\n\tx@up\n\t  ^\n",
        ),
    ] {
        let output = stat(sides, flags);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(2), sentence));
        assert!(output.stdout.is_empty());
    }
    for flags in [
        &["-alpha", "2"][..],
        &["--confidence=nan"],
        &["-format", "html"],
        &["--sort", "up"],
        &["-unknown"],
        &["-html"],
    ] {
        assert_eq!(
            stat([&good, &good], flags).status.code(),
            Some(2),
            "{flags:?}"
        );
    }
}
