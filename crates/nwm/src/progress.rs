//! Progress of long operations: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::Terminal;

/// Time between lines where no bar can be drawn.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// The progress of one operation.
pub(crate) struct Progress {
    terminal: Terminal,
    what: &'static str,
    bar: Option<ProgressBar>,
    total: u64,
    started: Instant,
    start_position: u64,
    last_line: Instant,
}

impl Progress {
    /// Starts at `position` of `total`.
    pub(crate) fn new(terminal: &Terminal, what: &'static str, position: u64, total: u64) -> Self {
        let bar = terminal.draws_progress().then(|| {
            let bar = ProgressBar::new(total).with_position(position);
            let template = "{prefix} {wide_bar} {pos}/{len} {per_sec} {eta} left {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(what);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Self {
            terminal: *terminal,
            what,
            bar,
            total,
            started: now,
            start_position: position,
            last_line: now,
        }
    }

    /// Moves to `position`.
    pub(crate) fn advance(&mut self, position: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(message());
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let done = position.saturating_sub(self.start_position).max(1);
            let left = self.total.saturating_sub(position) as f64 / done as f64
                * self.started.elapsed().as_secs_f64();
            self.terminal.message(&format!(
                "{} {position}/{}, about {left:.0} s left, {}",
                self.what,
                self.total,
                message()
            ));
        }
    }

    /// Shows the progress of an operation that tells how many are done of how many.
    pub(crate) fn of<T>(
        terminal: &Terminal,
        what: &'static str,
        operation: impl FnOnce(&mut dyn FnMut(usize, usize)) -> T,
    ) -> T {
        let mut progress: Option<Self> = None;
        let result = operation(&mut |done, total| {
            progress
                .get_or_insert_with(|| Self::new(terminal, what, 0, total as u64))
                .advance(done as u64, String::new);
        });
        if let Some(progress) = &progress {
            progress.finish();
        }
        result
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
