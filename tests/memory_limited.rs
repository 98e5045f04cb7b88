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

use allocgate::memory::limited::{self, CommandEnd, Enforcement, Options, Outcome, StoppedBy};
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
        let mut command = Command::new(std::env::current_exe().unwrap());
        change(&mut command);
        Run::start_by(command, options)
    }

    /// After a line of shell.
    fn start_after(line: &str, options: &Options) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{line} && exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap());
        Run::start_by(command, options)
    }

    fn start_by(mut command: Command, options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Whoever runs it may write there.
        fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        command
            .args(["--exact", "one_run", "--ignored", "--nocapture"])
            .env("TEST_OPTIONS", serde_json::to_string(options).unwrap())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
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

/// The start of a script that makes cgroups below its own: `$base` is where it may.
const BASE: &str = "
if [ -e /sys/fs/cgroup/cgroup.procs ]
then base=$(dirname /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)) limit=memory.max
    echo +memory >$base/cgroup.subtree_control
else base=/sys/fs/cgroup/memory$(grep :memory: /proc/self/cgroup | cut -d: -f3) limit=memory.limit_in_bytes
fi
mkdir $base/sub
";

/// A cgroup of a test's own, next to it, if one can be made here.
struct Place(PathBuf);

impl Place {
    fn make(name: &str) -> Option<Self> {
        let own = cgroup::of_process(None, Path::new("/proc")).ok()?;
        let dir = own.join(format!("test-{name}-{}", std::process::id()));
        let made = fs::create_dir(&dir).is_ok();
        if !made {
            eprintln!("not run: no cgroup can be made in {}", own.display());
        }
        made.then_some(Place(dir))
    }

    fn version(&self) -> u8 {
        cgroup::version(&self.0).unwrap()
    }

    fn set(&self, file: &str, value: &str) {
        fs::write(self.0.join(file), value).unwrap();
    }

    fn get(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file))
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn enter(&self) -> String {
        format!("echo 0 >{}/cgroup.procs", self.0.display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let below = fs::read_dir(&self.0).into_iter().flatten().flatten();
        for entry in below.filter(|entry| entry.path().is_dir()) {
            let _ = fs::remove_dir(entry.path());
        }
        let _ = fs::remove_dir(&self.0);
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
    let outcome = Run::start(&shell(&hold(50, 1500, 3), 128)).end();
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
fn kills_in_cgroups_that_the_command_makes_are_counted() {
    if !enforced() {
        return;
    }
    let inside = format!(
        "{BASE} (echo 0 >$base/sub/cgroup.procs; {})",
        hold(200, 5000, 0)
    );
    let outcome = Run::start(&shell(&format!("{inside}; exit 5"), 64)).end();
    let kills = outcome.peaks.get(Word::OomKills).unwrap();
    assert_eq!((kills.value, kills.bound), (1.0, Bound::Exact), "{kills:?}");
    assert_eq!(outcome.end, CommandEnd::Exited(5));
    assert!(!outcome.escaped);
    assert_clean(&outcome);
    // One that is gone has taken its count with it, in version 1.
    let outcome = Run::start(&shell(&format!("{inside}; rmdir $base/sub; exit 0"), 64)).end();
    let kills = outcome.peaks.get(Word::OomKills).unwrap();
    match &outcome.enforced {
        Enforcement::By { version: 1, .. } => {
            assert!(matches!(kills.bound, Bound::AtLeast | Bound::Doubtful));
            assert!(kills.remark.as_ref().unwrap().contains("is gone"));
        }
        _ => assert_eq!((kills.value, kills.bound), (1.0, Bound::Exact)),
    }
}

#[test]
fn a_kill_for_another_limit_is_none_for_this_one() {
    if !enforced() {
        return;
    }
    let script = format!(
        "{BASE} echo 20M >$base/sub/$limit; echo 0 >$base/sub/cgroup.procs; {}",
        hold(100, 5000, 0)
    );
    let outcome = Run::start(&shell(&script, 512)).end();
    let kills = outcome.peaks.get(Word::OomKills).unwrap();
    assert_eq!(
        (kills.value, kills.bound),
        (1.0, Bound::Doubtful),
        "{kills:?}"
    );
    assert!(kills.remark.as_ref().unwrap().contains("not for this"));
    assert_eq!(outcome.end, CommandEnd::Signaled(9));
}

#[test]
fn who_leaves_the_cgroup_is_seen_and_killed_all_the_same() {
    if !enforced() {
        return;
    }
    let leave = format!("{BASE} echo 0 >$base/../cgroup.procs");
    let run = Run::start(&shell(
        &format!("({leave}; sleep 1000 & echo $! >child); sleep 1"),
        64,
    ));
    let child: u32 = run.told("child").trim().parse().unwrap();
    let outcome = run.end();
    assert!(outcome.escaped);
    assert_eq!((&outcome.end, outcome.left), (&CommandEnd::Exited(0), 1));
    assert!(!is_alive(child));
    assert_clean(&outcome);
    // The same for all of it, and when we are killed.
    let script = format!("{leave}; echo $$ >child; sleep 1000");
    let mut run = Run::start(&shell(&script, 64));
    let child: u32 = run.told("child").trim().parse().unwrap();
    sleep(Duration::from_millis(200));
    run.process.kill().unwrap();
    run.process.wait().unwrap();
    wait_for(|| (!is_alive(child)).then_some(()));
}

#[test]
fn a_run_within_a_run_stays_within_its_limit() {
    if !enforced() {
        return;
    }
    let program = options(Vec::new(), 1).program;
    let script = format!(
        "{} memory run --limit 100MiB -- sh -c 'cat /proc/self/cgroup >own; {}' >report; exit 0",
        program.display(),
        hold(40, 700, 0).replace('\'', "\"")
    );
    let run = Run::start(&shell(&script, 64));
    let own = run.told("own");
    let outcome = run.end();
    let outer = group(&outcome).file_name().unwrap().to_str().unwrap();
    assert!(own.contains(&format!("/{outer}/allocgate-")), "{own}");
    assert_eq!(
        (&outcome.end, outcome.escaped),
        (&CommandEnd::Exited(0), false)
    );
    assert!(mebibytes(&outcome, Word::PeakUsage) > 40.0);
    assert_clean(&outcome);
}

#[test]
fn the_command_is_allowed_no_more_than_we_are() {
    if !enforced() {
        return;
    }
    let Some(place) = Place::make("cap") else {
        return;
    };
    match place.version() {
        1 => place.set("memory.limit_in_bytes", "96M"),
        _ => {
            place.set("memory.max", "96M");
            place.set("pids.max", "77");
        }
    }
    let script = "[ -e /sys/fs/cgroup/cgroup.procs ] && cat /sys/fs/cgroup$(dirname $(cut -d: -f3 /proc/self/cgroup))/pids.max >pids; exit 0";
    let run = Run::start_after(&place.enter(), &shell(script, 128));
    let pids = (place.version() == 2).then(|| run.told("pids"));
    let outcome = run.end();
    assert_eq!(outcome.capped, Some(96 * MI));
    let limit = outcome.peaks.get(Word::Limit).unwrap();
    assert_eq!(limit.value, 96.0 * MI as f64);
    assert!(limit.remark.as_ref().unwrap().contains("no more than this"));
    assert_eq!(pids.as_deref().map(str::trim), pids.as_ref().map(|_| "77"));
    assert_clean(&outcome);
    // What fits into it is what was asked for.
    let outcome = Run::start_after(&place.enter(), &shell("exit 0", 64)).end();
    assert_eq!(outcome.capped, None);
}

#[test]
fn the_controller_stays_where_others_may_rely_on_it() {
    if !enforced() {
        return;
    }
    let Some(place) = Place::make("others").filter(|place| place.version() == 2) else {
        return;
    };
    for name in ["own", "beside"] {
        fs::create_dir(place.0.join(name)).unwrap();
    }
    let own = format!("echo 0 >{}/own/cgroup.procs", place.0.display());
    let run = Run::start_after(&own, &shell("echo >ready; sleep 0.5", 64));
    run.told("ready");
    place.set("beside/memory.max", "64M");
    let outcome = run.end();
    assert_eq!(place.get("beside/memory.max"), (64 * MI).to_string());
    assert_eq!(outcome.left_on.as_ref(), Some(&place.0));
    assert_clean(&outcome);
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
fn a_service_that_goes_into_the_background_is_watched_until_its_time_is_over() {
    let options = Options {
        run_for: Some(Duration::from_millis(1500)),
        ..shell(&format!("({}) & exit 0", hold(30, 100_000, 0)), 128)
    };
    let outcome = Run::start(&options).end();
    let stopped = CommandEnd::Stopped {
        by: StoppedBy::Exited(0),
    };
    assert_eq!((&outcome.end, outcome.left), (&stopped, 0));
    assert!(outcome.elapsed > Duration::from_millis(1400));
    assert!(outcome.last.get(Word::Rss).unwrap().value > 30.0 * MI as f64);
}

#[test]
fn what_cleans_up_may_be_killed_itself() {
    let run = Run::start(&shell("echo >ready; sleep 0.5; sleep 1000 & exit 0", 64));
    run.told("ready");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let reaper = entries.filter_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.to_owned();
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (parent == run.process.id().to_string() && line.contains("__reap")).then_some(process)
    });
    signal_process(reaper.last().unwrap(), "-KILL");
    let outcome = run.end();
    assert!(outcome.cleaned, "{outcome:?}");
    if let Enforcement::By { group, .. } = &outcome.enforced {
        assert!(!group.exists());
    }
}

#[test]
fn nothing_is_left_when_we_are_killed() {
    let options = shell(
        "(setsid sh -c 'echo $$ >away; exec sleep 1000' &); while ! [ -s away ]; do sleep 0.01; done
        sleep 1000 & echo $! $$ $(cat away) >processes; wait",
        64,
    );
    for who in [|_: &mut Command| {}, as_nobody] {
        let mut run = Run::start_as(&options, who);
        let told = run.told("processes");
        let processes: Vec<u32> = told
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        // Until a sample was taken.
        sleep(Duration::from_millis(200));
        let group = cgroup::of_process(Some(processes[0]), Path::new("/proc"));
        run.process.kill().unwrap();
        assert_eq!(run.process.wait().unwrap().signal(), Some(9));
        for process in processes {
            wait_for(|| (!is_alive(process)).then_some(()));
        }
        let ours = group
            .iter()
            .flat_map(|group| group.ancestors())
            .find(|dir| {
                dir.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("allocgate-"))
            });
        if let Some(group) = ours {
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
fn signals_that_were_ignored_stay_ignored() {
    let script = "echo ready >ready; sleep 0.5; kill -HUP $$; exit 3";
    let run = Run::start_after("trap '' HUP", &shell(script, 64));
    run.told("ready");
    run.signal("-HUP");
    let outcome = run.end();
    assert_eq!(
        (outcome.end, outcome.interrupted),
        (CommandEnd::Exited(3), None)
    );
}

#[test]
fn all_of_a_command_are_asked_to_stop_and_have_time_to() {
    let child = "sh -c 'trap \"sleep 1; echo done >done; exit 0\" TERM; echo >ready; while :; do sleep 0.05; done'";
    let options = Options {
        run_for: Some(Duration::from_millis(1000)),
        linger: Duration::from_millis(100),
        ..shell(&format!("{child} & trap 'exit 6' TERM; wait"), 64)
    };
    let run = Run::start(&options);
    run.told("ready");
    assert_eq!(run.told("done"), "done\n");
    let outcome = run.end();
    let stopped = CommandEnd::Stopped {
        by: StoppedBy::Exited(6),
    };
    assert_eq!((&outcome.end, outcome.left), (&stopped, 0));
    // One that does not.
    let options = Options {
        run_for: Some(Duration::from_millis(500)),
        grace: Duration::from_millis(300),
        ..shell("trap '' TERM; while :; do sleep 0.05; done", 64)
    };
    let killed = CommandEnd::Stopped {
        by: StoppedBy::Killed,
    };
    assert_eq!(Run::start(&options).end().end, killed);
}

#[test]
fn short_commands_have_samples_of_their_own() {
    let outcome = Run::start(&shell("sleep 0.06", 64)).end();
    assert!(outcome.samples.len() >= 2, "{:?}", outcome.samples);
    for sample in &outcome.samples {
        assert_ne!(sample.processes, Some(0));
        assert_ne!(sample.rss, Some(0));
        assert_ne!(sample.resident, Some(0));
    }
    // Of the command alone: what starts it is much larger.
    let rss = outcome.samples.iter().filter_map(|sample| sample.rss).max();
    assert!(rss.unwrap() < 4 * MI, "{:?}", outcome.samples);
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
        (
            &CommandEnd::Stopped {
                by: StoppedBy::Signaled(15)
            },
            None
        )
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
    // In version 1 it is the limit of memory and swap together that is met.
    let hits = outcome.peaks.get(Word::LimitHits).unwrap();
    assert!(
        hits.value > 0.0 || hits.bound == Bound::Doubtful,
        "{hits:?}"
    );
    assert_eq!(count(&outcome, Word::Swap), Some(0.0));
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
    assert!(why.contains("run this as root"), "{why}");
    // Beyond the limit, and not killed.
    let stopped = CommandEnd::Stopped {
        by: StoppedBy::Signaled(15),
    };
    assert_eq!((&outcome.end, outcome.left), (&stopped, 0));
    // Of several processes: pages that they share are no doubt any more.
    let peak = outcome.peaks.get(Word::PeakResident).unwrap();
    assert_eq!(
        (peak.bound, peak.from.as_str()),
        (Bound::AtLeast, "samples: sum of PSS − lazy-free")
    );
    assert!(outcome.last.get(Word::Resident).is_none());
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
fn many_processes_are_sampled_less_often() {
    let options = Options {
        interval: Duration::from_millis(1),
        run_for: Some(Duration::from_secs(5)),
        ..shell("for i in $(seq 200); do sleep 1000 & done; wait", 256)
    };
    let outcome = Run::start(&options).end();
    let share = outcome.sampling_cpu.as_secs_f64() / outcome.elapsed.as_secs_f64();
    // In an emulator, nearly all of it for looking at them page by page, once at the start and once
    // before they are stopped.
    assert!(share < 0.4, "{share} for {} samples", outcome.samples.len());
    assert_eq!(outcome.left, 0);
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
    assert!(refused(&small).contains("512MiB"));
    let large = Options {
        limit: u64::MAX >> 1,
        ..shell("exit 0", 1)
    };
    assert!(refused(&large).contains("more than the kernel can count"));
    let restless = Options {
        interval: Duration::ZERO,
        ..shell("exit 0", 64)
    };
    assert!(refused(&restless).contains("millisecond"));
}
