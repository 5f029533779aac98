//! The line of JSON by which a program or a peer reports one case.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// The version of the line that is understood.
const FORMAT: u32 = 1;

/// What one case took, and what it computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) format: u32,
    /// The program: `cell`.
    pub(crate) bench: String,
    /// The case: `hamiltonian`.
    pub(crate) case: String,
    /// `nwm`, or the peer.
    pub(crate) by: String,
    /// The instruction set, or a peer's formulation.
    pub(crate) variant: String,
    pub(crate) threads: usize,
    pub(crate) modes: Vec<Mode>,
    /// The loss, by which runs of the same inputs are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) loss: Option<f64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) gradient_norms: BTreeMap<String, f64>,
    /// Share of the results that waited ready when they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ready: Option<f64>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak_memory: Option<u64>,
    /// Of the peer's library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

/// One of the times of a case, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mode {
    /// `forward`, `forward + backward`.
    pub(crate) mode: String,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) repeats: usize,
    /// Floating-point operations of the definition, 0 if not counted.
    pub(crate) flop: f64,
    /// How many of what was timed were made, 0 if not counted.
    #[serde(default)]
    pub(crate) count: f64,
}

impl Line {
    /// The times of one mode.
    pub(crate) fn mode(&self, name: &str) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.mode == name)
    }
}

impl Mode {
    /// Operations per second of the median, in units of 10⁹.
    pub(crate) fn gflops(&self) -> f64 {
        self.flop / self.median * 1e-6
    }

    /// The same of the fastest repetition.
    pub(super) fn best_gflops(&self) -> f64 {
        self.flop / self.min * 1e-6
    }
}

/// The lines of a standard output stream. Lines that are not JSON objects are somebody's chatter.
pub(super) fn parse(output: &str) -> Result<Vec<Line>> {
    let lines = output.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|text| {
            let line: Line =
                serde_json::from_str(text).with_context(|| format!("failed to read `{text}`"))?;
            let found = line.format;
            ensure!(found == FORMAT, "a line has format {found}, expected {FORMAT}: `{text}`");
            Ok(line)
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Line, Mode, parse};

    const TEXT: &str = r#"{"format": 1, "bench": "cell", "case": "hamiltonian", "by": "torch", "variant": "eager", "threads": 2, "modes": [{"mode": "forward", "flop": 0.0, "median": 17.5, "min": 16.5, "max": 21.5, "repeats": 54}], "version": "2.15", "loss": 0.639, "gradient_norms": {"drive": 0.0034}}"#;

    /// A line with one time.
    pub(in crate::bench) fn line(by: &str, case: &str, variant: &str, median: f64) -> Line {
        let mode = Mode {
            mode: "forward".to_owned(),
            median,
            min: median * 0.9,
            max: median * 1.5,
            repeats: 9,
            flop: if by == "nwm" { 1e6 } else { 0.0 },
            count: 0.0,
        };
        Line {
            format: 1,
            bench: "cell".to_owned(),
            case: case.to_owned(),
            by: by.to_owned(),
            variant: variant.to_owned(),
            threads: 2,
            modes: vec![mode],
            loss: Some(0.5),
            gradient_norms: [("drive".to_owned(), 0.25)].into(),
            ready: None,
            peak_memory: None,
            version: None,
        }
    }

    #[test]
    fn lines_are_read_between_chatter() {
        let lines = parse(&format!("downloading\n{TEXT}\n\nwarning: slow\n{TEXT}\n")).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].mode("forward").unwrap().median, 17.5);
        assert_eq!(lines[0].gradient_norms["drive"], 0.0034);
        assert!(lines[0].mode("backward").is_none());
    }

    #[test]
    fn other_formats_unknown_keys_and_cut_lines_are_errors() {
        let other = TEXT.replace("\"format\": 1", "\"format\": 2");
        assert!(parse(&other).unwrap_err().to_string().contains("format 2, expected 1"));
        let unknown = TEXT.replace("\"loss\"", "\"lost\"");
        assert!(format!("{:#}", parse(&unknown).unwrap_err()).contains("unknown field `lost`"));
        assert!(parse(&TEXT[..TEXT.len() / 2]).is_err());
    }

    #[test]
    fn rates_are_operations_per_time() {
        let line = line("nwm", "a", "avx2", 2.0);
        assert_eq!(line.modes[0].gflops(), 0.5);
        assert!((line.modes[0].best_gflops() - 0.5 / 0.9).abs() < 1e-12);
    }
}
