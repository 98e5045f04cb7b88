//! Checks and diagnoses of a running service.

use std::thread;
use std::time::Duration;

use super::call::{Folder, Run};
use super::service::{Service, until};

const MI: f64 = 1_048_576.0;

fn limits(working_set_share: &str) -> Folder {
    Folder::new().with(
        "allocgate.toml",
        format!("[memory]\nlimit = \"256MiB\"\nworking-set-share = \"{working_set_share}\"\n"),
    )
}

/// Two readings of the runtime's page and of the process, and the diagnoses.
fn diagnose(service: &Service, between: impl FnOnce()) -> Run {
    let folder = Folder::new();
    let (pid, page) = (
        format!("pid:{}", service.pid()),
        service.url("/metrics/runtime"),
    );
    let save = folder.call(&["memory", "read", &page, &pid, "--save", "before.json"]);
    assert_eq!(save.code, Some(0), "{save}");
    between();
    folder.memory(&[
        "check",
        "--reading-before",
        "before.json",
        "--reading",
        &page,
        "--reading",
        &pid,
        "--limit",
        "4GiB",
        "--skip",
        "limit-declared",
        "--skip",
        "no-oom",
    ])
}

#[test]
fn figures_of_a_process_and_of_the_runtime_stand_under_their_own_words() {
    let service = Service::start(&[("GOMEMLIMIT", "200MiB"), ("GOGC", "50")]);
    service.order("/hold?bytes=50MiB");
    service.order("/gc");
    let folder = Folder::new();
    let pid = format!("pid:{}", service.pid());
    let run = folder.call(&["memory", "read", &service.url("/metrics/runtime"), &pid]);
    assert_eq!(run.code, Some(0), "{run}");
    for word in [
        "live heap",
        "RSS",
        "RSS − lazy-free",
        "VSZ",
        "GOMEMLIMIT",
        "GOGC",
        "goroutines",
        "heap goal",
    ] {
        assert!(
            run.stdout.contains(&format!("\n  {word} ")),
            "{word}: {run}"
        );
    }
    for line in run.stdout.lines().filter(|line| line.starts_with("      ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let save = folder.call(&[
        "memory",
        "read",
        &service.url("/metrics/runtime"),
        "--save",
        "-",
    ]);
    let saved: serde_json::Value = serde_json::from_str(&save.stdout).unwrap();
    let figures = saved["reading"]["figures"].as_array().unwrap();
    let value = |word: &str| {
        let figure = figures
            .iter()
            .find(|figure| figure["word"] == word)
            .unwrap();
        figure["value"].as_f64().unwrap()
    };
    assert!((value("live-heap") / MI - 50.0).abs() < 10.0, "{save}");
    assert!(
        (value("gomemlimit") / MI - 200.0).abs() < 0.01 && (value("gogc") - 50.0).abs() < 0.01,
        "{save}"
    );
}

#[test]
fn settings_of_a_running_program_are_judged_without_a_manifest() {
    let service = Service::start(&[("GOMEMLIMIT", "250MiB")]);
    let folder = limits("90%");
    let run = folder.memory(&["check", "--reading", &service.url("/metrics/runtime")]);
    assert_eq!(run.judgement("gomemlimit-set"), "pass", "{run}");
    assert_eq!(run.judgement("gomemlimit-headroom"), "fail", "{run}");
    assert_eq!(run.judgement("capacity"), "pass", "{run}");
    assert_eq!(run.code, Some(1), "{run}");
    let bare = Service::start(&[("GOGC", "off")]);
    let run = folder.memory(&["check", "--reading", &bare.url("/metrics")]);
    assert_eq!(
        (run.judgement("gomemlimit-set"), run.judgement("gogc")),
        ("fail", "fail"),
        "{run}"
    );
}

#[test]
fn a_live_heap_close_to_gomemlimit_keeps_the_collector_busy_and_does_not_fit() {
    let service = Service::start(&[("GOMEMLIMIT", "200MiB")]);
    service.order("/hold?bytes=180MiB");
    service.order("/gc");
    let run = limits("100%").memory(&["check", "--reading", &service.url("/metrics/runtime")]);
    assert_eq!(run.judgement("gogc"), "fail", "{run}");
    assert!(run.says("gogc").contains("spends its time"), "{run}");
    // It fits all the same: GOMEMLIMIT sees to that.
    assert_eq!(run.judgement("capacity"), "pass", "{run}");
}

#[test]
fn pages_given_back_lazily_stay_in_rss_and_are_not_judged() {
    let service = Service::start(&[("GODEBUG", "madvdontneed=0")]);
    let pid = format!("pid:{}", service.pid());
    service.order("/hold?bytes=200MiB");
    let folder = limits("50%");
    let only = [
        "--skip",
        "limit-declared",
        "--skip",
        "no-oom",
        "--skip",
        "gomemlimit-set",
    ];
    let check = |folder: &Folder| {
        // The process alone: its cgroup is that of the tests.
        let process = format!("/proc/{}", service.pid());
        let mut arguments = vec!["check", "--reading", &process];
        arguments.extend(only);
        folder.memory(&arguments)
    };
    let held = check(&folder);
    assert_eq!(held.judgement("working-set"), "fail", "{held}");
    service.order("/free");
    service.order("/gc");
    service.order("/scavenge");
    let given_back = check(&folder);
    assert_eq!(given_back.judgement("working-set"), "pass", "{given_back}");
    assert!(
        given_back.says("working-set").contains("given back"),
        "{given_back}"
    );
    let read = folder.call(&["memory", "read", &pid, "--save", "-"]);
    let saved: serde_json::Value = serde_json::from_str(&read.stdout).unwrap();
    let value = |word: &str| {
        let figures = saved["reading"]["figures"].as_array().unwrap();
        let figure = figures
            .iter()
            .find(|figure| figure["word"] == word)
            .unwrap();
        figure["value"].as_f64().unwrap() / MI
    };
    assert!(value("rss") > 180.0 && value("lazy-free") > 150.0, "{read}");
    assert!(value("resident") < 60.0, "{read}");
}

#[test]
fn rss_up_and_heap_flat_are_idle_pages_kept() {
    let service = Service::start(&[]);
    let run = diagnose(&service, || {
        service.order("/hold?bytes=150MiB");
        service.order("/free");
        service.order("/gc");
    });
    assert_eq!(run.judgements("diagnosis"), ["advice"], "{run}");
    assert!(
        run.says("diagnosis")
            .contains("idle pages that the runtime keeps"),
        "{run}"
    );
}

#[test]
fn rss_up_and_heap_up_are_a_leak() {
    let service = Service::start(&[]);
    let run = diagnose(&service, || {
        service.order("/hold?bytes=80MiB");
        service.order("/gc");
    });
    assert!(
        run.says("diagnosis")
            .contains("a leak, or a growing working set"),
        "{run}"
    );
}

#[test]
fn rss_up_and_the_runtime_flat_is_memory_that_go_does_not_see() {
    let service = Service::start(&[]);
    let run = diagnose(&service, || service.order("/map?bytes=80MiB"));
    assert!(run.says("diagnosis").contains("does not see"), "{run}");
}

#[test]
fn goroutines_up_are_leaked_ones() {
    let service = Service::start(&[]);
    let run = diagnose(&service, || service.order("/goroutines?n=1000"));
    assert!(run.says("diagnosis").contains("leaked goroutines"), "{run}");
}

#[test]
fn gc_cpu_up_and_heap_flat_is_the_allocation_rate() {
    let service = Service::start(&[]);
    // Some time of its own before, with little garbage.
    for _ in 0..100 {
        service.get("/metrics");
    }
    service.order("/gc");
    let run = diagnose(&service, || {
        service.order("/churn?rate=400MiB");
        thread::sleep(Duration::from_secs(4));
    });
    assert!(
        run.says("diagnosis").contains("allocation rate rose"),
        "{run}"
    );
}

#[test]
fn a_page_without_what_is_needed_and_a_page_of_something_else_say_so() {
    let service = Service::start(&[]);
    let folder = Folder::new()
        .with("page.html", "<!doctype html><title>Login</title>")
        .with("empty.prom", "");
    for (source, says) in [
        ("page.html", "HTML"),
        ("empty.prom", "empty.prom"),
        ("nowhere.prom", "nowhere.prom"),
    ] {
        let run = folder.memory(&["check", "--reading", source]);
        assert_eq!(run.code, Some(2), "{source}: {run}");
        assert!(run.stderr.contains(says), "{source}: {run}");
    }
    let address = service.address().to_owned();
    drop(service);
    until("the port is closed", || {
        std::net::TcpStream::connect(&address).is_err()
    });
    let run = folder.memory(&["check", "--reading", &format!("http://{address}/metrics")]);
    assert_eq!(run.code, Some(2), "{run}");
    let run = folder.memory(&["check", "--reading", "pid:4000000"]);
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn a_password_in_an_address_is_in_no_report() {
    let service = Service::start(&[]);
    let folder = Folder::new();
    let url = format!(
        "http://user:sekret@{}/metrics?token=t0ken",
        service.address()
    );
    let check = folder.memory(&["check", "--reading", &url]);
    let read = folder.call(&["memory", "read", &url]);
    let save = folder.call(&["memory", "read", &url, "--save", "-"]);
    for run in [&check, &read, &save] {
        let all = format!("{run}{}", run.report);
        assert!(!all.contains("sekret") && !all.contains("t0ken"), "{all}");
        assert!(all.contains("/metrics"), "{all}");
    }
}

#[test]
fn a_saved_reading_is_believed_only_as_far_as_it_can_be_true() {
    let saved = |word: &str, value: &str| {
        format!(
            "{{\"schema_version\": 1, \"reading\": {{\"source\": \"x\", \"figures\": \
             [{{\"word\": \"{word}\", \"value\": {value}, \"from\": \"x\"}}]}}}}"
        )
    };
    for (word, value) in [
        ("working-set", "-5"),
        ("oom-kills", "-3"),
        ("working-set", "null"),
        ("live-heap", "1e300"),
    ] {
        let folder = Folder::new().with("r.json", saved(word, value));
        let run = folder.memory(&["check", "--reading", "r.json", "--limit", "1GiB"]);
        assert_eq!(run.code, Some(2), "{word} {value}: {run}");
    }
    let folder = Folder::new().with("r.json", saved("working-set", "0"));
    let run = folder.memory(&["check", "--reading", "r.json", "--limit", "1GiB"]);
    assert_eq!(run.judgement("working-set"), "could-not-judge", "{run}");
    let folder = Folder::new().with(
        "r.json",
        saved("new-word", "1").replace("1, \"reading", "2, \"reading"),
    );
    let run = folder.memory(&["check", "--reading", "r.json"]);
    assert!(run.stderr.contains("version 2"), "{run}");
}
