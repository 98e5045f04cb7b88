//! Ctrl-C, SIGTERM and a closed terminal, as a question that is asked wherever something takes long.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the user has asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Catches the signals from now on, but for those that whoever started us has had ignored:
    /// `nohup`, and a shell without job control for what it puts into the background.
    ///
    /// # Errors
    ///
    /// If the system does not let it.
    pub fn catch() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let numbers = [
            SIGINT,
            SIGTERM,
            #[cfg(unix)]
            SIGHUP,
        ];
        let ignored = ignored();
        for number in numbers {
            if ignored & (1 << (number - 1)) != 0 {
                continue;
            }
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
        }
        Ok(Interrupt(signal))
    }

    /// The number of the signal that came, if one did.
    pub fn signal(&self) -> Option<u8> {
        u8::try_from(self.0.load(Ordering::Relaxed))
            .ok()
            .filter(|signal| *signal > 0)
    }
}

/// The signals that are ignored, a bit each. Only Linux tells.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}
