//! What one case took, and what it computed.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::error::Result;
use crate::timing::Timing;

/// The version of the line of JSON.
const REPORT_FORMAT: u32 = 1;

/// What one case took, and what it computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    format: u32,
    /// The program: `cell`.
    pub bench: &'static str,
    /// The case: `hamiltonian`.
    pub case: String,
    /// Who ran it: always `nwm` here; peers say `torch` or `jax`.
    pub by: &'static str,
    /// In which way: the instruction set, the layer.
    pub variant: String,
    /// Threads that it could use.
    pub threads: usize,
    /// The times.
    pub modes: Vec<Mode>,
    /// The loss, by which runs of the same inputs are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Euclidean norms of gradients, by the name of what they belong to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gradient_norms: BTreeMap<String, f64>,
    /// Share of the results that waited ready when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<f64>,
    /// The most memory that the process has had resident until then, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

/// One of the times of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mode {
    /// What was timed: `forward`, `forward + backward`.
    pub mode: &'static str,
    /// Median time in milliseconds.
    pub median: f64,
    /// Smallest time in milliseconds.
    pub min: f64,
    /// Largest time in milliseconds.
    pub max: f64,
    /// How often it ran.
    pub repeats: usize,
    /// Floating-point operations of the definition; 0 if they are not counted.
    pub flop: f64,
    /// How many of what was timed were made; 0 if they are not counted.
    pub count: f64,
}

impl Report {
    /// A report without times.
    pub fn new(bench: &'static str, case: &str, variant: &str, threads: usize) -> Self {
        Self {
            format: REPORT_FORMAT,
            bench,
            case: case.to_owned(),
            by: "nwm",
            variant: variant.to_owned(),
            threads,
            modes: Vec::new(),
            loss: None,
            gradient_norms: BTreeMap::new(),
            ready: None,
            peak_memory: None,
        }
    }

    /// Adds a time and the floating-point operations done in it.
    pub fn add(&mut self, mode: &'static str, timing: Timing, flop: f64) {
        let Timing { median, min, max, repeats } = timing;
        self.modes.push(Mode { mode, median, min, max, repeats, flop, count: 0.0 });
    }

    /// Adds the time in which `count` of `mode` were made.
    pub fn add_count(&mut self, mode: &'static str, timing: Timing, count: f64) {
        let Timing { median, min, max, repeats } = timing;
        self.modes.push(Mode { mode, median, min, max, repeats, flop: 0.0, count });
    }

    /// The line of JSON, without its end.
    ///
    /// # Errors
    /// [`crate::Error::Json`] if it cannot be written so.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Writes the report to the standard output stream: as JSON, or for reading.
    ///
    /// # Errors
    /// [`crate::Error::Json`] or [`crate::Error::Output`].
    pub fn print(&self, json: bool) -> Result<()> {
        let text = if json { self.to_json()? } else { self.text() };
        Ok(writeln!(std::io::stdout().lock(), "{text}")?)
    }

    fn text(&self) -> String {
        let Self { bench, case, variant, threads, .. } = self;
        let mut lines = vec![format!("{bench} {case} ({variant}, {threads} threads)")];
        for Mode { mode, median, min, max, flop, count, .. } in &self.modes {
            let rate = if *flop > 0.0 {
                format!("  {:8.1} GFLOP/s", flop / median * 1e-6)
            } else if *count > 0.0 {
                format!("  {:8.0} a second", count / median * 1e3)
            } else {
                String::new()
            };
            lines.push(format!("  {mode:18} {median:10.3} ms [{min:.3} .. {max:.3}]{rate}"));
        }
        if let Some(loss) = self.loss {
            lines.push(format!("  loss {loss:.9}"));
        }
        for (name, norm) in &self.gradient_norms {
            lines.push(format!("  gradient of {name}: {norm:.6e}"));
        }
        if let Some(share) = self.ready {
            lines.push(format!("  ready when asked for: {:.0} %", 100.0 * share));
        }
        if let Some(bytes) = self.peak_memory {
            lines.push(format!("  peak memory {:.0} MB", bytes as f64 * 1e-6));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::timing::Timing;

    fn report() -> Report {
        let mut report = Report::new("cell", "small", "avx2", 2);
        report.add("forward", Timing::of(vec![2.0]), 4e6);
        report.loss = Some(0.25);
        report
    }

    #[test]
    fn what_is_not_known_is_left_out_of_the_line() {
        assert_eq!(
            report().to_json().unwrap(),
            r#"{"format":1,"bench":"cell","case":"small","by":"nwm","variant":"avx2","threads":2,"modes":[{"mode":"forward","median":2.0,"min":2.0,"max":2.0,"repeats":1,"flop":4000000.0,"count":0.0}],"loss":0.25}"#
        );
    }

    #[test]
    fn the_text_has_the_rate() {
        let text = report().text();
        assert!(text.contains("2.0 GFLOP/s"), "{text}");
        assert!(text.contains("loss 0.250000000"), "{text}");
    }
}
