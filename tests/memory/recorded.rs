//! Checks of what was recorded of real kernels, engines and clients.

use super::call::{Folder, Run};

fn check(source: &str, more: &[&str]) -> Run {
    let path = format!("{}/testdata/memory/{source}", env!("CARGO_MANIFEST_DIR"));
    let mut arguments = vec!["check", "--reading", &path];
    arguments.extend(more);
    Folder::new().memory(&arguments)
}

const KERNELS: [&str; 4] = ["v1", "v1-linux-6.1", "v2", "v2-linux-6.12"];

#[test]
fn a_cgroup_with_room_passes() {
    for kernel in KERNELS {
        let run = check(&format!("cgroups/{kernel}/healthy"), &[]);
        assert_eq!(run.code, Some(0), "{kernel}: {run}");
        for id in ["limit-declared", "working-set", "no-oom"] {
            assert_eq!(run.judgement(id), "pass", "{kernel}: {run}");
        }
    }
}

#[test]
fn page_cache_up_to_the_limit_is_no_fail_and_said_to_be_that() {
    for kernel in KERNELS {
        let run = check(&format!("cgroups/{kernel}/page-cache"), &[]);
        assert_eq!(run.code, Some(0), "{kernel}: {run}");
        assert!(
            run.says("working-set").contains("difference is page cache"),
            "{kernel}: {run}"
        );
    }
}

#[test]
fn a_process_killed_for_the_limit_fails() {
    for kernel in KERNELS {
        let run = check(&format!("cgroups/{kernel}/oom-killed"), &[]);
        assert_eq!(
            (run.code, run.judgement("no-oom")),
            (Some(1), "fail"),
            "{kernel}: {run}"
        );
    }
    let run = check("cgroups/v2/oom-by-ancestor/parent/child", &[]);
    assert_eq!(run.judgement("no-oom"), "fail", "{run}");
}

#[test]
fn a_limit_above_binds_and_none_at_all_fails() {
    for kernel in KERNELS {
        let run = check(&format!("cgroups/{kernel}/no-limit/parent/child"), &[]);
        assert!(
            (run.measured("limit-declared") / 1_048_576.0 - 128.0).abs() < 0.01,
            "{kernel}: {run}"
        );
    }
    let alone = Folder::new();
    let child = format!(
        "{}/testdata/memory/cgroups/v2/no-limit/parent/child",
        env!("CARGO_MANIFEST_DIR")
    );
    for file in [
        "memory.current",
        "memory.max",
        "memory.stat",
        "memory.events",
    ] {
        alone.write(
            &format!("child/{file}"),
            std::fs::read(format!("{child}/{file}")).unwrap(),
        );
    }
    let run = alone.memory(&["check", "--reading", "child"]);
    assert_eq!(
        (run.code, run.judgement("limit-declared")),
        (Some(1), "fail"),
        "{run}"
    );
    assert_eq!(run.judgement("working-set"), "not-asked", "{run}");
}

#[test]
fn pages_given_back_lazily_are_in_rss_and_not_in_the_working_set() {
    for kernel in KERNELS {
        let run = check(
            &format!("cgroups/{kernel}/lazy-free"),
            &["--require", "working-set"],
        );
        assert_eq!(run.judgement("working-set"), "pass", "{kernel}: {run}");
        assert!(
            run.measured("working-set") < 2.0 * 1_048_576.0,
            "{kernel}: {run}"
        );
    }
}

#[test]
fn a_container_is_chosen_by_its_labels_and_an_ambiguous_page_says_how() {
    let run = check("metrics/docker.prom", &["--selector", "{name=\"api\"}"]);
    assert_eq!(run.judgement("working-set"), "pass", "{run}");
    let run = check(
        "metrics/docker.prom",
        &["--selector", "{image!=\"nothing\"}"],
    );
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("--selector '{"), "{run}");
    let run = check("metrics/docker.prom", &["--selector", "{name=\"nobody\"}"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("nobody"), "{run}");
}

#[test]
fn what_an_engine_shows_is_judged_as_far_as_it_can_be_trusted() {
    let api = ["--selector", "{name=\"api\"}"];
    // Without a limit the machine's memory is shown: that is no limit, and no bound.
    let run = check("engines/docker.json", &api);
    assert_eq!(run.judgement("limit-declared"), "could-not-judge", "{run}");
    assert_eq!(
        (run.code, run.judgement("working-set")),
        (Some(3), "not-asked"),
        "{run}"
    );
    let run = check(
        "engines/docker.json",
        &[
            "--selector",
            "{name=\"api\"}",
            "--limit",
            "128MiB",
            "--skip",
            "limit-declared",
        ],
    );
    assert_eq!(
        (run.code, run.judgement("working-set")),
        (Some(0), "pass"),
        "{run}"
    );
    let run = check(
        "engines/podman-4.9.json",
        &[
            "--selector",
            "{name=\"api\"}",
            "--limit",
            "1GiB",
            "--skip",
            "limit-declared",
        ],
    );
    assert_eq!(
        (run.code, run.judgement("working-set")),
        (Some(3), "could-not-judge"),
        "{run}"
    );
    let run = check("engines/engine-api-v2.json", &["--limit", "128MiB"]);
    assert_eq!(run.judgement("working-set"), "pass", "{run}");
}

#[test]
fn a_page_of_an_old_client_can_show_that_it_fits_and_not_that_it_does_not() {
    let fits = check("metrics/old.prom", &["--limit", "1GiB"]);
    assert_eq!(fits.judgement("capacity"), "pass", "{fits}");
    let tight = check("metrics/old.prom", &["--limit", "64MiB"]);
    assert_eq!(tight.judgement("capacity"), "could-not-judge", "{tight}");
    assert!(
        tight.says("capacity").contains("go_gc_heap_live_bytes"),
        "{tight}"
    );
}
