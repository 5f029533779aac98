//! What programs say: a line of JSON each, of one of a few kinds.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bench::Line;

/// The version of all lines.
pub(super) const FORMAT: u64 = 1;

/// A line that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Speeds(Speeds),
    Check(Check),
    Times(Line),
    Sanitized(Sanitized),
    Trained(Trained),
}

/// What the card can do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Speeds {
    /// Its name and compute capability.
    pub(super) device: String,
    pub(super) multiprocessors: f64,
    /// Hertz.
    pub(super) clock: f64,
    /// Bytes per second.
    pub(super) bandwidth: f64,
}

/// Whether a case computes what it should.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Check {
    /// `agreement` or `determinism`.
    pub(super) check: String,
    pub(super) case: String,
    pub(super) precision: String,
    /// Which of the results.
    pub(super) part: Option<String>,
    /// Relative; none if it is not a number.
    pub(super) error: Option<f64>,
    pub(super) bound: Option<f64>,
    pub(super) ok: bool,
}

/// What a tool of compute-sanitizer found in a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sanitized {
    pub(super) format: u64,
    /// `memcheck`.
    pub(super) tool: String,
    pub(super) case: String,
    pub(super) errors: u64,
}

/// What a slice of training came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trained {
    pub(super) format: u64,
    /// `nwm_2d on mass_spring, batch 32`.
    pub(super) training: String,
    /// The last step that was logged.
    pub(super) steps: u64,
    pub(super) steps_per_second: f64,
    pub(super) first_loss: f64,
    pub(super) last_loss: f64,
}

impl Reading {
    /// Understands a line.
    pub(super) fn of(line: &Value) -> Result<Self> {
        let format = line["format"].as_u64().unwrap_or_default();
        ensure!(format == FORMAT, "format {}, expected {FORMAT}", line["format"]);
        let has = |key: &str| line.get(key).is_some();
        fn read<T: for<'a> Deserialize<'a>>(line: &Value) -> Result<T> {
            T::deserialize(line).context("unexpected content")
        }
        Ok(match line {
            _ if has("modes") => Self::Times(read(line)?),
            _ if has("check") => Self::Check(read(line)?),
            _ if has("multiprocessors") => Self::Speeds(read(line)?),
            _ if has("tool") => Self::Sanitized(read(line)?),
            _ if has("training") => Self::Trained(read(line)?),
            _ => bail!("neither times nor a check"),
        })
    }
}

/// The lines of an output that are understood, and those that are not, such as one that was torn when its process ended.
/// What does not begin as JSON is chatter of libraries.
pub(super) fn split(output: &str) -> (Vec<Value>, Vec<String>) {
    let (mut understood, mut others) = (Vec::new(), Vec::new());
    for text in output.lines().filter(|line| line.starts_with('{')) {
        match serde_json::from_str::<Value>(text) {
            Ok(line) if Reading::of(&line).is_ok() => understood.push(line),
            _ => others.push(text.to_owned()),
        }
    }
    (understood, others)
}

#[cfg(test)]
mod tests {
    use super::{Reading, split};

    const SPEEDS: &str = r#"{"format":1,"bench":"gpu","device":"NVIDIA H200, compute capability 9.0","multiprocessors":132.0,"clock":1.98e9,"bandwidth":4.8e12}"#;
    const CHECK: &str = r#"{"format":1,"bench":"gpu","check":"agreement","case":"rings","precision":"fp32","part":"drive","error":1e-7,"bound":8e-6,"ok":true}"#;
    const TIMES: &str = r#"{"format":1,"bench":"gpu","case":"rings","by":"nwm","variant":"fp32","threads":2,"modes":[{"mode":"forward","median":0.01,"min":0.01,"max":0.02,"repeats":9,"flop":1e6,"count":0.0}]}"#;

    #[test]
    fn every_kind_of_line_is_told_apart() {
        let (lines, others) = split(&format!("chatter\n{SPEEDS}\n{CHECK}\n{TIMES}\n"));
        assert!(others.is_empty(), "{others:?}");
        let readings: Vec<Reading> = lines.iter().map(|line| Reading::of(line).unwrap()).collect();
        assert!(matches!(&readings[0], Reading::Speeds(it) if it.multiprocessors == 132.0));
        assert!(matches!(&readings[1], Reading::Check(it) if it.part.as_deref() == Some("drive")));
        assert!(matches!(&readings[2], Reading::Times(it) if it.modes[0].median == 0.01));
    }

    #[test]
    fn torn_lines_are_kept_apart_and_those_before_them_count() {
        for end in 1..CHECK.len() {
            let (lines, others) = split(&format!("{TIMES}\n{}", &CHECK[..end]));
            assert_eq!((lines.len(), others.len()), (1, 1), "{end}");
        }
    }

    #[test]
    fn other_formats_and_kinds_are_not_understood() {
        let later = CHECK.replace("\"format\":1", "\"format\":2");
        let unknown = r#"{"format":1,"something":"else"}"#;
        let (lines, others) = split(&format!("{later}\n{unknown}\n[1]\n"));
        assert_eq!((lines.len(), others.len()), (0, 2));
    }

    #[test]
    fn an_error_that_is_not_a_number_is_a_failed_check_and_no_torn_line() {
        let (lines, others) = split(&CHECK.replace("1e-7", "null").replace("true", "false"));
        assert!(others.is_empty());
        let Reading::Check(check) = Reading::of(&lines[0]).unwrap() else { panic!("not a check") };
        assert_eq!((check.error, check.ok), (None, false));
    }
}
