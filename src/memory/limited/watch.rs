//! A run from its start to its end.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGINT, SIGKILL};

use super::gauge::{Gauge, Scope};
use super::group::Group;
use super::reap::{Order, Reaper};
use super::tree::Tree;
use super::{CommandEnd, Enforcement, LimitedError, Options, Outcome, enter, report, tree};
use crate::memory::reading::{Bound, Figure, Reading, Word};
use crate::process::Interrupt;

/// How often a signal is looked for.
const TICK: Duration = Duration::from_millis(50);
/// The first sample comes so soon: a short command has one, too.
const FIRST: Duration = Duration::from_millis(10);
/// How long a process may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(options: &Options, interrupt: &Interrupt) -> Result<Outcome, LimitedError> {
    let cpu = cpu_time();
    let mut reaper = Reaper::start(&options.program).map_err(|source| LimitedError::Start {
        what: "the process that cleans up",
        source,
    })?;
    let (mut scope, enforced) = match Group::make(&options.program, options.limit, &mut reaper) {
        Ok(group) => {
            let enforced = Enforcement::By {
                group: group.dir().to_owned(),
                version: group.version(),
            };
            (Scope::Group(group), enforced)
        }
        Err(why) => (
            Scope::Tree(Tree::new()),
            Enforcement::Not {
                why: advise(&why, options.limit),
            },
        ),
    };
    let failed = |source| LimitedError::Start {
        what: "the command",
        source,
    };
    let gauge = Gauge::new(&scope).map_err(failed)?;
    let started = Started::start(options, &mut scope, &mut reaper).map_err(failed)?;
    let mut watch = Watch {
        options,
        interrupt,
        scope,
        gauge,
        command: started.process,
        start: Instant::now(),
        samples_due: FIRST.min(options.interval),
        stop: None,
    };
    let status = watch.until_the_end(&started.ended);
    let elapsed = watch.start.elapsed();
    let last = report::last(&watch.scope, &watch.gauge);
    watch.let_linger();
    let left = watch.scope.processes().len();

    let counted = match &watch.scope {
        Scope::Group(group) => report::counted(group.dir(), options.limit)?,
        Scope::Tree(_) => Vec::new(),
    };
    let mut peaks = report::peaks(&watch.scope, &watch.gauge, counted);
    let killed = watch.stop.as_ref().is_some_and(|stop| stop.killed);
    let end = match started.failure() {
        Some((enter::NOT_ENTERED, why)) => return Err(LimitedError::NotEntered(why)),
        Some((code, why)) => not_started(options, code, &why),
        None => end_of(status, killed, &mut peaks, watch.stop.as_ref()),
    };
    watch.scope.kill();
    let cleaned = reaper.finish();
    Ok(Outcome {
        enforced,
        end,
        samples: watch.gauge.into_samples(),
        peaks,
        last: watch.stop.map_or(last, |stop| stop.before),
        elapsed,
        sampling_cpu: cpu_time().saturating_sub(cpu),
        left: u32::try_from(left).unwrap_or(u32::MAX),
        cleaned,
        interrupted: interrupt.signal(),
    })
}

/// A command that runs.
struct Started {
    process: u32,
    ended: Receiver<io::Result<ExitStatus>>,
    /// Where `enter` waits for its go; not to be closed before it is opened there.
    _go: (PipeReader, PipeWriter),
    /// Where it says why the command could not take its place.
    said: (PipeReader, PipeWriter),
}

impl Started {
    fn start(options: &Options, scope: &mut Scope, reaper: &mut Reaper) -> io::Result<Self> {
        let mut go = io::pipe()?;
        let said = io::pipe()?;
        let group = match scope {
            Scope::Group(group) => group.dir(),
            Scope::Tree(_) => Path::new(""),
        };
        let open = |file: RawFd| format!("/proc/{}/fd/{file}", std::process::id());
        let mut child = Command::new(&options.program)
            .arg(enter::ARGUMENT)
            .arg(group)
            .args([open(go.0.as_raw_fd()), open(said.1.as_raw_fd())])
            .args(&options.command)
            .spawn()?;
        let process = child.id();
        if let Scope::Tree(tree) = scope {
            tree.set_command(process);
            if let Some(started) = tree::started(process) {
                reaper.order(&Order::Kill(process, started))?;
            }
        }
        let (sender, ended) = mpsc::channel();
        thread::Builder::new().spawn(move || {
            let _ = sender.send(child.wait());
        })?;
        // If it has ended already, that is told by its status.
        let _ = go.1.write_all(b"!");
        Ok(Started {
            process,
            ended,
            _go: go,
            said,
        })
    }

    /// Why the command did not run although its process did, with an exit status.
    fn failure(self) -> Option<(u8, String)> {
        let (mut reader, writer) = self.said;
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).ok()?;
        let (code, why) = text.split_once(' ')?;
        Some((code.parse().ok()?, why.to_owned()))
    }
}

/// That the command was asked to stop.
struct Stop {
    /// Because its time was over, and not because somebody wants to stop us.
    in_time: bool,
    kill_at: Instant,
    killed: bool,
    before: Reading,
}

struct Watch<'a> {
    options: &'a Options,
    interrupt: &'a Interrupt,
    scope: Scope,
    gauge: Gauge,
    command: u32,
    start: Instant,
    samples_due: Duration,
    stop: Option<Stop>,
}

impl Watch<'_> {
    /// Samples until the command has ended; `None` if it does not even when killed.
    fn until_the_end(&mut self, ended: &Receiver<io::Result<ExitStatus>>) -> Option<ExitStatus> {
        loop {
            self.sample_if_due();
            self.stop_if_due();
            let mut wait = self
                .samples_due
                .saturating_sub(self.start.elapsed())
                .min(TICK);
            if let Some(stop) = &self.stop {
                let left = stop.kill_at.saturating_duration_since(Instant::now());
                if stop.killed && left.is_zero() {
                    return None;
                }
                wait = wait.min(left);
            }
            match ended.recv_timeout(wait) {
                Ok(status) => return status.ok(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Lets those that outlive the command end by themselves.
    fn let_linger(&mut self) {
        let until = Instant::now() + self.options.linger;
        while Instant::now() < until && !self.scope.processes().is_empty() {
            thread::sleep(Duration::from_millis(10).min(self.options.interval));
            self.sample_if_due();
        }
    }

    /// Samples at multiples of the interval since the start, whatever each of them takes.
    fn sample_if_due(&mut self) {
        let elapsed = self.start.elapsed();
        if elapsed < self.samples_due {
            return;
        }
        self.gauge.sample(&self.scope, self.command, elapsed);
        let interval = self.options.interval;
        let gone = elapsed.as_nanos() / interval.as_nanos().max(1);
        self.samples_due = u32::try_from(gone + 1).map_or(Duration::MAX, |count| interval * count);
    }

    fn stop_if_due(&mut self) {
        if let Some(stop) = &mut self.stop {
            if !stop.killed && Instant::now() >= stop.kill_at {
                self.scope.kill();
                stop.killed = true;
                stop.kill_at = Instant::now() + PATIENCE;
            }
            return;
        }
        let signal = self.interrupt.signal().map(i32::from);
        let over = self
            .options
            .run_for
            .is_some_and(|time| self.start.elapsed() >= time);
        if signal.is_none() && !over {
            return;
        }
        self.gauge
            .sample_in_full(&self.scope, self.command, self.start.elapsed());
        self.stop = Some(Stop {
            in_time: signal.is_none(),
            kill_at: Instant::now() + self.options.grace,
            killed: false,
            before: report::last(&self.scope, &self.gauge),
        });
        // Ctrl-C has reached the command already, and a second signal would mean "at once" to many.
        if signal != Some(SIGINT) || !tree::is_in_foreground() {
            tree::send(self.command, Signal::TERM);
        }
    }
}

fn end_of(
    status: Option<ExitStatus>,
    killed_by_us: bool,
    peaks: &mut Reading,
    stop: Option<&Stop>,
) -> CommandEnd {
    // Only SIGKILL ends what cannot be waited for, or will.
    let signal = status.map_or(Some(SIGKILL), |status| status.signal());
    if signal == Some(SIGKILL) && !killed_by_us {
        match peaks.get(Word::OomKills) {
            Some(kills) if kills.value > 0.0 => return CommandEnd::OomKilled,
            Some(_) => {}
            None => peaks.figures.extend(suspected_kill(peaks)),
        }
    }
    match (signal, status.and_then(|status| status.code())) {
        _ if stop.is_some_and(|stop| stop.in_time) => CommandEnd::Stopped,
        (None, Some(code)) => CommandEnd::Exited(code),
        (signal, _) => CommandEnd::Signaled(signal.unwrap_or(SIGKILL)),
    }
}

/// An OOM kill, where the kernel does not count them (version 1 before Linux 4.13).
fn suspected_kill(peaks: &Reading) -> Option<Figure> {
    let value = |word| peaks.get(word).map(|figure| figure.value);
    let near = value(Word::PeakUsage)? >= 0.99 * value(Word::Limit)?;
    (near && value(Word::LimitHits)? > 0.0).then(|| {
        Figure::new(Word::OomKills, 1.0, "SIGKILL at the limit").but(
            Bound::Doubtful,
            "this kernel counts no OOM kills; the command got SIGKILL from somebody when it was at the limit",
        )
    })
}

fn not_started(options: &Options, code: u8, why: &str) -> CommandEnd {
    let command = options
        .command
        .first()
        .map(|command| command.to_string_lossy());
    let command = command.unwrap_or_default();
    let why = match code {
        enter::NOT_FOUND => {
            format!("`{command}`, or the interpreter that it names, was not found ({why})")
        }
        _ => format!("`{command}` cannot be executed ({why})"),
    };
    CommandEnd::NotStarted { why, code }
}

fn advise(why: &str, limit: u64) -> String {
    format!(
        "{why}; to have it enforced, run as root or in a container whose cgroup is writable, or under \
         `systemd-run --user --scope -p MemoryMax={limit}`"
    )
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
