//! Commands under a real memory limit, with the cgroups of this machine.
//!
//! Each run has a process of its own, as it has in use: this very test program, started again to
//! be `one_run`. It is the workload, too. Where no cgroup can be made, tests say so and check nothing.
//! `ALLOCGATE_TEST_PROGRAM` names another executable than the one that was just built.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "tests"
)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use allocgate::memory::limited::{self, CommandEnd, Enforcement, Options, Outcome};
use allocgate::memory::reading::{Bound, Word, cgroup};
use allocgate::process::Interrupt;

const MI: u64 = 1 << 20;
/// What no test should take.
const AGES: Duration = Duration::from_secs(60);

/// A run in a process of its own.
struct Run {
    process: Child,
    folder: tempfile::TempDir,
}

impl Run {
    fn start(options: &Options) -> Self {
        Run::start_as(options, |_| {})
    }

    fn start_as(options: &Options, change: fn(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Whoever runs it may write there.
        fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "one_run", "--ignored", "--nocapture"])
            .env("TEST_OPTIONS", serde_json::to_string(options).unwrap())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        change(&mut command);
        Run {
            process: command.spawn().unwrap(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the command wrote to a file, when it has.
    fn told(&self, name: &str) -> String {
        wait_for(|| {
            fs::read_to_string(self.path(name))
                .ok()
                .filter(|text| text.ends_with('\n'))
        })
    }

    fn signal(&self, signal: &str) {
        signal_process(self.process.id(), signal);
    }

    fn end(mut self) -> Outcome {
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
        let text = fs::read_to_string(self.path("outcome")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// Somebody who may make no cgroup, if that is for us to choose.
fn as_nobody(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
}

fn signal_process(process: u32, signal: &str) {
    let kill = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

fn wait_for<T>(mut question: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(start.elapsed() < AGES, "it never came");
        sleep(Duration::from_millis(20));
    }
}

fn is_alive(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn options(command: Vec<OsString>, mebibytes: u64) -> Options {
    let program = std::env::var_os("ALLOCGATE_TEST_PROGRAM");
    Options {
        program: program.map_or_else(
            || PathBuf::from(env!("CARGO_BIN_EXE_allocgate")),
            PathBuf::from,
        ),
        interval: Duration::from_millis(20),
        ..Options::new(command, mebibytes * MI)
    }
}

fn shell(script: &str, mebibytes: u64) -> Options {
    options(["sh", "-c", script].map(OsString::from).to_vec(), mebibytes)
}

/// The command line of this program as a workload that holds memory and ends with a status.
fn hold(mebibytes: u64, milliseconds: u64, status: i32) -> String {
    format!(
        "WORKLOAD='{mebibytes} {milliseconds} {status}' exec {} --exact workload --ignored --nocapture",
        std::env::current_exe().unwrap().display()
    )
}

#[test]
#[ignore = "is started by the others"]
fn workload() {
    let work = std::env::var("WORKLOAD").unwrap();
    let numbers: Vec<u64> = work.split(' ').map(|word| word.parse().unwrap()).collect();
    let held = vec![1u8; (numbers[0] * MI) as usize];
    sleep(Duration::from_millis(numbers[1]));
    std::process::exit(i32::try_from(numbers[2]).unwrap() + i32::from(held[0]) - 1);
}

#[test]
#[ignore = "is started by the others"]
fn one_run() {
    let options: Options = serde_json::from_str(&std::env::var("TEST_OPTIONS").unwrap()).unwrap();
    let outcome = limited::run(&options, &Interrupt::catch().unwrap()).unwrap();
    fs::write("outcome", serde_json::to_string(&outcome).unwrap()).unwrap();
}

/// Whether limits can be enforced here; told once if not.
fn enforced() -> bool {
    static WHY_NOT: OnceLock<Option<String>> = OnceLock::new();
    let why_not = WHY_NOT.get_or_init(|| match Run::start(&shell("exit 0", 64)).end().enforced {
        Enforcement::By { .. } => None,
        Enforcement::Not { why } => Some(why),
    });
    if let Some(why) = why_not {
        eprintln!("not run: no memory limit can be enforced here: {why}");
    }
    why_not.is_none()
}

fn mebibytes(outcome: &Outcome, word: Word) -> f64 {
    let figure = outcome.peaks.get(word);
    figure
        .unwrap_or_else(|| panic!("no {word:?}: {:#?}", outcome.peaks))
        .value
        / MI as f64
}

fn count(outcome: &Outcome, word: Word) -> Option<f64> {
    outcome.peaks.get(word).map(|figure| figure.value)
}

fn group(outcome: &Outcome) -> &Path {
    match &outcome.enforced {
        Enforcement::By { group, .. } => group,
        Enforcement::Not { why } => panic!("{why}"),
    }
}

fn assert_clean(outcome: &Outcome) {
    assert!(outcome.cleaned && !group(outcome).exists(), "{outcome:?}");
}

#[test]
fn a_command_that_fits_ends_as_it_likes() {
    if !enforced() {
        return;
    }
    let outcome = Run::start(&shell(&hold(50, 1000, 3), 128)).end();
    assert_eq!(outcome.end, CommandEnd::Exited(3));
    for word in [Word::PeakUsage, Word::PeakWorkingSet, Word::PeakAnonymous] {
        let peak = mebibytes(&outcome, word);
        assert!(
            (49.0..75.0).contains(&peak),
            "{word:?} {peak}: {:#?}",
            outcome.peaks
        );
    }
    assert_eq!(mebibytes(&outcome, Word::Limit), 128.0);
    assert_eq!(count(&outcome, Word::OomKills), Some(0.0));
    assert!(outcome.samples.len() > 10, "{:?}", outcome.samples);
    assert!(outcome.last.get(Word::Usage).unwrap().value > 49.0 * MI as f64);
    assert!(outcome.elapsed > Duration::from_millis(1000));
    assert_eq!((outcome.left, outcome.interrupted), (0, None));
    assert_clean(&outcome);
}

#[test]
fn the_command_is_inside_before_it_runs_and_has_nothing_of_ours() {
    if !enforced() {
        return;
    }
    let script = "ls /proc/self/fd >fds; cat /proc/self/cgroup >own; echo done >done; sleep 0.2";
    let run = Run::start(&shell(script, 64));
    run.told("done");
    let (fds, own) = (run.told("fds"), run.told("own"));
    let outcome = run.end();
    // As many as a command has that we start from here.
    let plain = Command::new("sh")
        .args(["-c", "ls /proc/self/fd"])
        .output()
        .unwrap();
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert_eq!(fds.lines().count(), plain.lines().count(), "{fds} {plain}");
    let name = group(&outcome).file_name().unwrap().to_str().unwrap();
    assert!(own.contains(name), "{own}");
}

#[test]
fn the_kernel_kills_what_does_not_fit() {
    if !enforced() {
        return;
    }
    let outcome = Run::start(&shell(&hold(200, 5000, 0), 64)).end();
    assert_eq!(outcome.end, CommandEnd::OomKilled);
    assert_eq!(count(&outcome, Word::OomKills), Some(1.0));
    assert!(mebibytes(&outcome, Word::PeakUsage) > 60.0);
    assert_clean(&outcome);
    // Of a command that lives on, the child that was killed counts.
    let outcome = Run::start(&shell(&format!("({}); exit 5", hold(200, 5000, 0)), 64)).end();
    assert_eq!(outcome.end, CommandEnd::Exited(5));
    assert_eq!(count(&outcome, Word::OomKills), Some(1.0));
}

#[test]
fn a_signal_and_a_command_that_is_not_there() {
    let outcome = Run::start(&shell("kill -USR1 $$", 64)).end();
    assert_eq!(outcome.end, CommandEnd::Signaled(10));
    let outcome = Run::start(&shell("kill -KILL $$", 64)).end();
    assert_eq!(outcome.end, CommandEnd::Signaled(9));
    assert_eq!(
        Run::start(&shell("exit 127", 64)).end().end,
        CommandEnd::Exited(127)
    );
    for (command, status, part) in [
        (
            "/nowhere/at-all",
            127,
            "`/nowhere/at-all`, or the interpreter",
        ),
        ("/etc/passwd", 126, "`/etc/passwd` cannot be executed"),
    ] {
        let outcome = Run::start(&options(vec![command.into()], 64)).end();
        let CommandEnd::NotStarted { why, code } = &outcome.end else {
            panic!("{:?}", outcome.end);
        };
        assert_eq!(*code, status);
        assert!(why.contains(part), "{why}");
        assert!(outcome.cleaned);
    }
}

#[test]
fn what_outlives_the_command_is_counted_and_killed() {
    let options = Options {
        linger: Duration::from_millis(200),
        ..shell(
            "sleep 1000 & echo $! >child; (sleep 0.1; exit 0) & exit 0",
            64,
        )
    };
    let run = Run::start(&options);
    let child: u32 = run.told("child").trim().parse().unwrap();
    let outcome = run.end();
    assert_eq!(
        (outcome.end, outcome.left, outcome.cleaned),
        (CommandEnd::Exited(0), 1, true)
    );
    assert!(!is_alive(child));
}

#[test]
fn nothing_is_left_when_we_are_killed() {
    let options = shell("sleep 1000 & echo $! $$ >processes; wait", 64);
    for who in [|_: &mut Command| {}, as_nobody] {
        let mut run = Run::start_as(&options, who);
        let told = run.told("processes");
        let processes: Vec<u32> = told
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        let group = cgroup::of_process(Some(processes[0]), Path::new("/proc"));
        run.process.kill().unwrap();
        assert_eq!(run.process.wait().unwrap().signal(), Some(9));
        for process in processes {
            wait_for(|| (!is_alive(process)).then_some(()));
        }
        if let Ok(group) = group
            && group
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("allocgate-"))
        {
            wait_for(|| (!group.exists()).then_some(()));
        }
    }
}

#[test]
fn sigterm_is_passed_on_and_said() {
    let script = "trap 'exit 7' TERM; echo ready >ready; while :; do sleep 0.05; done";
    let run = Run::start(&shell(script, 64));
    run.told("ready");
    run.signal("-TERM");
    let outcome = run.end();
    assert_eq!(
        (outcome.end, outcome.interrupted),
        (CommandEnd::Exited(7), Some(15))
    );
    // A command that does not care is killed.
    let options = Options {
        grace: Duration::from_millis(300),
        ..shell(
            "trap '' TERM; echo ready >ready; while :; do sleep 0.05; done",
            64,
        )
    };
    let run = Run::start(&options);
    run.told("ready");
    run.signal("-HUP");
    let outcome = run.end();
    assert_eq!(
        (outcome.end, outcome.interrupted),
        (CommandEnd::Signaled(9), Some(1))
    );
    assert!(outcome.cleaned);
}

#[test]
fn a_command_whose_time_is_over_is_asked_to_stop() {
    let options = Options {
        run_for: Some(Duration::from_millis(1500)),
        ..shell(&hold(30, 100_000, 0), 128)
    };
    let outcome = Run::start(&options).end();
    assert_eq!(
        (&outcome.end, outcome.interrupted),
        (&CommandEnd::Stopped, None)
    );
    assert!(outcome.elapsed < Duration::from_secs(10));
    // As it was before it was asked.
    for word in [Word::Rss, Word::Resident] {
        let figure = outcome.last.get(word).unwrap();
        assert!(figure.value > 30.0 * MI as f64, "{:?}", outcome.last);
    }
    assert!((30.0..50.0).contains(&mebibytes(&outcome, Word::PeakResident)));
}

#[test]
fn page_cache_is_usage_and_not_working_set() {
    if !enforced() {
        return;
    }
    // On a file system whose pages can be dropped, which those of tmpfs cannot.
    let target = std::env::var_os("ALLOCGATE_TEST_DISK")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let file = target.join(format!("cache-{}", std::process::id()));
    let script = format!(
        "dd if=/dev/zero of={0} bs=1M count=200 2>dd && sync && dd if={0} of=/dev/null bs=1M 2>dd; sleep 2.5; rm -f {0}",
        file.display()
    );
    let outcome = Run::start(&shell(&script, 64)).end();
    assert_eq!(outcome.end, CommandEnd::Exited(0));
    assert!(mebibytes(&outcome, Word::PeakUsage) > 60.0);
    assert_eq!(count(&outcome, Word::OomKills), Some(0.0));
    assert!(
        mebibytes(&outcome, Word::PeakResident) < 30.0,
        "{:#?}",
        outcome.peaks
    );
    // Of the end: at its height, dirty pages are still on their way to the list.
    let last = outcome.last.get(Word::WorkingSet).unwrap().value / MI as f64;
    assert!(last < 30.0, "{:#?}", outcome.last);
}

#[test]
fn what_is_given_back_lazily_is_no_working_set() {
    if !enforced() {
        return;
    }
    let script = "import mmap, os, time
m = mmap.mmap(-1, 100 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for i in range(100): m.write(b'x' * (1 << 20))
m.madvise(mmap.MADV_FREE)
time.sleep(4)
os._exit(0)";
    if Command::new("python3")
        .args(["-c", "import mmap; mmap.MADV_FREE"])
        .status()
        .is_err()
    {
        eprintln!("not run: there is no python3");
        return;
    }
    let command = ["python3", "-c", script].map(OsString::from).to_vec();
    let outcome = Run::start(&options(command, 256)).end();
    assert_eq!(outcome.end, CommandEnd::Exited(0));
    let last = |word| outcome.last.get(word).unwrap().value / MI as f64;
    assert!(
        last(Word::Usage) > 100.0 && last(Word::Anonymous) > 100.0,
        "{:#?}",
        outcome.last
    );
    assert!(last(Word::WorkingSet) < 40.0, "{:#?}", outcome.last);
    assert!(
        last(Word::Rss) > 100.0 && last(Word::Resident) < 40.0,
        "{:#?}",
        outcome.last
    );
}

#[test]
fn without_a_cgroup_the_processes_are_measured_and_it_is_said() {
    let held = hold(50, 100_000, 0).replace("exec ", "");
    let options = Options {
        run_for: Some(Duration::from_secs(2)),
        linger: Duration::from_millis(100),
        ..shell(&format!("{held} & wait"), 32)
    };
    let outcome = Run::start_as(&options, as_nobody).end();
    let Enforcement::Not { why } = &outcome.enforced else {
        eprintln!("not run: whoever runs this may limit memory without being root");
        return;
    };
    assert!(why.contains("systemd-run --user --scope"), "{why}");
    // Beyond the limit, and not killed.
    assert_eq!((&outcome.end, outcome.left), (&CommandEnd::Stopped, 1));
    for word in [Word::PeakRss, Word::PeakResident, Word::Pss] {
        let figure = outcome.peaks.get(word).unwrap();
        assert!(
            (50.0..80.0).contains(&mebibytes(&outcome, word)),
            "{:#?}",
            outcome.peaks
        );
        assert!(figure.remark.as_ref().unwrap().contains("not enforced"));
        assert_ne!(figure.bound, Bound::Exact);
    }
    assert!(outcome.peaks.get(Word::Limit).is_none());
    assert!(outcome.cleaned);
}

/// `cargo test --release --test memory_limited -- --ignored --exact sampling_costs_little --nocapture`
#[test]
#[ignore = "takes half a minute, and is of interest in a release build"]
fn sampling_costs_little() {
    let run = Options {
        interval: Duration::from_millis(100),
        ..shell(&hold(1024, 30_000, 0), 2048)
    };
    let outcome = Run::start(&run).end();
    let share = outcome.sampling_cpu.as_secs_f64() / outcome.elapsed.as_secs_f64();
    let weighed = outcome
        .samples
        .iter()
        .filter(|sample| sample.resident.is_some());
    eprintln!(
        "{:?} of {:?}: {:.2} % of a processor for {} samples, {} of them page by page",
        outcome.sampling_cpu,
        outcome.elapsed,
        share * 100.0,
        outcome.samples.len(),
        weighed.count()
    );
    assert!(outcome.samples.len() >= 295);
    assert!(share < 0.01, "{share}");
}

#[test]
fn runs_that_make_no_sense_are_refused() {
    let interrupt = Interrupt::default();
    let refused = |options: &Options| limited::run(options, &interrupt).unwrap_err().to_string();
    assert!(refused(&options(Vec::new(), 64)).contains("no command"));
    let small = Options {
        limit: 100 << 10,
        ..shell("exit 0", 1)
    };
    assert!(refused(&small).contains("a limit of 102400 bytes"));
    let restless = Options {
        interval: Duration::ZERO,
        ..shell("exit 0", 64)
    };
    assert!(refused(&restless).contains("millisecond"));
}
