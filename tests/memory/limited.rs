//! Commands under a real limit. `tests/memory_limited.rs` has what goes on inside; here is what a user sees.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::call::{Folder, Run};
use super::not_run;
use super::service::program;

const MI: f64 = 1_048_576.0;

/// Runs a script of the service under a limit; `None`, said loudly, where no cgroup can be made.
fn limited(test: &str, arguments: &[&str], script: &str) -> Option<Run> {
    let folder = Folder::new();
    let run = run_in(&folder, arguments, script);
    match run.report["memory"]["command"]["enforced_by"].is_string() {
        true => Some(run),
        false => {
            not_run(test, "no cgroup can be made here");
            None
        }
    }
}

fn run_in(folder: &Folder, arguments: &[&str], script: &str) -> Run {
    let mut all = vec!["run"];
    all.extend(arguments);
    all.extend(["--", program().to_str().unwrap(), "-do", script]);
    folder.memory(&all)
}

#[test]
fn what_fits_passes_with_its_peak() {
    let Some(run) = limited(
        "what fits",
        &["--limit", "256MiB"],
        "hold 100MiB; wait 700ms",
    ) else {
        return;
    };
    assert_eq!(run.code, Some(0), "{run}");
    let peak = run.measured("working-set") / MI;
    assert!((100.0..140.0).contains(&peak), "{peak}: {run}");
    assert_eq!(run.judgement("no-oom"), "pass", "{run}");
    assert!(
        run.stdout.contains("█") && run.stdout.contains("256 MiB ┤"),
        "{run}"
    );
}

#[test]
fn an_oom_kill_is_a_failed_check_and_no_failure_of_the_command() {
    let Some(run) = limited("an OOM kill", &["--limit", "64MiB"], "hold 200MiB; wait 1s") else {
        return;
    };
    assert_eq!(
        (run.code, run.judgement("no-oom")),
        (Some(1), "fail"),
        "{run}"
    );
    assert_eq!(
        run.report["memory"]["command"]["end"]["how"], "oom-killed",
        "{run}"
    );
    assert!(
        run.text()
            .contains("was killed by the kernel for the limit"),
        "{run}"
    );
}

#[test]
fn a_failure_of_the_command_is_told_apart_and_its_status_told() {
    for (script, how, status) in [("exit 7", "exited", 7), ("exit 1", "exited", 1)] {
        let Some(run) = limited("a failure", &["--limit", "64MiB"], script) else {
            return;
        };
        assert_eq!(run.code, Some(4), "{run}");
        let end = &run.report["memory"]["command"]["end"];
        assert_eq!(
            (&end["how"], &end["status"]),
            (&how.into(), &status.into()),
            "{run}"
        );
    }
    let missing = Folder::new().memory(&["run", "--limit", "64MiB", "--", "no-such-command"]);
    assert_eq!(missing.code, Some(4), "{missing}");
    assert!(missing.stdout.contains("could not be started"), "{missing}");
}

#[test]
fn children_count_and_one_that_is_killed_fails_the_check() {
    let script = "spawn[hold 60MiB; wait 700ms]; hold 60MiB; wait 700ms";
    let Some(run) = limited("children", &["--limit", "256MiB"], script) else {
        return;
    };
    assert!(run.measured("working-set") / MI > 120.0, "{run}");
    let script = "spawn[hold 100MiB; wait 1s]; wait 1s; exit 0";
    let Some(run) = limited("children", &["--limit", "64MiB"], script) else {
        return;
    };
    assert_eq!(
        (run.code, run.judgement("no-oom")),
        (Some(1), "fail"),
        "{run}"
    );
}

#[test]
fn page_cache_fills_the_usage_and_the_working_set_passes() {
    let folder = Folder::new();
    let file = folder.path().join("cache");
    let script = format!("file {} 300MiB; wait 3s", file.display());
    let Some(run) = limited("page cache", &["--limit", "128MiB"], &script) else {
        return;
    };
    assert_eq!(
        (run.code, run.judgement("working-set")),
        (Some(0), "pass"),
        "{run}"
    );
    assert!(run.says("working-set").contains("cache"), "{run}");
}

#[test]
fn a_service_is_stopped_after_its_time_and_a_leak_after_start_up_is_diagnosed() {
    let arguments = [
        "--limit",
        "512MiB",
        "--for",
        "4s",
        "--settle",
        "1s",
        "--chart",
        "memory.svg",
    ];
    let folder = Folder::new();
    let run = run_in(&folder, &arguments, "hold 50MiB; leak 20MiB; wait 60s");
    if !run.report["memory"]["command"]["enforced_by"].is_string() {
        return not_run("a leak", "no cgroup can be made here");
    }
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        run.report["memory"]["command"]["end"]["how"], "stopped",
        "{run}"
    );
    assert!(
        run.says("diagnosis")
            .contains("a leak, a growing working set"),
        "{run}"
    );
    let svg = std::fs::read_to_string(folder.path().join("memory.svg")).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains("limit") && svg.contains("working set"),
        "{svg}"
    );
}

#[test]
fn without_the_right_to_make_a_cgroup_nothing_claims_that_there_was_a_limit() {
    const TEST: &str = "without a cgroup";
    let setpriv = Command::new("setpriv").arg("--version").output();
    if !rustix::process::geteuid().is_root() || setpriv.is_err() {
        return not_run(TEST, "it takes root and setpriv to become nobody");
    }
    // Where nobody can read and execute it.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let [allocgate, service] = ["allocgate", "service"].map(|name| folder.path().join(name));
    std::fs::copy(env!("CARGO_BIN_EXE_allocgate"), &allocgate).unwrap();
    std::fs::copy(program(), &service).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&allocgate)
        .args(["memory", "run", "--limit", "64MiB", "--report"])
        .arg(format!(
            "json={}",
            folder.path().join("report.json").display()
        ))
        .arg("--")
        .arg(&service)
        .args(["-do", "hold 100MiB; wait 700ms"])
        .current_dir(Path::new("/tmp"))
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(
        &std::fs::read(folder.path().join("report.json")).unwrap_or_default(),
    )
    .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let memory = &report["memory"];
    assert!(memory["command"]["enforced_by"].is_null(), "{memory:#}");
    let remarks = memory["remarks"].to_string();
    assert!(remarks.contains("not enforced"), "{remarks}");
    // More than it may use, and nobody was killed for it: the one fails, the other is not known.
    let checks = memory["checks"].as_array().unwrap();
    let judgement = |id: &str| &checks.iter().find(|check| check["id"] == id).unwrap()["judgement"];
    assert_eq!(judgement("working-set"), "fail", "{memory:#}");
    assert_eq!(judgement("no-oom"), "could-not-judge", "{memory:#}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_limit_that_the_kernel_rounds_to_pages_is_the_limit_that_was_asked_for() {
    let Some(run) = limited(
        "a limit of no whole pages",
        &["--limit", "60000001B"],
        "hold 100MiB; wait 300ms",
    ) else {
        return;
    };
    assert_eq!(
        (run.code, run.judgement("no-oom")),
        (Some(1), "fail"),
        "{run}"
    );
    assert!(!run.text().contains("asked for"), "{run}");
}

#[test]
fn a_picture_that_nothing_is_drawn_on_is_not_left_behind() {
    let folder = Folder::new();
    let run = folder.memory(&[
        "run",
        "--limit",
        "1KiB",
        "--chart",
        "memory.svg",
        "--",
        "true",
    ]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(!folder.path().join("memory.svg").exists());
}
