//! Inputs of every kind: what is decoded on the way, what is refused, and how many there are.

use std::fs;
use std::io::Write;
use std::path::Path;

use allocgate::parse::Limits;
use allocgate::parse::benchfmt::MAX_LINE;
use allocgate::query::Subject;
use allocgate::stat::{Input, Measurements};

use crate::testdata;

fn read(paths: &[&Path]) -> Result<Measurements, String> {
    let paths: Vec<String> = paths
        .iter()
        .map(|p| p.to_str().unwrap().to_owned())
        .collect();
    let inputs = Input::parse_all(&paths).map_err(|error| error.to_string())?;
    Measurements::read(&inputs, Limits::default(), false).map_err(|error| error.to_string())
}

fn refused(paths: &[&Path]) -> String {
    read(paths).err().expect("an error")
}

/// Rows without their inputs: package, name, unit and values.
fn rows(all: &Measurements) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut buffer = Vec::new();
    let rows = all.rows().iter().enumerate().map(|(index, row)| {
        let benchmark = all.benchmark(row.benchmark);
        let package = text(benchmark.setting("pkg").unwrap_or_default());
        let name = text(benchmark.full_name());
        let unit = text(all.unit(row.unit).unit);
        let samples = all.samples(index as u32).as_slice(&mut buffer);
        format!("{package} {name} {unit} {samples:?}")
    });
    rows.collect()
}

#[test]
fn a_stream_of_events_says_what_its_text_says() {
    let folder = tempfile::tempdir().unwrap();
    let text = testdata().join("measured/gorilla__mux__10f71ea4.txt");
    let event = |line: &str| {
        let output = serde_json::to_string(&format!("{line}\n")).unwrap();
        format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Output\":{output}}}\n")
    };
    let lines = fs::read_to_string(&text).unwrap();
    let events: String = lines.lines().map(event).collect();
    let path = folder.path().join("events.json");
    fs::write(&path, events).unwrap();
    let (events, text) = (read(&[&path]).unwrap(), read(&[&text]).unwrap());
    assert_eq!(rows(&events), rows(&text));
    assert!(rows(&events).len() > 20 && events.warnings().is_empty());
    let lines = [
        "Unit ns/op better=higher",
        "BenchmarkX 1 NaN ns/op",
        "BenchmarkY 1 2 ns/op",
    ];
    fs::write(&path, lines.map(event).concat()).unwrap();
    let all = read(&[&path]).unwrap();
    assert_eq!(rows(&all), ["p Y sec/op [2e-9]"]);
    assert_eq!(all.better(b"sec/op"), allocgate::unit::Better::Higher);
    let expected = format!("{}:2: ", path.display());
    assert!(
        all.warnings()[0].starts_with(&expected),
        "{:?}",
        all.warnings()
    );
}

#[test]
fn archives_and_utf_16_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let text = "pkg: p\nBenchmarkÄ 1 2 x 3 y\n";
    let packed = folder.path().join("a.gz");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    fs::write(&packed, gzip.finish().unwrap()).unwrap();
    let wide = folder.path().join("b.txt");
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&wide, [&b"\xff\xfe"[..], &units].concat()).unwrap();
    let all = read(&[&packed, &wide]).unwrap();
    assert_eq!(
        rows(&all),
        ["p Ä x [2.0]", "p Ä y [3.0]", "p Ä x [2.0]", "p Ä y [3.0]"]
    );
    let broken = fs::read(&packed).unwrap();
    fs::write(&packed, &broken[..broken.len() - 12]).unwrap();
    let said = refused(&[&wide, &packed]);
    assert!(said.starts_with(packed.to_str().unwrap()), "{said}");
}

#[test]
fn what_cannot_be_read_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.txt");
    let good = folder.path().join("good.txt");
    fs::write(&good, "BenchmarkX 1 1 x\n").unwrap();
    let said = refused(&[&good, &missing]);
    assert!(said.starts_with(missing.to_str().unwrap()), "{said}");
    let said = refused(&[folder.path(), &missing]);
    assert!(said.contains("is a directory"), "{said}");
    let crowded = folder.path().join("crowded.txt");
    let keys =
        |count: usize| -> String { (0..count).map(|key| format!("key{key}: x\n")).collect() };
    fs::write(&crowded, keys(1000) + "BenchmarkX 1 1 x\n").unwrap();
    assert_eq!(rows(&read(&[&crowded]).unwrap()).len(), 1);
    fs::write(&crowded, keys(1001)).unwrap();
    assert_eq!(
        refused(&[&crowded]),
        format!(
            "{}: line 1001: more than 1000 configuration keys are in force",
            crowded.display()
        )
    );
    let units: String = (0..100_001)
        .map(|unit| format!("BenchmarkX 1 1 u{unit}\n"))
        .collect();
    fs::write(&crowded, units).unwrap();
    assert!(refused(&[&crowded]).ends_with("more than 100000 units"));
    let declarations: String = (0..10_001)
        .map(|unit| format!("Unit u{unit} a=b\n"))
        .collect();
    fs::write(&crowded, declarations).unwrap();
    assert!(refused(&[&crowded]).ends_with("more than 10000 different declarations of units"));
}

#[test]
fn lines_too_long_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.txt");
    let result = |length: usize| {
        let mut line = "BenchmarkX 1 1 x".to_owned();
        line += &" ".repeat(length - line.len());
        line + "\n"
    };
    let text = [
        result(MAX_LINE),
        result(MAX_LINE + 1),
        result(2 << 20),
        format!("key: {}\n", "x".repeat(MAX_LINE)),
        "BenchmarkX 1 2 x\n".to_owned(),
    ];
    fs::write(&path, text.concat()).unwrap();
    let all = read(&[&path]).unwrap();
    assert_eq!(rows(&all), [" X x [1.0, 2.0]"]);
    let warning = |line: usize| {
        format!(
            "{}:{line}: the line is longer than 65535 bytes",
            path.display()
        )
    };
    assert_eq!(all.warnings(), [warning(2), warning(3)]);
}

#[test]
fn warnings_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prose.txt");
    let text = "BenchmarkX is fine\n".repeat(100_002) + "Unit x better=higher\n";
    fs::write(&path, text).unwrap();
    let all = read(&[&path]).unwrap();
    assert_eq!(all.warnings().len(), 100_001);
    assert_eq!(
        all.warnings()[100_000],
        format!("{}: 2 more lines could not be read", path.display())
    );
    assert_eq!(all.better(b"x"), allocgate::unit::Better::Higher);
}

#[test]
fn values_of_rows_that_share_a_cell_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let text = "BenchmarkA 1 3 x\nBenchmarkA 1 1 x\nBenchmarkB 1 2 x\nBenchmarkC 1 2 x\n\
        BenchmarkD 1 9 x\nBenchmarkE 1 8 x\nBenchmarkE 1 7 x\n";
    fs::write(&path, text).unwrap();
    let all = read(&[&path]).unwrap();
    let values = all.gather(&[0, 0, 1, 2, u32::MAX], 4);
    let of = |cell: u32| {
        let mut buffer = Vec::new();
        values
            .of(cell)
            .map(|samples| samples.as_slice(&mut buffer).to_vec())
    };
    assert_eq!(of(0), Some(vec![1.0, 2.0, 3.0]));
    assert_eq!(of(1), Some(vec![2.0]));
    assert_eq!(of(2), Some(vec![9.0]));
    assert_eq!(of(3), None);
    let all_in_one = all.gather(&[0, 1, 1, 0, 0], 2);
    assert!(all_in_one.of(1).unwrap().is_constant());
    assert_eq!(all_in_one.of(1).unwrap().count(), 2);
    assert_eq!(all_in_one.of(0).unwrap().count(), 5);
}
