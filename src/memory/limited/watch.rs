//! A run from its start to its end.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGINT, SIGKILL};

use super::gauge::Gauge;
use super::group::Group;
use super::reap::{Order, Reaper};
use super::scope::Scope;
use super::start::Started;
use super::{
    CommandEnd, Enforcement, LimitedError, Options, Outcome, StoppedBy, enter, report, tree,
};
use crate::memory::reading::{Bound, Figure, Reading, Word};
use crate::process::Interrupt;

/// How often a signal is looked for.
const TICK: Duration = Duration::from_millis(50);
/// When samples are taken until the interval between them is reached, in milliseconds: so that of a
/// short command there are some, too.
const EARLY: &[u64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
/// How long a process may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(options: &Options, interrupt: &Interrupt) -> Result<Outcome, LimitedError> {
    let cpu = cpu_time();
    let mut reaper = Reaper::start(&options.program).map_err(|source| LimitedError::Start {
        what: "the process that cleans up",
        source,
    })?;
    let (group, enforced) = match Group::make(&options.program, options.limit, &mut reaper) {
        Ok(group) => {
            let enforced = Enforcement::By {
                group: group.dir().to_owned(),
                version: group.version(),
            };
            (Some(group), enforced)
        }
        Err(why) => (None, Enforcement::Not { why }),
    };
    let capped = group.as_ref().and_then(|group| group.capped);
    let switched_on = group.as_ref().and_then(|group| group.switched_on.clone());
    let mut scope = Scope::new(group);
    let failed = |source| LimitedError::Start {
        what: "the command",
        source,
    };
    let gauge = Gauge::new(&scope).map_err(failed)?;
    let started = Started::start(options, &mut scope, &mut reaper).map_err(failed)?;
    let mut watch = Watch {
        options,
        interrupt,
        reaper: &mut reaper,
        scope,
        gauge,
        started: &started,
        entering: true,
        start: Instant::now(),
        samples_due: Duration::ZERO,
        stop: None,
    };
    let status = watch.until_the_end();
    if options.run_for.is_some() && status.is_some_and(|status| status.success()) {
        watch.until_nobody_is_left();
    }
    let elapsed = watch.start.elapsed();
    let last = report::last(&watch.scope, &watch.gauge);
    watch.let_linger();
    let left = watch.scope.processes().len();

    let counted = report::of_kernel(&mut watch.scope, options.limit)?;
    let mut peaks = report::peaks(&watch.scope, &watch.gauge, counted);
    let Watch {
        scope, gauge, stop, ..
    } = watch;
    let end = match started.failure() {
        Some((enter::NOT_ENTERED, why)) => return Err(LimitedError::NotEntered(why)),
        Some((code, why)) => not_started(options, code, &why),
        None => end_of(status, left, &mut peaks, stop.as_ref()),
    };
    scope.kill();
    let cleaned = reaper.finish();
    Ok(Outcome {
        enforced,
        capped,
        escaped: scope.escaped,
        left_on: Group::left_on(switched_on),
        end,
        samples: gauge.into_samples(),
        peaks,
        last: stop.map_or(last, |stop| stop.before),
        elapsed,
        sampling_cpu: cpu_time().saturating_sub(cpu),
        left: u32::try_from(left).unwrap_or(u32::MAX),
        cleaned,
        interrupted: interrupt.signal(),
    })
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
    reaper: &'a mut Reaper,
    scope: Scope,
    gauge: Gauge,
    started: &'a Started,
    /// It is not the command yet.
    entering: bool,
    start: Instant,
    samples_due: Duration,
    stop: Option<Stop>,
}

impl Watch<'_> {
    /// Samples until the command has ended; `None` if it does not even when killed.
    fn until_the_end(&mut self) -> Option<ExitStatus> {
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
            match self.started.ended.recv_timeout(wait) {
                Ok(status) => return status.ok(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Samples what a service left running when it went into the background, until it is to stop.
    fn until_nobody_is_left(&mut self) {
        self.gauge.command_has_ended = true;
        while self.stop.is_none() && self.somebody_is_left_after(TICK) {
            self.sample_if_due();
            self.stop_if_due();
        }
    }

    /// Lets those that outlive the command end by themselves.
    fn let_linger(&mut self) {
        let until = match &self.stop {
            Some(stop) => stop.kill_at,
            None => Instant::now() + self.options.linger,
        };
        while self.somebody_is_left_after(Duration::from_millis(10)) && Instant::now() < until {
            self.sample_if_due();
        }
    }

    /// Sleeps, if there is somebody to wait for, and for longer if to see that takes long.
    fn somebody_is_left_after(&mut self, tick: Duration) -> bool {
        let begun = Instant::now();
        let somebody = !self.scope.processes().is_empty();
        if somebody {
            thread::sleep(tick.max(begun.elapsed() * 50));
        }
        somebody
    }

    /// Samples at multiples of the interval since the start, whatever each of them takes, and more
    /// often at first.
    fn sample_if_due(&mut self) {
        let elapsed = self.start.elapsed();
        if elapsed < self.samples_due {
            return;
        }
        if self.entering {
            // What it uses then is ours.
            self.entering = self.started.is_entering();
            if !self.entering {
                self.start = Instant::now();
            }
            self.samples_due = self.start.elapsed() + Duration::from_millis(1);
            return;
        }
        self.gauge
            .sample(&mut self.scope, self.started.process, elapsed);
        let due = after(elapsed, self.options.interval);
        self.samples_due = due.max(self.start.elapsed() + self.gauge.rest());
        for process in self.scope.strays() {
            if let Some(started) = tree::started(process) {
                self.reaper.order(Order::Kill(process, started));
            }
        }
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
            .sample_in_full(&mut self.scope, self.started.process, self.start.elapsed());
        self.stop = Some(Stop {
            in_time: signal.is_none(),
            kill_at: Instant::now() + self.options.grace,
            killed: false,
            before: report::last(&self.scope, &self.gauge),
        });
        // Ctrl-C has reached the command already, and a second signal would mean "at once" to many.
        if signal != Some(SIGINT) || !tree::is_in_foreground() {
            self.scope.send(Signal::TERM);
        }
    }
}

/// When the sample after one is due.
fn after(elapsed: Duration, interval: Duration) -> Duration {
    let mut early = EARLY.iter().copied().map(Duration::from_millis);
    let regular = || {
        let gone = elapsed.as_nanos() / interval.as_nanos().max(1);
        u32::try_from(gone + 1).map_or(Duration::MAX, |count| interval * count)
    };
    early
        .find(|at| *at > elapsed)
        .filter(|at| *at < interval)
        .unwrap_or_else(regular)
}

fn end_of(
    status: Option<ExitStatus>,
    left: usize,
    peaks: &mut Reading,
    stop: Option<&Stop>,
) -> CommandEnd {
    // Only SIGKILL ends what cannot be waited for, or will.
    let signal = status.map_or(Some(SIGKILL), |status| status.signal());
    let killed_by_us = stop.is_some_and(|stop| stop.killed);
    if signal == Some(SIGKILL) && !killed_by_us {
        match peaks.get(Word::OomKills) {
            Some(kills) if kills.value > 0.0 && kills.bound != Bound::Doubtful => {
                return CommandEnd::OomKilled;
            }
            Some(_) => {}
            None => peaks.figures.extend(suspected_kill(peaks)),
        }
    }
    let code = status.and_then(|status| status.code());
    let by = match (signal, code) {
        _ if killed_by_us || left > 0 => StoppedBy::Killed,
        (None, Some(code)) => StoppedBy::Exited(code),
        (signal, _) => StoppedBy::Signaled(signal.unwrap_or(SIGKILL)),
    };
    match (signal, code) {
        _ if stop.is_some_and(|stop| stop.in_time) => CommandEnd::Stopped { by },
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

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
