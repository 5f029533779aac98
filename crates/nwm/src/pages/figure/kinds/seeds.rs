//! Figure 8: the same from several initial parameters.

use nwm_analysis::statistics::Summary;

use super::super::finding::{Check, Condition, Findings, Measured, Number};
use super::super::inputs::RunInputs;
use super::waves::StrongestMode;
use super::{of_each, waves};

/// Directions differ above this angle between two runs, in degrees, and lengths above this ratio.
const OTHER_DIRECTION: f64 = 30.0;
const OTHER_LENGTH: f64 = 1.1;

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, waves::of_run).and(over_runs(runs))
}

fn over_runs(runs: &[RunInputs]) -> Findings {
    let modes: Vec<_> = runs.iter().filter_map(StrongestMode::of).collect();
    // Some of the runs say nothing of all of them.
    let whole = modes.len() == runs.len() && modes.len() > 1;
    let of_modes = |of: fn(&StrongestMode) -> f64| modes.iter().map(of).collect::<Vec<_>>();
    let ratio = whole.then(|| ratio(&of_modes(|mode| mode.wavelength)));
    let angle = whole.then(|| largest_angle(&of_modes(|mode| mode.direction)).to_degrees());
    let mut numbers = Vec::new();
    for (name, key) in [
        ("travel index", "travel_index"),
        ("directionality of the phase gradient", "pgd"),
        ("mode share", "mode_share"),
        ("speed of the strongest mode", "phase_speed"),
    ] {
        numbers.extend(mean_and_spread(name, runs.iter().map(|run| run.waves(key))));
    }
    Findings {
        checks: vec![
            Check::new(
                "largest wavelength of the strongest mode divided by the smallest",
                Measured::alone(ratio),
                &[Condition::Above(OTHER_LENGTH)],
            )
            .beside("the paper warns that wavelength and speed differ from run to run"),
            Check::new(
                "largest angle between directions of the strongest mode, degrees",
                Measured::alone(angle),
                &[Condition::Above(OTHER_DIRECTION)],
            ),
        ],
        numbers,
    }
}

/// Mean, with its 95 % interval, and standard deviation of the runs that have the number.
fn mean_and_spread(name: &str, runs: impl Iterator<Item = Measured>) -> Vec<Number> {
    let runs: Vec<Measured> = runs.collect();
    let summary = |of: fn(&Measured) -> Option<f64>| {
        Summary::of(&runs.iter().filter_map(of).collect::<Vec<_>>()).ok()
    };
    let Some(found) = summary(|run| run.value) else { return Vec::new() };
    let mean = |of| summary(of).map(|it| it.mean);
    let measured = Measured {
        value: Some(found.mean),
        interval95: found.interval95,
        p_value: None,
        chance: mean(|run| run.chance),
        before_training: mean(|run| run.before_training),
    };
    let count = found.count;
    let mut numbers = vec![Number::new(&format!("{name}, mean of {count} runs"), "", measured)];
    if let Some(deviation) = found.standard_deviation {
        numbers.push(Number::new(
            &format!("{name}, standard deviation"),
            "",
            Measured::alone(Some(deviation)),
        ));
    }
    numbers
}

fn ratio(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest / values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The largest angle between two of these, 0 to pi.
fn largest_angle(angles: &[f64]) -> f64 {
    let mut largest = 0.0_f64;
    for (place, first) in angles.iter().enumerate() {
        for second in &angles[place + 1..] {
            let turn = (first - second).rem_euclid(std::f64::consts::TAU);
            largest = largest.max(turn.min(std::f64::consts::TAU - turn));
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_measured_around_the_circle() {
        let degrees = |angles: &[f64]| {
            largest_angle(&angles.iter().map(|it| it.to_radians()).collect::<Vec<_>>()).to_degrees()
        };
        assert!((degrees(&[170.0, -170.0]) - 20.0).abs() < 1e-9);
        assert!((degrees(&[0.0, 10.0, -95.0]) - 105.0).abs() < 1e-9);
        assert!((degrees(&[90.0, -90.0]) - 180.0).abs() < 1e-9);
        assert!((ratio(&[6.0, 9.0, 7.0]) - 1.5).abs() < 1e-12);
    }
}
