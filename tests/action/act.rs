//! The whole action in a real runner: `act`, on this machine and not in a container, with a local
//! `uses:`. What it takes from the network, the cache of builds, has a stand-in.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::repository::{Change, event, git, pull_request};
use crate::{not_run, root, tool};

const WORKFLOW: &str = r#"
name: allocations
on: pull_request
permissions:
  contents: read
jobs:
  allocations:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: ./.github/allocgate
        id: allocgate
        with:
          binary: BINARY
          reports: html junit
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.allocgate.outputs) }}
          JOB: ${{ job.status }}
        run: |
          printf '%s' "$OUTPUTS" >OUT/outputs.json
          printf '%s' "$JOB" >OUT/status
"#;

const CACHE: &str = "name: cache\ndescription: a cache that holds nothing\nruns:\n  using: composite\n  steps:\n\
    \x20   - run: 'true'\n      shell: bash\n";

/// What came of a job.
struct Job {
    succeeded: bool,
    log: String,
    outputs: serde_json::Value,
}

/// Runs a pull request through the action. `None` without act.
fn job(test: &str, change: Change) -> Option<Job> {
    let Some(act) = tool("act") else {
        not_run(
            test,
            "there is no act here (go install github.com/nektos/act@latest)",
        );
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    for name in ["repo", "out", "home", "cache"] {
        fs::create_dir(place(name)).unwrap();
    }
    let workflow = WORKFLOW
        .replace("BINARY", env!("CARGO_BIN_EXE_allocgate"))
        .replace("OUT", &place("out").display().to_string());
    let workflow = workflow.replace(&format!("{}PUTS", place("out").display()), "OUTPUTS");
    pull_request(&place("repo"), change, |repo| add_action(repo, &workflow));
    fs::write(place("event.json"), event(&place("repo"))).unwrap();
    for half in ["restore", "save"] {
        fs::create_dir(place("cache").join(half)).unwrap();
        fs::write(place("cache").join(half).join("action.yml"), CACHE).unwrap();
    }
    git(&place("cache"), &["init", "--quiet"]);
    git(&place("cache"), &["add", "--all"]);
    git(
        &place("cache"),
        &["commit", "--quiet", "--message=stand-in"],
    );
    let pinned = fs::read_to_string(root().join("action.yml")).unwrap();
    let pinned = pinned.lines().find_map(|line| {
        let used = line.trim().strip_prefix("uses: ")?;
        Some(used.split(' ').next().unwrap().replace("/restore", ""))
    });
    let stand_in = format!("{}={}", pinned.unwrap(), place("cache").display());
    let output = Command::new(act)
        .args([
            "pull_request",
            "--platform",
            "ubuntu-latest=-self-hosted",
            "--local-repository",
            &stand_in,
        ])
        .arg("--eventpath")
        .arg(place("event.json"))
        .current_dir(place("repo"))
        .env("XDG_CACHE_HOME", place("home"))
        .env("ALLOCGATE_CACHE", place("home"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let outputs = fs::read(place("out/outputs.json")).unwrap_or_else(|_| panic!("{log}"));
    Some(Job {
        succeeded: output.status.success(),
        outputs: serde_json::from_slice(&outputs).unwrap(),
        log,
    })
}

fn add_action(repo: &Path, workflow: &str) {
    let own = repo.join(".github/allocgate");
    fs::create_dir_all(own.join("action")).unwrap();
    fs::create_dir_all(repo.join(".github/workflows")).unwrap();
    fs::write(repo.join(".github/workflows/ci.yml"), workflow).unwrap();
    fs::copy(root().join("action.yml"), own.join("action.yml")).unwrap();
    for entry in fs::read_dir(root().join("action")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, own.join("action").join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_pull_request_with_a_regression_fails() {
    let Some(job) = job("act: regression", Change::Regression) else {
        return;
    };
    assert!(!job.succeeded, "{}", job.log);
    assert_eq!(job.outputs["verdict"], "regression", "{}", job.log);
    assert_eq!(job.outputs["exit-code"], "1");
    assert!(
        job.outputs["regressed"]
            .as_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    for expected in [
        "Summary - ## ❌ allocgate: regression",
        "::error file=shop_test.go,line=7,title=allocgate%3A BenchmarkPrice%3A regressed::",
        "(base of the pull request)",
    ] {
        assert!(job.log.contains(expected), "{expected}: {}", job.log);
    }
    for report in ["json", "html", "junit"] {
        assert_ne!(job.outputs[report], "", "{report}");
    }
}

#[test]
fn a_pull_request_without_one_passes() {
    let Some(job) = job("act: pass", Change::Nothing) else {
        return;
    };
    assert!(job.succeeded, "{}", job.log);
    assert_eq!(job.outputs["verdict"], "pass", "{}", job.log);
    assert_eq!(job.outputs["regressed"], "0");
    assert!(
        job.log.contains("Summary - ## ✅ allocgate: pass"),
        "{}",
        job.log
    );
    assert!(!job.log.contains("::error"), "{}", job.log);
}
