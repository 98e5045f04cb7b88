//! Reading real benchmark output: held against what `golang.org/x/perf/benchfmt` reads in the same
//! files (`testdata/benchfmt`), and against what a person finds in the files that benchfmt misreads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use allocgate::benchmark::{FailureKind, Record, SyntaxErrorKind};
use allocgate::parse::{self, Format, Limits, Sink, Source};
use allocgate::unit::Tidy;

/// Everything that was read in one file.
#[derive(Default)]
struct Contents {
    results: Vec<Result>,
    lost: Vec<(u64, SyntaxErrorKind)>,
    failures: Vec<(String, Option<String>, FailureKind, u64)>,
}

struct Result {
    package: String,
    name: String,
    iterations: u64,
    /// As printed.
    values: Vec<(f64, String)>,
}

impl Sink for Contents {
    fn record(&mut self, record: Record<'_>) {
        match record {
            Record::Result(result) => self.results.push(Result {
                package: result.config.package().to_owned(),
                name: String::from_utf8_lossy(result.name).into_owned(),
                iterations: result.iterations,
                values: result
                    .values()
                    .map(|(value, unit)| (value, String::from_utf8_lossy(unit).into_owned()))
                    .collect(),
            }),
            Record::Syntax(error) => self.lost.push((error.at.line, error.kind)),
            Record::Failure(failure) => self.failures.push((
                failure.package,
                failure.benchmark,
                failure.kind,
                failure.at.line,
            )),
            Record::Unit(_) | Record::Skipped(_) => {}
        }
    }
}

fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(folder)
}

fn read(path: &Path, format: Option<Format>) -> (Format, Contents) {
    let source = Source::open(path.to_str().unwrap(), Limits::default()).unwrap();
    let mut contents = Contents::default();
    let format = parse::read(source.lines, &source.name, format, &mut contents).unwrap();
    (format, contents)
}

fn wild(name: &str) -> Contents {
    read(&testdata("wild").join(name), None).1
}

fn read_bytes(text: &[u8]) -> Contents {
    let input = Box::new(std::io::Cursor::new(text.to_vec()));
    let source = Source::decode("test", input, Limits::default()).unwrap();
    let mut contents = Contents::default();
    parse::read(source.lines, &Arc::from("test"), None, &mut contents).unwrap();
    contents
}

/// The digest of `testdata/benchfmt/main.go`.
fn digest(contents: &Contents) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |text: &str| {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for result in &contents.results {
        let name = result.name.strip_prefix("Benchmark").unwrap();
        add(&format!("{} {name} {}", result.package, result.iterations));
        for (value, unit) in &result.values {
            let tidy = Tidy::of(unit);
            add(&format!(
                " {:016x} {}",
                (value * tidy.factor).to_bits(),
                tidy.name
            ));
        }
        add("\n");
    }
    format!("{hash:016x}")
}

/// benchfmt leaves the unit of a zero untidied (`0 ns/op` stays `ns/op`), which would tear the row of
/// a benchmark apart; here it is `sec/op` like any other.
const ZEROS: [&str; 1] = ["golang__go__src_cmd_internal_test2json_testdata_bench.test"];

/// benchfmt takes NaN for a measurement; here it is a result that was lost.
const NOT_FINITE: [&str; 1] = ["mitchellh__mapstructure__c4c37c19.txt"];

/// Files in which benchfmt does not find what is there, and how many results are.
const BEYOND_BENCHFMT: &[(&str, usize)] = &[
    // two results glued together
    ("Assertive-Yield__gomemcache__benchmark_results.txt", 14),
    // names and numbers on lines of their own
    (
        "cockroachdb__cockroach__pkg_cmd_roachprod-microbench_testdata_benchmark.txt",
        13,
    ),
    // dozens of log lines between a name and its numbers
    ("sztanpet__ha-lua__benchmarks_baseline.txt", 40),
    // UTF-16
    ("trim21__go-phpserialize__bench.old", 163),
    // test2json
    ("generated__gorilla__mux__10f71ea4.gotest.json", 36),
    ("generated__gorilla__mux__1a848bfc.gotest.json", 36),
    ("generated__gorilla__mux__json-v-cpu12.json", 4),
    ("generated__rs__zerolog__setup-failed.json", 39),
    (
        "golang__go__src_cmd_internal_test2json_testdata_bench.json",
        1,
    ),
    (
        "jstemmer__go-junit-report__testdata_109-bench.gojson.txt",
        2,
    ),
    ("mfridman__tparse__tests_testdata_bench_bench_01.jsonl", 4),
];

#[test]
fn reads_what_benchfmt_reads() {
    let beyond: BTreeMap<&str, usize> = BEYOND_BENCHFMT.iter().copied().collect();
    let expected = fs::read_to_string(testdata("benchfmt/expected.tsv")).unwrap();
    let mut compared = 0;
    for line in expected.lines() {
        let [name, results, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let folder = if testdata("wild").join(name).exists() {
            "wild"
        } else {
            "measured"
        };
        let (_, contents) = read(&testdata(folder).join(name), None);
        if let Some(count) = beyond.get(name) {
            assert_eq!(contents.results.len(), *count, "{name}");
            assert_ne!(
                contents.results.len().to_string(),
                results,
                "{name} is read by benchfmt"
            );
        } else if NOT_FINITE.contains(&name) {
            assert_eq!((contents.results.len() + 1).to_string(), results, "{name}");
        } else {
            assert_eq!(contents.results.len().to_string(), results, "{name}");
            assert_eq!(
                digest(&contents) == expected,
                !ZEROS.contains(&name),
                "{name}"
            );
            compared += contents.results.len();
        }
    }
    assert!(compared > 4000, "only {compared} results compared");
}

#[test]
fn detects_and_forces_formats() {
    for (name, format) in [
        (
            "generated__rs__zerolog__setup-failed.json",
            Format::GoTestJson,
        ),
        ("generated__gorilla__mux__killed.txt", Format::GoText),
        ("trim21__go-phpserialize__bench.old", Format::GoText),
    ] {
        assert_eq!(read(&testdata("wild").join(name), None).0, format, "{name}");
    }
    let json = testdata("wild").join("generated__gorilla__mux__10f71ea4.gotest.json");
    assert!(read(&json, Some(Format::GoText)).1.results.is_empty());
}

#[test]
fn a_json_stream_says_what_its_text_says() {
    let contents = wild("generated__gorilla__mux__10f71ea4.gotest.json");
    assert!(contents.lost.is_empty() && contents.failures.is_empty());
    assert!(
        contents
            .results
            .iter()
            .all(|r| r.package == "github.com/gorilla/mux")
    );
    let first = &contents.results[0];
    assert_eq!(
        (first.name.as_str(), first.iterations),
        ("BenchmarkMux-2", 2000)
    );
    let values: Vec<_> = first.values.iter().map(|(v, u)| (*v, u.as_str())).collect();
    assert_eq!(
        values,
        [(1418.0, "ns/op"), (835.0, "B/op"), (7.0, "allocs/op")]
    );
}

#[test]
fn interleaved_packages_are_told_apart() {
    let event = |package: &str, output: &str| {
        format!(
            "{{\"Action\":\"output\",\"Package\":\"{package}\",\"Output\":{}}}\n",
            serde_json::to_string(output).unwrap()
        )
    };
    let text = [
        event("a", "pkg: a\n"),
        event("b", "pkg: b\n"),
        event("a", "BenchmarkX-2 \t"),
        event("b", "BenchmarkX-2 \t"),
        event("b", "  20\t 2 ns/op\t 7 allocs/op\n"),
        event("a", "  10\t 1 ns/op"),
        event("a", "\t 3 allocs/op\n"),
    ];
    let contents = read_bytes(text.concat().as_bytes());
    let read: Vec<_> = contents
        .results
        .iter()
        .map(|r| (r.package.as_str(), r.iterations, r.values[1].0))
        .collect();
    assert_eq!(read, [("b", 20, 7.0), ("a", 10, 3.0)]);
}

#[test]
fn failures_are_reported_once_and_with_their_place() {
    let failed = |name: &str| wild(name).failures;
    let bench = |package: &str, benchmark: &str, kind, line| {
        vec![(package.to_owned(), Some(benchmark.to_owned()), kind, line)]
    };
    assert_eq!(
        failed("DataDog__go-libddwaf__.bench_optimized.txt"),
        bench(
            "github.com/DataDog/go-libddwaf/v5",
            "BenchmarkRunOnly",
            FailureKind::Failed,
            135
        )
    );
    assert_eq!(
        failed("KEINOS__go-sortfile__bench_results.txt"),
        bench(
            "github.com/KEINOS/go-sortfile/sortfile",
            "BenchmarkFromPath-4",
            FailureKind::TimedOut,
            11
        )
    );
    let panicked = read(
        &testdata("measured/mitchellh__mapstructure__c4c37c19.txt"),
        None,
    )
    .1;
    assert_eq!(
        panicked.failures,
        bench(
            "github.com/mitchellh/mapstructure",
            "Benchmark_DecodeBasic-2",
            FailureKind::Panicked,
            14
        )
    );
    assert!(
        panicked.lost.is_empty(),
        "the crash is why the benchmark has no result"
    );
    let setup = failed("generated__rs__zerolog__setup-failed.json");
    assert_eq!(setup.len(), 8);
    assert!(
        setup
            .iter()
            .all(|(.., kind, _)| *kind == FailureKind::SetupFailed)
    );
    assert_eq!(failed("QQ3221197721__cloudai-fusion__bench.txt").len(), 1);
    assert_eq!(
        failed("jstemmer__go-junit-report__testdata_110-benchfail.gojson.txt").len(),
        2
    );
}

#[test]
fn lost_results_have_a_place() {
    assert_eq!(
        wild("generated__gorilla__mux__killed.txt").lost,
        [(5, SyntaxErrorKind::Unfinished)]
    );
    for (line, kind) in [
        (
            "BenchmarkX-8 \t 100 \t abc ns/op",
            SyntaxErrorKind::Malformed,
        ),
        ("BenchmarkX-8 100 5", SyntaxErrorKind::Malformed),
        ("BenchmarkX-8 100", SyntaxErrorKind::Malformed),
        ("BenchmarkX-8 100 NaN ns/op", SyntaxErrorKind::Malformed),
        ("BenchmarkX-8 100 +Inf ns/op", SyntaxErrorKind::Malformed),
        ("BenchmarkX-8 100 -5 ns/op", SyntaxErrorKind::Malformed),
        (
            "BenchmarkX-8 100 5 ns/op 6 ns/op",
            SyntaxErrorKind::Malformed,
        ),
        ("BenchmarkX-8 100 5 6", SyntaxErrorKind::Malformed),
        ("BenchmarkX-8 \t", SyntaxErrorKind::Unfinished),
        ("BenchmarkX-8 \tsome log line", SyntaxErrorKind::Unfinished),
        ("BenchmarkX is a fine benchmark", SyntaxErrorKind::Doubtful),
    ] {
        for text in [
            format!("{line}\nPASS\n"),
            line.to_owned(),
            format!("{line}\nBenchmarkY 1 2 ns/op\n"),
        ] {
            let contents = read_bytes(text.as_bytes());
            assert_eq!(contents.lost, [(1, kind)], "{text:?}");
        }
    }
    for prose in [
        "Benchmarking the parser",
        "Benchmark: 12",
        "Benchmark",
        "benchmarkX 1 2 ns/op",
    ] {
        assert!(read_bytes(prose.as_bytes()).lost.is_empty(), "{prose}");
    }
}

#[test]
fn numbers_find_their_name_across_noise() {
    for text in [
        "BenchmarkX-8 \tlog line\nkey: value\nmore     100\t  5 ns/op\t  2 allocs/op\nPASS\n",
        "BenchmarkX-8 \tno line feed     100\t  5 ns/op\t  2 allocs/op\n",
        "BenchmarkX-8\n     100\t  5 ns/op\t  2 allocs/op\n",
        "BenchmarkX-8 \tpanic: recovered\n     100\t  5 ns/op\t  2 allocs/op\nPASS\nok  \tp\t1s\n",
        "2026-01-02T03:04:05.1234567Z BenchmarkX-8 \t     100\t  5 ns/op\t  2 allocs/op\r\n",
        "\u{1b}[1mBenchmarkX-8\u{1b}[0m \t     100\t  5 ns/op\t  2 allocs/op\n",
    ] {
        let contents = read_bytes(text.as_bytes());
        assert_eq!(contents.results.len(), 1, "{text:?}");
        let result = &contents.results[0];
        assert_eq!(
            (result.name.as_str(), result.iterations),
            ("BenchmarkX-8", 100),
            "{text:?}"
        );
        assert_eq!(result.values.len(), 2, "{text:?}");
        assert!(
            contents.lost.is_empty() && contents.failures.is_empty(),
            "{text:?}"
        );
    }
}

#[test]
fn trailers_tell_what_failed() {
    for (text, expected) in [
        (
            "panic: boom\n\ngoroutine 1 [running]:\nexit status 2\nFAIL\tp\t1s\nFAIL\n",
            Some(("p", FailureKind::Panicked)),
        ),
        (
            "panic: test timed out after 1s\nFAIL\tp\t1s\n",
            Some(("p", FailureKind::TimedOut)),
        ),
        (
            "signal: killed\nFAIL\tp\t1s\n",
            Some(("p", FailureKind::Killed)),
        ),
        (
            "FAIL\tp [build failed]\nFAIL\n",
            Some(("p", FailureKind::BuildFailed)),
        ),
        (
            "--- FAIL: TestX (0.00s)\nFAIL\nexit status 1\nFAIL\tp\t1s\nFAIL\n",
            Some(("p", FailureKind::Failed)),
        ),
        (
            "pkg: p\nBenchmarkX 1 2 ns/op\nFAIL\n",
            Some(("p", FailureKind::Failed)),
        ),
        (
            "pkg: p\npanic: boom\npkg: q\nBenchmarkX 1 2 ns/op\nPASS\n",
            Some(("p", FailureKind::Panicked)),
        ),
        ("panic: printed by the program\nPASS\nok  \tp\t1s\n", None),
        ("PASS\nok  \tp\t1s\n?   \tq\t[no test files]\n", None),
    ] {
        let failures = read_bytes(text.as_bytes()).failures;
        let found: Vec<_> = failures
            .iter()
            .map(|(p, _, kind, _)| (p.as_str(), *kind))
            .collect();
        assert_eq!(found, Vec::from_iter(expected), "{text:?}");
    }
}

#[test]
fn a_cut_json_stream_is_a_failure() {
    let whole = "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"BenchmarkX 1 2 ns/op\\n\"}\n";
    let cut = read_bytes(whole.as_bytes());
    assert_eq!(cut.results.len(), 1);
    assert_eq!(cut.failures[0].2, FailureKind::Interrupted);
    let ended = format!("{whole}{{\"Action\":\"pass\",\"Package\":\"p\"}}\n");
    assert!(read_bytes(ended.as_bytes()).failures.is_empty());
    let broken = format!("{ended}{{\"Time\":\"x\",\"Action\":\"out");
    assert_eq!(
        read_bytes(broken.as_bytes()).lost,
        [(4, SyntaxErrorKind::Malformed)]
    );
}

#[test]
fn a_line_may_be_hostile() {
    let glued = "BenchmarkX 1 2 ns/op".repeat(50_000);
    assert_eq!(read_bytes(glued.as_bytes()).results.len(), 50_000);
    let long = format!(
        "Benchmark{} 1 2 ns/op\nBenchmarkY 1 2 ns/op\n",
        "x".repeat(2 << 20)
    );
    let contents = read_bytes(long.as_bytes());
    assert_eq!((contents.results.len(), contents.lost.len()), (1, 1));
    let values: String = (0..1000).map(|i| format!(" 1 u{i}")).collect();
    assert_eq!(
        read_bytes(format!("BenchmarkX 1{values}").as_bytes())
            .lost
            .len(),
        1
    );
}

#[test]
fn output_of_the_program_hides_no_result() {
    let glued = read_bytes(
        b"BenchmarkP/x-8 \t100\t 5 ns/op\ndone.BenchmarkY-8 \t100\t 6.3 ns/op\t 0 allocs/op\n",
    );
    let names: Vec<_> = glued
        .results
        .iter()
        .map(|result| result.name.as_str())
        .collect();
    assert_eq!(names, ["BenchmarkP/x-8", "BenchmarkY-8"]);
    // A line that looks like a result took the name: the numbers that are left over tell.
    let taken = read_bytes(b"BenchmarkT-8 \t1\t5 rows\n     100\t 120 ns/op\t 1 allocs/op\n");
    assert_eq!(taken.lost, [(2, SyntaxErrorKind::Malformed)]);
    // A crash that ends in PASS was none.
    assert!(read_bytes(b"panic: recovered\nPASS\n").failures.is_empty());
    // However much a program prints that looks like configuration, the package stays known.
    let noise: String = (0..100).map(|key| format!("key{key}: v\n")).collect();
    let crowded = read_bytes(format!("{noise}pkg: a\nBenchmarkX 1 2 ns/op\n").as_bytes());
    assert_eq!(crowded.results[0].package, "a");
}

#[test]
fn stamped_json_is_json() {
    let event =
        "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"BenchmarkX 1 2 ns/op\\n\"}\n";
    let stamped = read_bytes(format!("2026-01-02T03:04:05.1234567Z {event}").as_bytes());
    assert_eq!(stamped.results.len(), 1);
    let log = "{\"level\":\"info\",\"Action\":\"login\",\"Output\":7}\n";
    assert!(
        read_bytes(format!("{event}{log}").as_bytes())
            .lost
            .is_empty()
    );
}
