//! What a run tells while it runs, on standard error: one line that changes at a terminal, a line a
//! step anywhere else.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::figure::count;
use crate::run::Event;

/// How often the line at a terminal is drawn at most: what is measured is not to be disturbed.
const PACE: Duration = Duration::from_millis(250);

/// Shows what happens.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    round: String,
    drawn: Option<Instant>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal() && !quiet;
        let style = ProgressStyle::with_template("{elapsed:>4} {wide_msg}");
        let bar = terminal.then(|| {
            let bar = ProgressBar::new_spinner();
            match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Progress {
            bar,
            quiet,
            round: String::new(),
            drawn: None,
        }
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Step(step) => self.step(step),
            Event::Plan {
                packages,
                benchmarks,
                identical,
            } => {
                let mut text = match benchmarks {
                    0 => "nothing to measure".to_owned(),
                    _ => format!(
                        "{} of {} to measure",
                        count(benchmarks, "benchmark"),
                        count(packages, "package")
                    ),
                };
                if identical > 0 {
                    let _ = write!(text, "; {} cannot differ", count(identical, "package"));
                }
                self.step(&text);
            }
            Event::Round {
                number,
                undecided,
                left,
            } => {
                self.round = format!("round {number}: {undecided} undecided");
                if let Some(left) = left.filter(|left| left.as_secs() > 0) {
                    let _ = write!(self.round, ", about {} more", short(left));
                }
                let round = self.round.clone();
                self.step(&round);
            }
            Event::Running { package, functions } => {
                let Some(bar) = &self.bar else {
                    return;
                };
                if self.drawn.is_some_and(|drawn| drawn.elapsed() < PACE) {
                    return;
                }
                let what = match functions {
                    [one] => one.as_str(),
                    _ => "",
                };
                let round = if self.round.is_empty() {
                    "probing"
                } else {
                    &self.round
                };
                bar.set_message(harmless(&format!("{round} · {package} {what}")));
                bar.tick();
                self.drawn = Some(Instant::now());
            }
        }
    }

    fn step(&mut self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(harmless(text));
                bar.tick();
                self.drawn = Some(Instant::now());
            }
            None => {
                let _ = writeln!(io::stderr(), "{}", harmless(text));
            }
        }
    }

    /// Clears the line.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Text of others without control characters.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A duration for people: `0.8s`, `12s`, `3m 20s`.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let shown = |seconds| short(Duration::from_secs_f64(seconds));
        assert_eq!(
            ["0.1s", "9.9s", "10s", "3m 20s", "2h 5m"].map(str::to_owned),
            [0.1, 9.94, 9.99, 200.4, 7530.0].map(shown)
        );
    }
}
