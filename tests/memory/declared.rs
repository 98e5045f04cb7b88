//! Checks of manifests alone.

use super::call::{Folder, Run};

/// A Deployment of one container with a limit and an environment.
fn deployment(limit: &str, environment: &str) -> String {
    let limit = match limit {
        "" => String::new(),
        limit => format!("        resources:\n          limits:\n            memory: {limit}\n"),
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  template:\n    spec:\n      \
         containers:\n      - name: api\n        image: shop/api\n{limit}        env:\n        - name: PORT\n          \
         value: \"80\"\n{environment}"
    )
}

fn variable(name: &str, value: &str) -> String {
    format!("        - name: {name}\n          value: {value:?}\n")
}

fn check(manifest: &str) -> Run {
    Folder::new()
        .with("deploy.yaml", manifest)
        .memory(&["check", "deploy.yaml"])
}

#[test]
fn a_limit_with_room_above_gomemlimit_passes() {
    let run = check(&deployment("512Mi", &variable("GOMEMLIMIT", "460MiB")));
    assert_eq!(run.code, Some(0), "{run}");
    for id in [
        "limit-declared",
        "gomemlimit-set",
        "gomemlimit-headroom",
        "gogc",
    ] {
        assert_eq!(run.judgement(id), "pass", "{run}");
    }
    for id in ["working-set", "no-oom", "capacity", "canary", "diagnosis"] {
        assert_eq!(run.judgement(id), "not-asked", "{run}");
    }
    assert!(
        run.stdout.contains("deploy.yaml:13") && run.stdout.contains("deploy.yaml:18"),
        "{run}"
    );
}

#[test]
fn what_is_missing_or_does_not_fit_fails_with_its_place_and_a_remedy() {
    let limit = |text: &str| variable("GOMEMLIMIT", text);
    for (memory, environment, id, says) in [
        ("", limit("460MiB"), "limit-declared", "deploy.yaml:9"),
        ("0", limit("460MiB"), "limit-declared", "no limit"),
        ("512m", limit("460MiB"), "limit-declared", "0.512 byte"),
        ("512MB", limit("460MiB"), "limit-declared", "Mi"),
        ("512Mi", String::new(), "gomemlimit-set", "460MiB"),
        ("512Mi", limit("off"), "gomemlimit-set", "off"),
        ("512Mi", limit("460M"), "gomemlimit-set", "`460MiB`"),
        (
            "512Mi",
            limit("500MiB"),
            "gomemlimit-headroom",
            "at most 460MiB",
        ),
        (
            "512Mi",
            limit("513MiB"),
            "gomemlimit-headroom",
            "worse than none",
        ),
        ("512Mi", variable("GOGC", "off"), "gogc", "set GOMEMLIMIT"),
        (
            "512Mi",
            limit("460MiB") + &variable("GOGC", "50%"),
            "gogc",
            "silently uses 100",
        ),
    ] {
        let run = check(&deployment(memory, &environment));
        assert_eq!(run.judgement(id), "fail", "{memory} {environment}: {run}");
        assert_eq!(run.code, Some(1), "{memory} {environment}: {run}");
        assert!(run.says(id).contains(says), "{says}: {}", run.says(id));
    }
}

#[test]
fn a_value_that_is_elsewhere_is_no_pass() {
    let secret = "        - name: GOMEMLIMIT\n          valueFrom:\n            secretKeyRef:\n              name: s\n              key: k\n";
    let run = check(&deployment("512Mi", secret));
    assert_eq!(
        (run.code, run.judgement("gomemlimit-set")),
        (Some(3), "could-not-judge"),
        "{run}"
    );
    let folder = Folder::new().with("deploy.yaml", deployment("512Mi", secret));
    let settled = folder.memory(&["check", "deploy.yaml", "--on", "memory-unknown=pass"]);
    assert_eq!(settled.code, Some(0), "{settled}");
    let template = Folder::new().with("deploy.yaml", deployment("{{ .Values.memory }}", ""));
    let run = template.memory(&["check", "deploy.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr.contains("deploy.yaml:13") && run.stderr.contains("helm template"),
        "{run}"
    );
}

#[test]
fn the_limit_itself_as_gomemlimit_leaves_nothing() {
    let field = "        - name: GOMEMLIMIT\n          valueFrom:\n            resourceFieldRef:\n              resource: limits.memory\n";
    let run = check(&deployment("512Mi", field));
    assert_eq!(run.judgement("gomemlimit-headroom"), "fail", "{run}");
    assert!(run.says("gomemlimit-headroom").contains("100%"), "{run}");
}

#[test]
fn an_image_and_a_module_stand_in_for_the_manifest_and_never_override_it() {
    let folder = Folder::new()
        .with("deploy.yaml", deployment("512Mi", ""))
        .with(
            "Dockerfile",
            "FROM golang AS build\nFROM scratch\nENV GOMEMLIMIT=400MiB\n",
        )
        .with(
            "go.mod",
            "module m\n\nrequire github.com/KimMachineGun/automemlimit v0.7.0\n",
        );
    let run = folder.memory(&["check", "deploy.yaml", "Dockerfile"]);
    assert_eq!(
        (run.code, run.measured("gomemlimit-set")),
        (Some(0), 400.0 * 1_048_576.0),
        "{run}"
    );
    let run = folder.memory(&["check", "deploy.yaml", "go.mod"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        (run.measured("gomemlimit-headroom") - 0.9 * 512.0 * 1_048_576.0).abs() < 1.0,
        "{run}"
    );
    folder.write(
        "deploy.yaml",
        deployment("512Mi", &variable("GOMEMLIMIT", "500MiB")),
    );
    let run = folder.memory(&["check", "deploy.yaml", "Dockerfile", "go.mod"]);
    assert_eq!(run.judgement("gomemlimit-headroom"), "fail", "{run}");
    // An image alone cannot say what its limit is.
    let run = folder.memory(&["check", "Dockerfile"]);
    assert_eq!(run.judgement("limit-declared"), "not-asked", "{run}");
    let run = folder.memory(&["check", "Dockerfile", "--limit", "512MiB"]);
    assert_eq!(
        (run.code, run.judgement("gomemlimit-headroom")),
        (Some(0), "pass"),
        "{run}"
    );
}

#[test]
fn of_several_containers_one_is_chosen_by_name() {
    let two = deployment("512Mi", &variable("GOMEMLIMIT", "460MiB"))
        + "      - name: proxy\n        image: envoy\n        resources:\n          limits:\n            memory: 64Mi\n";
    let folder = Folder::new().with("deploy.yaml", two);
    let run = folder.memory(&["check", "deploy.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr
            .contains("Deployment/shop/api, Deployment/shop/proxy"),
        "{run}"
    );
    for name in ["api", "Deployment/shop/api", "*/api"] {
        let run = folder.memory(&["check", "deploy.yaml", "--container", name]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    let run = folder.memory(&["check", "deploy.yaml", "--container", "*"]);
    assert_eq!(run.judgements("gomemlimit-set"), ["pass", "fail"], "{run}");
    let run = folder.memory(&["check", "deploy.yaml", "--container", "web"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("no container is called `web`"), "{run}");
}

#[test]
fn a_policy_with_a_memory_section_judges_beside_the_rows() {
    let bench = "BenchmarkX-2 \t 1000\t 10 ns/op\t 8 B/op\t 1 allocs/op\n".repeat(6);
    let folder = Folder::new()
        .with(
            "k8s/deploy.yaml",
            deployment("512Mi", &variable("GOMEMLIMIT", "500MiB")),
        )
        .with("allocgate.toml", "[memory]\nmanifests = [\"k8s/*.yaml\"]\n")
        .with("a.txt", &bench)
        .with("b.txt", &bench)
        .with("below/note.txt", "");
    let json = "--report=json=report.json";
    let run = folder.call(&["check", "a.txt", "b.txt", json, "--report=terminal"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("fail gomemlimit-headroom"), "{run}");
    assert_eq!(run.report["counts"]["unchanged"], 2, "{run}");
    folder.write(
        "allocgate.toml",
        "[memory]\nmanifests = [\"k8s/*.yaml\"]\ngomemlimit-share = \"98%\"\n",
    );
    let run = folder.call(&["check", "a.txt", "b.txt", json, "--report=terminal"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout
            .starts_with("pass: no regression in 2 rows, 4 memory checks passed"),
        "{run}"
    );
}

#[test]
fn the_worked_example_fits_to_the_mebibyte() {
    let folder = Folder::new()
        .with(
            "deploy.yaml",
            deployment("1Gi", &variable("GOMEMLIMIT", "900MiB")),
        )
        .with(
            "allocgate.toml",
            "[memory]\nlive-heap = \"400MiB\"\ngoroutines = 2000\n",
        );
    let run = folder.memory(&["check", "deploy.yaml"]);
    assert_eq!(
        (run.code, run.judgement("capacity")),
        (Some(0), "pass"),
        "{run}"
    );
    assert!(
        ((run.measured("capacity") / 1_048_576.0).round() - 866.0).abs() < 0.1,
        "{run}"
    );
    folder.write(
        "allocgate.toml",
        "[memory]\nlive-heap = \"410MiB\"\ngoroutines = 2000\n",
    );
    let run = folder.memory(&["check", "deploy.yaml"]);
    assert_eq!(
        (run.code, run.judgement("capacity")),
        (Some(1), "fail"),
        "{run}"
    );
    let plan = folder.call(&[
        "memory",
        "plan",
        "--live-heap",
        "400MiB",
        "--goroutines",
        "2000",
    ]);
    assert_eq!(plan.code, Some(0), "{plan}");
    for text in ["865.6 MiB", "1024Mi", "921MiB"] {
        assert!(plan.stdout.contains(text), "{plan}");
    }
}

#[test]
fn nothing_to_judge_is_no_pass() {
    let folder = Folder::new();
    let run = folder.memory(&["check"]);
    assert_eq!(run.code, Some(3), "{run}");
    let run = folder.memory(&["check", "missing.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("missing.yaml"), "{run}");
    folder.write(
        "deploy.yaml",
        deployment("512Mi", &variable("GOMEMLIMIT", "460MiB")),
    );
    let run = folder.memory(&["check", "deploy.yaml", "--require", "working-set"]);
    assert_eq!(
        (run.code, run.judgement("working-set")),
        (Some(3), "could-not-judge"),
        "{run}"
    );
    let run = folder.memory(&["check", "deploy.yaml", "--skip", "gogc"]);
    assert_eq!(run.judgements("gogc"), Vec::<&str>::new(), "{run}");
}

#[test]
fn a_manifest_that_a_change_removes_is_missed_where_the_policy_is_from_the_base() {
    let folder = Folder::new()
        .with(
            "deploy/api.yaml",
            deployment("512Mi", &variable("GOMEMLIMIT", "460MiB")),
        )
        .with(
            "deploy/worker.yaml",
            deployment("512Mi", &variable("GOMEMLIMIT", "460MiB")),
        )
        .with(
            "allocgate.toml",
            "[memory]\nmanifests = [\"deploy/*.yaml\"]\ncontainer = \"*\"\n",
        );
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "base"]);
    let check = || folder.memory(&["check", "--policy-from", "HEAD"]);
    assert_eq!(check().code, Some(0), "{}", check());
    std::fs::remove_file(folder.path().join("deploy/worker.yaml")).unwrap();
    let run = check();
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.says("limit-declared")
            .contains("HEAD:deploy/worker.yaml"),
        "{run}"
    );
    std::fs::remove_dir_all(folder.path().join("deploy")).unwrap();
    assert_eq!(check().code, Some(3), "{}", check());
}

#[test]
fn amounts_without_their_unit_are_no_amounts() {
    let run = check(&deployment("512", &variable("GOMEMLIMIT", "450")));
    assert_eq!(run.judgement("limit-declared"), "fail", "{run}");
    assert_eq!(run.judgement("gomemlimit-set"), "fail", "{run}");
    let field = "        - name: GOMEMLIMIT\n          valueFrom:\n            resourceFieldRef:\n              resource: limits.memory\n              divisor: 1Mi\n";
    let run = check(&deployment("512Mi", field));
    assert_eq!(run.judgement("gomemlimit-set"), "fail", "{run}");
    assert!(run.says("gomemlimit-set").contains("divisor"), "{run}");
    let run = check(&deployment(
        "512Mi",
        &(variable("GOMEMLIMIT", "450MiB") + &variable("GOGC", "0")),
    ));
    assert_eq!(run.judgement("gogc"), "fail", "{run}");
}

#[test]
fn what_is_required_is_not_skipped_and_not_left_out_for_want_of_a_manifest() {
    let bench = "BenchmarkX-2 \t 1000\t 10 ns/op\t 8 B/op\t 1 allocs/op\n".repeat(6);
    let folder = Folder::new()
        .with(
            "allocgate.toml",
            "[memory]\nrequire = [\"limit-declared\"]\n",
        )
        .with("a.txt", &bench)
        .with("b.txt", &bench);
    let run = folder.call(&["check", "a.txt", "b.txt", "--report=json=report.json"]);
    assert_eq!(
        (run.code, run.judgement("limit-declared")),
        (Some(3), "could-not-judge"),
        "{run}"
    );
    let run = folder.memory(&["check", "--skip", "limit-declared"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("both required and skipped"), "{run}");
}

#[test]
fn a_plan_is_held_against_what_the_checks_hold_against() {
    let folder = Folder::new();
    for (arguments, code, says) in [
        (
            &[
                "--live-heap",
                "400MiB",
                "--limit",
                "1GiB",
                "--gomemlimit",
                "900MiB",
            ][..],
            0,
            "fits into",
        ),
        (
            &[
                "--live-heap",
                "400MiB",
                "--limit",
                "550MiB",
                "--gomemlimit",
                "100MiB",
            ],
            1,
            "collector",
        ),
        (
            &[
                "--live-heap",
                "400MiB",
                "--limit",
                "1GiB",
                "--gomemlimit",
                "5GiB",
            ],
            1,
            "of the limit",
        ),
        (&["--live-heap", "800MiB", "--limit", "1GiB"], 1, "the peak"),
        (&["--live-heap", "400MiB", "--gogc", "off"], 2, "no bound"),
        (&[], 2, "--live-heap"),
    ] {
        let mut all = vec!["memory", "plan"];
        all.extend(arguments);
        let run = folder.call(&all);
        assert_eq!(run.code, Some(code), "{run}");
        assert!(format!("{run}").contains(says), "{says}: {run}");
    }
}

#[test]
fn a_folder_of_manifests_is_read_together() {
    let environment = "        envFrom:\n        - configMapRef:\n            name: settings\n";
    let shop = deployment("512Mi", "").replace("        env:\n", environment);
    let shop = shop.replace("        - name: PORT\n          value: \"80\"\n", "");
    let folder = Folder::new()
        .with("deploy/shop.yaml", shop)
        .with(
            "deploy/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  GOMEMLIMIT: 460MiB\n",
        )
        .with("deploy/kustomization.yaml", "resources: [\n  shop.yaml\n]\n")
        .with("deploy/service.yaml", "apiVersion: v1\nkind: Service\n");
    let run = folder.memory(&["check", "deploy/*.yaml"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("deploy/config.yaml:6"), "{run}");
    let run = folder.memory(&["check", "deploy/[cks]*e.yaml", "deploy/config.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("ConfigMap, Service"), "{run}");
    // What is none of them is named.
    folder.write("deploy/values.yaml", "image: x\n");
    let run = folder.memory(&["check", "deploy/*.yaml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("deploy/values.yaml: "), "{run}");
}

#[test]
fn an_override_of_compose_overrides() {
    let folder = Folder::new()
        .with(
            "compose.yaml",
            "services:\n  api:\n    image: shop\n    mem_limit: 512m\n    environment: [GOMEMLIMIT=500MiB]\n",
        )
        .with(
            "compose.override.yaml",
            "services:\n  api:\n    mem_limit: 1g\n",
        );
    let run = folder.memory(&["check", "compose.yaml"]);
    assert_eq!(run.judgement("gomemlimit-headroom"), "fail", "{run}");
    let run = folder.memory(&["check", "compose.yaml", "compose.override.yaml"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("compose.override.yaml:3"), "{run}");
}

#[cfg(unix)]
#[test]
fn what_waits_for_a_writer_is_not_read_beside_a_manifest() {
    let folder = Folder::new().with(
        "compose.yaml",
        "services:\n  api:\n    mem_limit: ${MEMORY:-512m}\n    env_file: pipe\n",
    );
    for name in [".env", "pipe"] {
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join(name))
            .status();
        assert!(made.is_ok_and(|status| status.success()));
    }
    let run = folder.memory(&["check", "compose.yaml"]);
    assert_eq!(run.code, Some(3), "{run}");
    for id in ["limit-declared", "gomemlimit-set"] {
        assert_eq!(run.judgement(id), "could-not-judge", "{run}");
        assert!(run.says(id).contains("no regular file"), "{run}");
    }
}
