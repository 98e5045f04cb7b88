//! A candidate against its baseline, from pairs of scrapes.

use std::thread;
use std::time::Duration;

use super::call::{Folder, Run};
use super::service::Service;

/// Load that makes figures of the collector comparable.
const LOAD: &str = "/churn?rate=200MiB";

/// Two services under the same load, the candidate with something more, scraped twice.
fn compare(more: &[&str]) -> Run {
    let (baseline, candidate) = (Service::start(&[]), Service::start(&[]));
    for service in [&baseline, &candidate] {
        service.order("/hold?bytes=40MiB");
        service.order(LOAD);
    }
    for order in more {
        candidate.order(order);
    }
    let folder = Folder::new();
    for service in [&baseline, &candidate] {
        service.order("/gc");
    }
    let scrape = |number: u8| {
        baseline.scrape(&folder.path().join(format!("b{number}.prom")));
        candidate.scrape(&folder.path().join(format!("c{number}.prom")));
    };
    thread::sleep(Duration::from_millis(500));
    scrape(1);
    thread::sleep(Duration::from_secs(6));
    scrape(2);
    check(&folder, &[])
}

fn check(folder: &Folder, more: &[&str]) -> Run {
    let mut arguments = vec![
        "check",
        "--baseline-before",
        "b1.prom",
        "--baseline",
        "b2.prom",
        "--reading-before",
        "c1.prom",
        "--reading",
        "c2.prom",
    ];
    for skip in [
        "working-set",
        "no-oom",
        "capacity",
        "gogc",
        "gomemlimit-set",
        "gomemlimit-headroom",
    ] {
        arguments.extend(["--skip", skip]);
    }
    arguments.extend(more);
    folder.memory(&arguments)
}

#[test]
fn the_same_twice_passes() {
    let run = compare(&[]);
    assert_eq!(run.canary("live heap"), "pass", "{run}");
    assert_eq!(run.canary("goroutines"), "pass", "{run}");
}

#[test]
fn more_heap_and_more_goroutines_fail() {
    let run = compare(&["/hold?bytes=20MiB", "/goroutines?n=500"]);
    assert_eq!(run.canary("live heap"), "fail", "{run}");
    assert_eq!(run.canary("goroutines"), "fail", "{run}");
    assert_eq!(run.code, Some(1), "{run}");
}

#[test]
fn a_restart_between_the_scrapes_is_no_rate() {
    let folder = Folder::new();
    for (name, recorded) in [
        ("b1", "restart-1"),
        ("b2", "restart-2"),
        ("c1", "steady-1"),
        ("c2", "steady-2"),
    ] {
        let path = format!(
            "{}/testdata/memory/metrics/{recorded}.prom",
            env!("CARGO_MANIFEST_DIR")
        );
        folder.write(&format!("{name}.prom"), std::fs::read(path).unwrap());
    }
    let run = check(&folder, &[]);
    assert_eq!(run.canary("GC CPU share"), "could-not-judge", "{run}");
    assert!(run.says("canary").contains("started anew"), "{run}");
    assert_eq!(run.code, Some(3), "{run}");
}
