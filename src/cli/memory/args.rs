//! What was typed after `allocgate memory`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::{OnArguments, OutputArguments, PolicySource, duration};
use crate::cli::exit;
use crate::policy::MemoryCheck;

/// Check that a Go program fits its container
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct MemoryArguments {
    #[command(subcommand)]
    pub(super) command: MemoryCommand,
}

const EXAMPLES: &str = "\
Examples:
  # does what is declared fit together?
  allocgate memory check deploy/api.yaml Dockerfile go.mod

  # does the running service stay within it?
  allocgate memory check deploy/api.yaml \\
    --reading http://localhost:8080/metrics --reading pid:1234

  # every figure under its own word
  allocgate memory read pid:1234

  # the tests of a package under the real limit
  allocgate memory run --limit 512MiB -- go test ./...

  # how much will it need?
  allocgate memory plan --live-heap 400MiB --goroutines 2000";

#[derive(Subcommand)]
pub(super) enum MemoryCommand {
    Check(Box<CheckArguments>),
    Read(Box<ReadArguments>),
    Run(Box<RunArguments>),
    Plan(Box<PlanArguments>),
}

const CHECK_EXAMPLES: &str = "\
Examples:
  # manifests alone
  allocgate memory check deploy/*.yaml --container api
  helm template chart/ | allocgate memory check - Dockerfile --container api

  # a running container: its cgroup, its process, its metrics
  allocgate memory check deploy.yaml --reading pid:1234 \\
    --reading http://localhost:8080/metrics
  allocgate memory check deploy.yaml --reading cadvisor.prom \\
    --selector '{pod=\"api-0\",container=\"api\"}'

  # a canary against the release before, ten minutes of a Prometheus server
  allocgate memory check --prometheus http://prometheus:9090 --window 10m \\
    --selector '{deployment=\"api-canary\"}' \\
    --baseline-selector '{deployment=\"api\"}'

  # the same from two pairs of scrapes
  allocgate memory check --baseline-before b1.prom --baseline b2.prom \\
    --reading-before c1.prom --reading c2.prom";

/// Hold manifests and readings against the memory budget
///
/// Manifests are Kubernetes YAML, compose files, Dockerfiles, ECS task definitions, systemd units and go.mod.
/// A reading (SOURCE) is a cgroup directory, a /proc/PID directory, pid:PID, a metrics page (file or http URL),
/// the JSON of `docker stats` or `podman stats`, a reading saved by `allocgate memory read`, or - for standard
/// input. Several of one moment are joined.
#[derive(Args)]
#[command(after_help = CHECK_EXAMPLES, after_long_help = format!("{CHECK_EXAMPLES}\n\n{}", exit::HELP))]
pub(super) struct CheckArguments {
    /// Manifests: files, patterns, or - for standard input
    #[arg(value_name = "MANIFEST")]
    pub(super) manifests: Vec<String>,

    /// The container to judge, by NAME or WORKLOAD/NAME, also as a pattern; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) container: Vec<String>,

    /// The stage of the Dockerfile [default: the last]
    #[arg(long, value_name = "STAGE")]
    pub(super) target: Option<String>,

    #[command(flatten)]
    pub(super) readings: ReadingArguments,

    /// The limit, where neither a manifest nor a reading tells it
    #[arg(long, value_name = "SIZE")]
    pub(super) limit: Option<String>,

    /// A check that must be judged, whatever was given; may be repeated
    #[arg(long, value_name = "CHECK")]
    pub(super) require: Vec<MemoryCheck>,

    /// A check that is not made; may be repeated
    #[arg(long, value_name = "CHECK")]
    pub(super) skip: Vec<MemoryCheck>,

    #[command(flatten)]
    pub(super) policy: MemoryPolicyArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// Readings of the candidate and of the baseline.
#[derive(Args, Default)]
#[command(next_help_heading = "Readings")]
pub(super) struct ReadingArguments {
    /// A reading of the running program; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub(super) reading: Vec<String>,

    /// A reading of the same program some time before: for rates and trends
    #[arg(long, value_name = "SOURCE", requires = "reading")]
    pub(super) reading_before: Vec<String>,

    /// A reading of the baseline to compare with
    #[arg(long, value_name = "SOURCE")]
    pub(super) baseline: Vec<String>,

    /// A reading of the baseline some time before
    #[arg(long, value_name = "SOURCE", requires = "baseline")]
    pub(super) baseline_before: Vec<String>,

    #[command(flatten)]
    pub(super) selection: SelectionArguments,

    /// The address of a Prometheus server to ask instead of reading pages
    #[arg(long, value_name = "URL", conflicts_with_all = ["reading", "baseline"], requires = "selector")]
    pub(super) prometheus: Option<String>,

    /// Which series are the baseline's
    #[arg(long, value_name = "SELECTOR")]
    pub(super) baseline_selector: Option<String>,

    /// How much of the past is asked for
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(super) window: Duration,

    /// How long ago the baseline's window ends [default: now]
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "prometheus")]
    pub(super) baseline_ago: Option<Duration>,
}

/// Which of several, and how to get at it.
#[derive(Args, Default)]
pub(super) struct SelectionArguments {
    /// Which series of a metrics page or server, as in PromQL: '{namespace="shop",container="api"}'; which
    /// container of an engine's statistics: '{name="api"}'
    #[arg(long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,

    /// A header for http requests, such as 'Authorization: Bearer …'; may be repeated
    #[arg(
        long,
        value_name = "HEADER",
        env = "ALLOCGATE_HTTP_HEADER",
        hide_env_values = true
    )]
    pub(super) header: Vec<String>,
}

/// Where the policy comes from.
#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct MemoryPolicyArguments {
    #[command(flatten)]
    pub(super) source: PolicySource,

    #[command(flatten)]
    pub(super) on: OnArguments,
}

const READ_EXAMPLES: &str = "\
Examples:
  allocgate memory read pid:1234 http://localhost:8080/metrics
  allocgate memory read /sys/fs/cgroup/system.slice/api.service
  kubectl get --raw /api/v1/nodes/n1/proxy/metrics/cadvisor | \\
    allocgate memory read - --selector '{pod=\"api-0\"}'
  docker stats --no-stream --format json | \\
    allocgate memory read - --selector '{name=\"api\"}'

  # keep it, and judge it later
  allocgate memory read pid:1234 --save reading.json
  allocgate memory check deploy.yaml --reading reading.json";

/// Show every figure of a running program under its own word
///
/// SOURCE is a cgroup directory, a /proc/PID directory, pid:PID, pid:self, a metrics page (file or http URL), the
/// JSON of `docker stats` or `podman stats`, a saved reading, or - for standard input. Several are joined.
#[derive(Args)]
#[command(after_help = READ_EXAMPLES)]
pub(super) struct ReadArguments {
    /// What to read
    #[arg(value_name = "SOURCE", required = true)]
    pub(super) sources: Vec<String>,

    #[command(flatten)]
    pub(super) selection: SelectionArguments,

    /// Write the reading as JSON to this file, - for standard output
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<String>,
}

const RUN_EXAMPLES: &str = "\
Examples:
  allocgate memory run --limit 512MiB -- go test ./...
  allocgate memory run --limit 512MiB --for 60s --settle 10s \\
    --chart memory.svg -- ./server -config prod.toml";

/// Run a command under a real memory limit and judge what it used
///
/// The command runs in a cgroup of its own with the limit set, its children included; the kernel kills it where it
/// would kill the container. Needs the right to make a cgroup: as root, in a delegated cgroup
/// (`systemd-run --user --scope -p Delegate=yes allocgate …`), or in a container with a writable one. Without it, the
/// processes are measured, and the report says that no limit was enforced.
#[derive(Args)]
#[command(after_help = RUN_EXAMPLES, after_long_help = format!("{RUN_EXAMPLES}\n\n{}", exit::HELP))]
pub(super) struct RunArguments {
    /// The limit, such as 512MiB
    #[arg(long, value_name = "SIZE")]
    pub(super) limit: String,

    /// When the command counts as started up: growth before that is no leak
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = span)]
    pub(super) settle: Duration,

    /// Ask the command to stop (SIGTERM) after this long; that is no failure
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(super) run_for: Option<Duration>,

    /// How long it may take to stop before it is killed
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(super) grace: Duration,

    /// How often memory is read
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = duration)]
    pub(super) interval: Duration,

    /// Write memory over time as SVG
    #[arg(long, value_name = "FILE")]
    pub(super) chart: Option<PathBuf>,

    /// A check that is not made; may be repeated
    #[arg(long, value_name = "CHECK")]
    pub(super) skip: Vec<MemoryCheck>,

    #[command(flatten)]
    pub(super) policy: MemoryPolicyArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments,

    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND", required = true)]
    pub(super) command: Vec<OsString>,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  allocgate memory plan --live-heap 400MiB --goroutines 2000
  allocgate memory plan --reading http://localhost:8080/metrics --gogc 50
  allocgate memory plan --live-heap 400MiB --limit 1GiB --gomemlimit 900MiB";

/// Predict the peak of a load, with a limit and a GOMEMLIMIT to set
#[derive(Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub(super) struct PlanArguments {
    /// Bytes reachable at a garbage collection (go_gc_heap_live_bytes)
    #[arg(long, value_name = "SIZE")]
    pub(super) live_heap: Option<String>,

    /// A reading to take the live heap, goroutines, GOGC and GOMEMLIMIT from
    #[arg(long, value_name = "SOURCE")]
    pub(super) reading: Vec<String>,

    #[command(flatten)]
    pub(super) selection: SelectionArguments,

    /// Number of goroutines
    #[arg(long, value_name = "N")]
    pub(super) goroutines: Option<u32>,

    /// GOGC: a percentage, or off
    #[arg(long, value_name = "PERCENT")]
    pub(super) gogc: Option<String>,

    /// GOMEMLIMIT, as the runtime takes it: 900MiB
    #[arg(long, value_name = "SIZE")]
    pub(super) gomemlimit: Option<String>,

    /// Memory that a service needs besides heap and stacks [default: 50MiB]
    #[arg(long, value_name = "SIZE")]
    pub(super) fixed: Option<String>,

    /// The stack of a goroutine [default: 8KiB]
    #[arg(long, value_name = "SIZE")]
    pub(super) stack: Option<String>,

    /// Memory that the Go runtime does not see: cgo, mmap [default: 0]
    #[arg(long, value_name = "SIZE")]
    pub(super) outside_go: Option<String>,

    /// Share of the limit to leave free [default: 15%]
    #[arg(long, value_name = "PERCENT")]
    pub(super) reserve: Option<String>,

    /// A limit to hold the peak against
    #[arg(long, value_name = "SIZE")]
    pub(super) limit: Option<String>,

    #[command(flatten)]
    pub(super) policy: MemoryPolicyArguments,

    /// Print the figures as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A duration that may be nothing.
fn span(text: &str) -> Result<Duration, String> {
    let is_nothing = |text: &str| text.chars().all(|c| matches!(c, '0' | 's' | 'm'));
    match text {
        _ if !text.is_empty() && is_nothing(text) => Ok(Duration::ZERO),
        _ => duration(text),
    }
}
