//! What was aimed at on cards of the class of an H100, beside what was measured. A target that is missed is no failure.

use super::step;
use super::times::{Peer, Times};
use crate::bench::significant;

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Aim {
    /// Milliseconds of a case of the cell, in a precision.
    Cell { case: &'static str, precision: &'static str, mode: &'static str, most: f64 },
    /// How many times as long a peer takes for a case of the cell in single precision.
    Ratio { case: &'static str, peer: Peer, least: f64 },
    /// Milliseconds of a training step.
    Step { most: f64 },
    /// How many times as long a peer takes for it.
    StepRatio { peer: Peer, least: f64 },
}

const BOTH: &str = "forward + backward";

const AIMS: [Aim; 7] = [
    Aim::Cell { case: "hamiltonian", precision: "fp32", mode: "forward", most: 0.015 },
    Aim::Cell { case: "hamiltonian", precision: "fp32", mode: BOTH, most: 0.040 },
    Aim::Cell { case: "smnist", precision: "fp32", mode: BOTH, most: 20.0 },
    Aim::Cell { case: "smnist", precision: "tf32x3", mode: BOTH, most: 8.0 },
    Aim::Ratio { case: "hamiltonian", peer: Peer::Eager, least: 100.0 },
    Aim::Step { most: 15.0 },
    Aim::StepRatio { peer: Peer::Compiled, least: 1.0 },
];

/// A target beside what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) what: String,
    pub(super) aim: String,
    pub(super) measured: String,
    pub(super) verdict: &'static str,
}

/// All targets.
pub(super) fn targets(times: &Times) -> Vec<Target> {
    AIMS.iter().map(|aim| aim.compare(times)).collect()
}

impl Aim {
    fn compare(self, times: &Times) -> Target {
        let ratio = |peer, case: &str, mode, ours: Option<f64>| {
            Some(times.peer(peer, case, mode)?.1.median / ours?)
        };
        let cell = |case, precision, mode| {
            times.our("gpu", case, Some(precision), mode).map(|mode| mode.median)
        };
        let whole_step = times.our("step", step::CASE, None, step::WHOLE).map(|it| it.median);
        match self {
            Self::Cell { case, precision, mode, most } => {
                let what = format!("{case}, {precision}, {mode}");
                at_most(what, most, cell(case, precision, mode))
            }
            Self::Ratio { case, peer, least } => {
                let what = format!("{case}, {BOTH}: {} ÷ ours", peer.title());
                at_least(what, least, ratio(peer, case, BOTH, cell(case, "fp32", BOTH)))
            }
            Self::Step { most } => at_most("training step".to_owned(), most, whole_step),
            Self::StepRatio { peer, least } => {
                let what = format!("training step: {} ÷ ours", peer.title());
                at_least(what, least, ratio(peer, step::CASE, step::WHOLE, whole_step))
            }
        }
    }
}

fn at_most(what: String, most: f64, found: Option<f64>) -> Target {
    let text = |milliseconds: f64| match milliseconds {
        short if short < 1.0 => format!("{} us", significant(short * 1e3)),
        long => format!("{} ms", significant(long)),
    };
    Target {
        what,
        aim: format!("<= {}", text(most)),
        measured: found.map(text).unwrap_or_default(),
        verdict: verdict(found.map(|found| found <= most)),
    }
}

fn at_least(what: String, least: f64, found: Option<f64>) -> Target {
    Target {
        what,
        aim: format!(">= {}", significant(least)),
        measured: found.map(significant).unwrap_or_default(),
        verdict: verdict(found.map(|found| found >= least)),
    }
}

fn verdict(reached: Option<bool>) -> &'static str {
    match reached {
        Some(true) => "reached",
        Some(false) => "missed",
        None => "not measured",
    }
}

#[cfg(test)]
mod tests {
    use super::{Times, targets};
    use crate::gpu_check::reading::Reading;

    fn times(lines: &[(&str, &str, &str, &str, &str, f64)]) -> Times {
        let line = |&(by, bench, case, variant, mode, median): &(
            &str,
            &str,
            &str,
            &str,
            &str,
            f64,
        )| {
            let mode = serde_json::json!({"mode": mode, "median": median, "min": median, "max": median, "repeats": 3, "flop": 0.0});
            let line = serde_json::json!({"format": 1, "bench": bench, "case": case, "by": by, "variant": variant,
                "threads": 2, "modes": [mode]});
            let Ok(Reading::Times(line)) = Reading::of(&line) else {
                panic!("{line} has no times")
            };
            line
        };
        Times(lines.iter().map(line).collect())
    }

    #[test]
    fn targets_are_reached_missed_or_not_measured() {
        let both = "forward + backward";
        let times = times(&[
            ("nwm", "gpu", "hamiltonian", "fp32", "forward", 0.0141),
            ("nwm", "gpu", "smnist", "tf32x3", both, 8.5),
            ("nwm", "step", "nwm_2d_paper", "adam", "step", 15.0),
            ("torch", "step", "nwm_2d_paper", "channels_last", "step", 12.0),
            ("torch", "step", "nwm_2d_paper", "compiled", "step", 30.0),
        ]);
        let found: Vec<String> = targets(&times)
            .into_iter()
            .map(|target| format!("{} {} {}", target.aim, target.measured, target.verdict))
            .collect();
        assert_eq!(
            found,
            [
                "<= 15.0 us 14.1 us reached",
                "<= 40.0 us  not measured",
                "<= 20.0 ms  not measured",
                "<= 8.00 ms 8.50 ms missed",
                ">= 100  not measured",
                "<= 15.0 ms 15.0 ms reached",
                ">= 1.00 2.00 reached",
            ]
        );
    }

    #[test]
    fn the_ratio_is_to_the_fastest_eager_formulation() {
        let both = "forward + backward";
        let times = times(&[
            ("nwm", "gpu", "hamiltonian", "fp32", both, 0.03),
            ("torch", "cell", "hamiltonian", "eager", both, 9.0),
            ("torch", "cell", "hamiltonian", "stacked", both, 6.0),
            ("torch", "cell", "hamiltonian", "compiled", both, 1.0),
        ]);
        let ratio = &targets(&times)[4];
        assert_eq!((&*ratio.measured, ratio.verdict), ("200", "reached"));
    }
}
