//! Every number that benchstat prints for the pairs in `testdata/benchstat`, held against ours: the
//! medians, their intervals, the differences, the p-values, the geometric means. The answers were
//! recorded from the real benchstat; `testdata/benchstat/regenerate.sh` records them anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use allocgate::benchmark::{Record, SampleSet, SampleSetBuilder, row_keys};
use allocgate::compare::{Change, Comparison, Pair, Side, pair};
use allocgate::parse::{self, Limits, Sink, Source};
use allocgate::policy::Policy;
use allocgate::stats::{self, UDistributions};

struct Collect<'a>(&'a mut SampleSetBuilder);

impl Sink for Collect<'_> {
    fn record(&mut self, record: Record<'_>) {
        self.0.add(record);
    }
}

fn read(path: &Path) -> SampleSetBuilder {
    let source = Source::open(path.to_str().unwrap(), Limits::default()).unwrap();
    let mut builder = SampleSetBuilder::default();
    builder.begin_file(&source.name);
    let format = parse::read(source.lines, &source.name, None, &mut Collect(&mut builder)).unwrap();
    builder.end_file(format.name());
    builder
}

/// A row of ours.
struct Row {
    baseline: Option<Side>,
    candidate: Option<Side>,
    exact: bool,
}

/// Picks one side of a row.
type PickSide = fn(&Row) -> Option<&Side>;

/// Our rows of one pair of files by package, configuration, name and unit.
type Rows = HashMap<(String, Vec<(String, String)>, String, String), Row>;

fn rows_of(case: &Path) -> Rows {
    let (baseline, candidate) = (
        read(&case.join("baseline.txt")),
        read(&case.join("candidate.txt")),
    );
    let keys = row_keys(
        &[baseline.configurations(), candidate.configurations()],
        &[],
    );
    let (baseline, candidate) = (baseline.finish(&keys), candidate.finish(&keys));
    let policy = Policy::default();
    let comparison = Comparison {
        baseline: Some(&baseline),
        candidate: &candidate,
        statistics: &policy.statistics,
    };
    let pairs = pair(Some(&baseline), &candidate);
    let row = |pair: &Pair| {
        let (set, id) = match pair {
            Pair::BaselineOnly(row) => (&baseline, *row),
            Pair::Both { candidate: row, .. } | Pair::CandidateOnly(row) => (&candidate, *row),
        };
        let key = set.key(set.key_of(id)).to_key();
        let unit = set.unit_of(id);
        let name = key.name_with_procs();
        let name = name.strip_prefix("Benchmark").unwrap().to_owned();
        let exact = |set: &SampleSet| set.traits(unit).is_some_and(|traits| traits.exact);
        let row = Row {
            baseline: pair.baseline().map(|row| comparison.side(&baseline, row)),
            candidate: pair.candidate().map(|row| comparison.side(&candidate, row)),
            exact: exact(&baseline) || exact(&candidate),
        };
        ((key.package, key.config, name, unit.to_string()), row)
    };
    pairs.iter().map(row).collect()
}

/// How benchstat writes an interval: the greater distance of its bounds from the centre.
fn interval(side: &Side) -> String {
    let Side { center, lo, hi, .. } = *side;
    let sign = |value: f64| value.partial_cmp(&0.0);
    if lo.is_infinite() || hi.is_infinite() {
        "∞".to_owned()
    } else if sign(center) != sign(lo) || sign(center) != sign(hi) {
        "?".to_owned()
    } else if center == 0.0 {
        "0%".to_owned()
    } else {
        format!(
            "{:.0}%",
            100.0 * f64::max(hi / center - 1.0, 1.0 - lo / center)
        )
    }
}

/// How benchstat writes a difference of centres.
fn difference(change: Change, p: f64) -> String {
    match change.relative {
        _ if p > 0.05 => "~".to_owned(),
        Some(0.0) => "0.00%".to_owned(),
        None => "?".to_owned(),
        Some(relative) => format!("{:+.2}%", relative * 100.0),
    }
}

#[derive(Default)]
struct Tally {
    compared: usize,
    p_values: usize,
    /// p-values above 1 in benchstat's answer, which are 1 here.
    above_one: usize,
    /// p-values that benchstat rounds to an exact 0.
    rounded: usize,
    mismatches: Vec<String>,
}

impl Tally {
    fn check(&mut self, place: &str, what: &str, expected: &str, ours: &str) {
        self.compared += 1;
        if expected != ours {
            self.mismatches.push(format!(
                "{place}: {what}: benchstat {expected}, here {ours}"
            ));
        }
    }

    /// Numbers are compared as such: both sides print the shortest that means the same value.
    fn number(&mut self, place: &str, what: &str, expected: &str, ours: f64) {
        self.compared += 1;
        let expected: f64 = expected.parse().unwrap();
        let equal = (expected - ours).abs() <= 1e-13 * expected.abs();
        if !equal {
            self.mismatches.push(format!(
                "{place}: {what}: benchstat {expected}, here {ours}"
            ));
        }
    }

    fn side(&mut self, place: &str, center: &str, range: &str, side: Option<&Side>) {
        match side {
            None => self.check(place, "presence", center, ""),
            Some(side) => {
                self.number(place, "center", center, side.center);
                self.check(place, "interval", range, &interval(side));
            }
        }
    }

    fn comparison(&mut self, place: &str, delta: &str, p: &str, row: &Row) {
        let (Some(before), Some(after)) = (&row.baseline, &row.candidate) else {
            return self.check(place, "presence", "both sides", "one side");
        };
        let test = UDistributions::new().mann_whitney(&before.samples, &after.samples);
        let ours = if row.exact {
            0.0
        } else {
            test.map_or(1.0, |test| test.p)
        };
        let (n1, n2) = (before.samples.len(), after.samples.len());
        let count = if n1 == n2 {
            format!("n={n1}")
        } else {
            format!("n={n1}+{n2}")
        };
        self.p_values += 1;
        match p.split_once(' ') {
            Some((theirs, n)) => {
                self.check(place, "count", n, &count);
                let theirs = theirs.strip_prefix("p=").unwrap();
                if theirs.parse::<f64>().unwrap() > 1.0 {
                    self.above_one += 1;
                    self.check(place, "p", "1.000", &format!("{ours:.3}"));
                } else {
                    self.check(place, "p", theirs, &format!("{ours:.3}"));
                }
            }
            None => {
                self.check(place, "count", p, &count);
                self.rounded += usize::from(ours > 0.0);
                self.check(place, "p", "0.000", &format!("{ours:.3}"));
            }
        }
        let change = Change::between(before.center, after.center);
        self.check(place, "difference", delta, &difference(change, ours));
    }

    fn geomeans(&mut self, place: &str, line: &[String], table: &[&Row]) {
        let centers = |side: PickSide| {
            stats::geomean(
                table
                    .iter()
                    .filter_map(|row| side(row))
                    .map(|side| side.center),
            )
        };
        let sides: [(usize, PickSide); 2] = [
            (1, |row| row.baseline.as_ref()),
            (3, |row| row.candidate.as_ref()),
        ];
        for (column, side) in sides {
            match line.get(column).map_or("", String::as_str) {
                "" => self.check(
                    place,
                    "geomean",
                    "",
                    &centers(side).map_or(String::new(), |g| g.to_string()),
                ),
                expected => self.number(
                    place,
                    "geomean",
                    expected,
                    centers(side).unwrap_or(f64::NAN),
                ),
            }
        }
        let ratios: Option<Vec<f64>> = table
            .iter()
            .filter_map(|row| row.baseline.as_ref().zip(row.candidate.as_ref()))
            .map(
                |(before, after)| match Change::between(before.center, after.center).relative {
                    Some(0.0) => Some(1.0),
                    Some(_) => Some(after.center / before.center),
                    None => None,
                },
            )
            .collect();
        let ratio = ratios.and_then(|ratios| stats::geomean(ratios.into_iter()));
        let ours = ratio.map_or(String::new(), |ratio| {
            format!("{:+.2}%", (ratio - 1.0) * 100.0)
        });
        // "?" is how benchstat writes a ratio that does not exist.
        let expected = line.get(5).map_or("", String::as_str);
        self.check(place, "ratio", expected.trim_matches('?'), &ours);
    }
}

/// Compares one table: its unit, its lines and the configuration it stands under.
fn table(
    tally: &mut Tally,
    place: &str,
    config: &HashMap<String, String>,
    lines: &[Vec<String>],
    rows: &Rows,
) {
    let unit = lines[1][1].as_str();
    let two_sides = lines[0].len() > 4;
    // Where the sides' configurations differ, each has tables of its own.
    let candidate_alone = !two_sides && lines[0][1] == "candidate.txt";
    let mut seen = Vec::new();
    for line in &lines[2..] {
        if line[0] == "geomean" {
            if two_sides {
                tally.geomeans(&format!("{place} geomean {unit}"), line, &seen);
            }
            continue;
        }
        let place = format!("{place} {} {unit}", line[0]);
        let found = rows.iter().find(|((package, keys, name, u), _)| {
            *name == line[0]
                && u == unit
                && config.get("pkg").map_or("", String::as_str) == package
                && keys
                    .iter()
                    .all(|(key, value)| config.get(key) == Some(value))
        });
        let Some((_, row)) = found else {
            tally.mismatches.push(format!("{place}: no such row here"));
            continue;
        };
        seen.push(row);
        let cell = |index: usize| line.get(index).map_or("", String::as_str);
        if !cell(1).is_empty() {
            let side = if candidate_alone {
                &row.candidate
            } else {
                &row.baseline
            };
            tally.side(&place, cell(1), cell(2), side.as_ref());
        }
        if !cell(3).is_empty() {
            tally.side(&place, cell(3), cell(4), row.candidate.as_ref());
        }
        if !cell(6).is_empty() {
            tally.comparison(&place, cell(5), cell(6), row);
        }
    }
}

fn case(tally: &mut Tally, folder: &Path) {
    let rows = rows_of(folder);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut config: HashMap<String, String> = HashMap::new();
    for block in text.split("\n\n") {
        let mut lines: Vec<Vec<String>> = Vec::new();
        for line in block.lines() {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            let fields: Vec<String> = record.iter().map(str::to_owned).collect();
            match (&fields[..], fields[0].split_once(": ")) {
                ([_], Some((key, value))) => drop(config.insert(key.to_owned(), value.to_owned())),
                ([only], None) if only.ends_with(':') => {
                    drop(config.remove(only.trim_end_matches(':')))
                }
                _ => lines.push(fields),
            }
        }
        if !lines.is_empty() {
            table(tally, name, &config, &lines, &rows);
        }
    }
}

/// Lines that differ on purpose; each says why.
fn is_deliberate(mismatch: &str) -> bool {
    // benchstat counts NaN and negative values as measurements; here such a result was lost.
    mismatch.starts_with("measured-mapstructure geomean")
        || mismatch.starts_with("measured-mapstructure _DecodeBasic")
        || mismatch.starts_with("units-exact Size/binary=0-8")
        || mismatch.starts_with("units-exact geomean")
    // benchstat leaves the unit of `0 ns/op` as it is and gives it a table of its own.
        || (mismatch.starts_with("zeros") && mismatch.contains(" ns/op"))
        || mismatch.starts_with("zeros geomean sec/op")
}

#[test]
fn every_number_that_benchstat_prints() {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "testdata", "benchstat"]
        .iter()
        .collect();
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let mut tally = Tally::default();
    for path in &cases {
        case(&mut tally, path);
    }
    let (deliberate, mismatches): (Vec<_>, Vec<_>) = tally
        .mismatches
        .iter()
        .partition(|mismatch| is_deliberate(mismatch));
    println!(
        "{} pairs, {} numbers compared, {} of them p-values ({} above 1 there, {} rounded to 0 there), \
         {} deliberate differences, {} mismatches",
        cases.len(),
        tally.compared,
        tally.p_values,
        tally.above_one,
        tally.rounded,
        deliberate.len(),
        mismatches.len(),
    );
    assert!(
        mismatches.is_empty(),
        "{} mismatches:\n{}",
        mismatches.len(),
        mismatches
            .iter()
            .take(40)
            .map(|m| m.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(cases.len() >= 59 && tally.compared > 14_000);
}
