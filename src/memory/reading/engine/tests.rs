//! What Docker and Podman print, by version.

use super::*;

const MI: f64 = 1048576.0;

fn text(text: &str, selector: &str) -> Result<Reading, String> {
    let lines = LineReader::new(text.as_bytes(), 1 << 30);
    read(lines, "f", &selector.parse().unwrap()).map_err(|error| error.to_string())
}

fn recorded(name: &str, selector: &str) -> Result<Reading, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/memory/engines/");
    text(
        &std::fs::read_to_string(format!("{folder}{name}")).unwrap(),
        selector,
    )
}

fn value(reading: &Reading, word: Word) -> Option<(f64, Bound)> {
    reading.get(word).map(|figure| (figure.value, figure.bound))
}

#[test]
fn docker_rounds_and_has_no_word_for_no_limit() {
    let reading = recorded("docker.json", "").unwrap();
    assert_eq!(
        value(&reading, Word::WorkingSet),
        Some(((63.67 * MI).round(), Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::Limit),
        Some((128.0 * MI, Bound::Doubtful))
    );
    let figure = reading.get(Word::WorkingSet).unwrap();
    assert_eq!(figure.from, r#"f MemUsage{name="api"}"#);
    assert_eq!(figure.remark.as_deref(), Some("rounded to four digits"));
    assert_eq!(reading.taken, None);
}

#[test]
fn one_of_several_is_chosen_by_name_or_id() {
    let error = recorded("docker-lines.json", "").unwrap_err();
    assert!(error.starts_with(r#"f: 2 containers are meant, and a reading is of one: {name="api"}, {name="worker"}; choose"#), "{error}");
    for selector in [
        r#"{name="api"}"#,
        r#"{container="api"}"#,
        r#"{id="7d1f0a6c2b9e"}"#,
    ] {
        let reading = recorded("docker-lines.json", selector).unwrap();
        assert_eq!(
            reading.get(Word::WorkingSet).unwrap().value,
            (63.67 * MI).round()
        );
    }
    let error = recorded("docker-lines.json", r#"{name="x"}"#).unwrap_err();
    assert!(
        error.contains(
            r#"{name="x"} selects none of what is there: {name="api"}, {name="e1a94d02c87b"}, "#
        ),
        "{error}"
    );
    for (name, selector) in [
        ("docker-lines.json", r#"{name="importer"}"#),
        ("docker-lines.json", r#"{name="e1a94d02c87b"}"#),
        ("engine-api-stopped.json", ""),
    ] {
        let error = recorded(name, selector).unwrap_err();
        assert!(error.contains("is not running"), "{error}");
    }
}

#[test]
fn a_stream_of_docker_stats() {
    let reading = recorded("docker-stream.txt", r#"{name="worker"}"#).unwrap();
    assert_eq!(
        reading.get(Word::WorkingSet).unwrap().value,
        (24.08 * MI).round()
    );
    let twice = "{\"Name\":\"a\",\"MemUsage\":\"1MiB / 2MiB\"}\n{\"Name\":\"a\",\"MemUsage\":\"1.5MiB / 2MiB\"}\n";
    assert_eq!(
        text(twice, "")
            .unwrap()
            .get(Word::WorkingSet)
            .unwrap()
            .value,
        1.5 * MI
    );
}

#[test]
fn the_engine_api_under_both_cgroup_versions() {
    let reading = recorded("engine-api-v1.json", r#"{id="7d1f0a6c2b9e"}"#).unwrap();
    assert_eq!(
        value(&reading, Word::Limit),
        Some((134217728.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::Usage),
        Some((77246464.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::WorkingSet),
        Some((66760704.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::Anonymous),
        Some((65859584.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::PeakUsage),
        Some((77377536.0, Bound::Exact))
    );
    assert_eq!(reading.taken.map(f64::floor), Some(1763736690.0));
    let reading = recorded("engine-api-v1-limitless.json", "").unwrap();
    assert_eq!(
        value(&reading, Word::Limit),
        Some((f64::INFINITY, Bound::Exact))
    );
    let reading = recorded("engine-api-v2.json", "").unwrap();
    assert_eq!(
        value(&reading, Word::Limit),
        Some((134217728.0, Bound::Doubtful))
    );
    assert_eq!(
        value(&reading, Word::WorkingSet),
        Some((66760704.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::Anonymous),
        Some((65859584.0, Bound::Exact))
    );
    assert_eq!(
        value(&reading, Word::KernelMemory),
        Some((147456.0 + 675840.0, Bound::AtLeast))
    );
    let from = &reading.get(Word::WorkingSet).unwrap().from;
    assert_eq!(
        from,
        r#"f memory_stats.usage − stats.inactive_file{name="api"}"#
    );
}

#[test]
fn nothing_is_judged_by_what_podman_shows() {
    for (name, expected) in [
        ("podman-2.0.json", 77.25e6),
        ("podman-3.4.json", 77.25e6),
        ("podman-4.9.json", 65.86e6),
        ("podman-5.8.json", 66.76e6),
        ("podman-5.8-template.json", 66760704.0),
    ] {
        let reading = recorded(name, r#"{name="api"}"#).unwrap();
        let (value, bound) = value(&reading, Word::WorkingSet).unwrap();
        assert!((value - expected).abs() < 1.0, "{name}: {value}");
        assert_eq!(bound, Bound::Doubtful);
    }
    let reading = recorded("engine-api-podman-5.8.json", "").unwrap();
    assert_eq!(
        value(&reading, Word::WorkingSet),
        Some((25251840.0, Bound::Doubtful))
    );
    assert_eq!(value(&reading, Word::Usage), None);
}

#[test]
fn says_what_is_wrong() {
    for (json, why) in [
        ("", "f:1: there is no container"),
        ("[]", "f:1: there is no container"),
        ("json\njson\n", "f:1: this Docker knows no `--format json`"),
        ("{\"MemUsage\":", "f:2: is no JSON: EOF"),
        ("CONTAINER ID\n", "f:1: is no JSON"),
        ("{\"a\":1}", "f:1: this object has no memory statistics"),
        ("7", "f:1: this is no container's statistics"),
        (
            "{\"MemUsage\":\"12MiB\"}",
            "f:1: `MemUsage` is `12MiB`, and not like",
        ),
        (
            "{\"MemUsage\":\"1XB / 2MiB\"}",
            "f:1: `MemUsage` is `1XB / 2MiB`",
        ),
        ("{\"memory_stats\":null}", "is not running"),
    ] {
        let error = text(json, "").unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
}

#[test]
fn amounts_as_engines_print_them() {
    for (text, expected) in [
        ("0B", Some(0.0)),
        ("12.34MiB", Some((12.34 * MI).round())),
        ("1.5GiB", Some(1536.0 * MI)),
        ("1e+03kB", Some(1e6)),
        ("134.2MB", Some(134.2e6)),
        ("66 KB", Some(66e3)),
        ("--", None),
        ("12", None),
        ("MiB", None),
        ("-1MiB", None),
    ] {
        assert_eq!(amount(text), expected, "{text}");
    }
}

#[test]
fn json_is_told_from_a_metric_in_braces() {
    for json in ["[", " {}", "{\n \"a\" : 1", "{\"a\":1}"] {
        assert!(is_json(json.as_bytes()), "{json}");
    }
    for other in [
        "",
        "{",
        "{\"a\"} 1",
        "{\"a\",b=\"c\"} 1",
        "{a=\"b\"} 1",
        "go_a 1",
        "{\"a",
    ] {
        assert!(!is_json(other.as_bytes()), "{other}");
    }
}
