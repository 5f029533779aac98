//! A first interrupt stops after the processes that run have saved their work; a second one quits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::SIGINT;
#[cfg(unix)]
use signal_hook::consts::{SIGTERM, SIGUSR1};

/// Exit code after an interrupt.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether the user has asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    /// A signal has arrived. Nothing else sets it: a process that was interrupted with us may end
    /// before our own signal arrives, which would then be taken for a second one.
    signalled: Arc<AtomicBool>,
    /// A process that we wait for was interrupted.
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts listening. The terminal sends the same signal to the processes that were started
    /// from here, which save and end by themselves, so it is enough to wait for them.
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let flag = &interrupt.signalled;
        // The order matters: the first signal must find the flag unset.
        signal_hook::flag::register_conditional_shutdown(
            SIGINT,
            i32::from(INTERRUPTED),
            Arc::clone(flag),
        )
        .and_then(|_| signal_hook::flag::register(SIGINT, Arc::clone(flag)))
        .context("failed to listen for interrupts")?;
        Ok(interrupt)
    }

    /// Starts listening where a scheduler sends signals, which may do so several times and to us alone: none of them
    /// ends us before the process that we wait for has saved its work.
    pub(crate) fn listen_without_terminal() -> Result<Self> {
        let interrupt = Self::default();
        #[cfg(unix)]
        let signals = [SIGINT, SIGTERM, SIGUSR1];
        #[cfg(not(unix))]
        let signals = [SIGINT];
        for signal in signals {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.signalled))
                .context("failed to listen for signals")?;
        }
        Ok(interrupt)
    }

    /// Asks to stop, as a signal would.
    pub(crate) fn set(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether to start nothing more.
    pub(crate) fn is_set(&self) -> bool {
        self.signalled.load(Ordering::SeqCst) || self.asked.load(Ordering::SeqCst)
    }
}
