//! A real Prometheus server that scrapes a real service.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::call::{Folder, Run};
use super::not_run;
use super::service::{Service, get, until};

/// Prometheus with a job for each service.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    /// Starts it in a folder; `None`, said loudly, where it is not installed.
    fn start(folder: &Folder, jobs: &[(&str, &Service)]) -> Option<Self> {
        let program = ["prometheus", "/usr/bin/prometheus"]
            .into_iter()
            .find(|program| {
                Command::new(program)
                    .arg("--version")
                    .output()
                    .is_ok_and(|output| output.status.success())
            })?;
        let mut config = "global: {scrape_interval: 500ms}\nscrape_configs:\n".to_owned();
        for (job, service) in jobs {
            config.push_str(&format!(
                "- job_name: {job}\n  metrics_path: /metrics/runtime\n  static_configs: [{{targets: [\"{}\"]}}]\n",
                service.address()
            ));
        }
        folder.write("prometheus.yml", config);
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let log = fs::File::create(folder.path().join("prometheus.log")).unwrap();
        let child = Command::new(program)
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--log.level=warn",
            ])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Prometheus { child, address };
        until("Prometheus is ready", || {
            std::net::TcpStream::connect(&server.address).is_ok()
        });
        Some(server)
    }

    fn has(&self, query: &str) -> bool {
        get(&self.address, &format!("/api/v1/query?query={query}")).contains("\"value\":")
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_canary_is_judged_by_a_window_of_a_server() {
    let folder = Folder::new();
    let (stable, canary) = (Service::start(&[]), Service::start(&[]));
    // It never collects.
    let idle = Service::start(&[("GOGC", "off")]);
    for service in [&stable, &canary] {
        service.order("/hold?bytes=40MiB");
        service.order("/churn?rate=50MiB");
    }
    canary.order("/churn?rate=400MiB");
    canary.order("/goroutines?n=300");
    let jobs = [("stable", &stable), ("canary", &canary), ("idle", &idle)];
    let Some(server) = Prometheus::start(&folder, &jobs) else {
        return not_run(
            "the canary of a Prometheus server",
            "there is no `prometheus` on PATH (Debian's package has it)",
        );
    };
    for job in ["stable", "canary"] {
        until("there is a rate", || {
            server.has(
                &format!(
                    "increase(go_cpu_classes_gc_total_cpu_seconds_total{{job=\"{job}\"}}[8s])"
                )
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('"', "%22")
                .replace('[', "%5B")
                .replace(']', "%5D")
                .replace('=', "%3D"),
            )
        });
    }
    std::thread::sleep(std::time::Duration::from_secs(8));
    let url = format!("http://{}", server.address);
    let ask = |selector: &str, baseline: &str| -> Run {
        folder.memory(&[
            "check",
            "--prometheus",
            &url,
            "--window",
            "8s",
            "--selector",
            selector,
            "--baseline-selector",
            baseline,
            "--limit",
            "1GiB",
            "--skip",
            "gomemlimit-set",
        ])
    };
    let run = ask("{job=\"canary\"}", "{job=\"stable\"}");
    assert_eq!(run.canary("goroutines"), "fail", "{run}");
    assert_eq!(run.canary("GC CPU share"), "fail", "{run}");
    assert_eq!(run.code, Some(1), "{run}");
    let same = ask("{job=\"stable\"}", "{job=\"stable\"}");
    assert_eq!(
        same.judgements("canary"),
        ["pass", "pass", "pass"],
        "{same}"
    );
    assert!(
        same.text()
            .contains("avg(avg_over_time((go_gc_heap_live_bytes{job=\"stable\"} > 0)[8s:11ms]))"),
        "{same}"
    );
    let idle = ask("{job=\"idle\"}", "{job=\"stable\"}");
    assert_eq!(idle.canary("live heap"), "could-not-judge", "{idle}");
    assert_eq!(idle.canary("GC CPU share"), "not-asked", "{idle}");
    let mixed = ask("{job=~\"stable|canary\"}", "{job=\"stable\"}");
    assert_eq!(mixed.code, Some(2), "{mixed}");
    assert!(
        mixed.stderr.contains(
            "selects different programs, whose figures say nothing together: job=\"canary\", job=\"stable\""
        ),
        "{mixed}"
    );
    let none = ask("{job=\"nobody\"}", "{job=\"stable\"}");
    assert_eq!(none.code, Some(2), "{none}");
    assert!(none.stderr.contains("nobody"), "{none}");
}
