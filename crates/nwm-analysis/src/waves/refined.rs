//! Frequencies between those of a transform.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;
use rayon::prelude::*;

use super::grid::{Axis, Grid, check_frames};
use super::spectrum::Mode;
use crate::{Real, Result};

/// Places within a step of the transform where the power is looked at first.
const PLACES: usize = 16;
/// Golden sections of the part with the largest power: down to a millionth of a step.
const SECTIONS: usize = 30;

/// The mode with the frequency that has the largest power, within one step of the transform around its own.
///
/// The amplitude of the mode's wave vector is weighted by a Hann window over time, so that slow growth and the same
/// wave in the opposite direction hardly matter. For samples `[time, row, column]`; on [`Grid::Rings`] the power of rows
/// is added. Samples that are NaN or infinite count as zero.
///
/// # Errors
///
/// When the samples do not have the shape.
pub fn refined_mode<T: Real>(
    recording: &[T],
    shape: [usize; 3],
    grid: Grid,
    mode: Mode,
) -> Result<Mode> {
    check_frames("refine a frequency", recording, shape)?;
    let series = amplitudes(recording, shape, grid, mode.wave_number);
    let power = |frequency: f64| series.iter().map(|series| power_at(series, frequency)).sum();
    let step = 1.0 / shape[0] as f64;
    let frequency = largest(power, mode.frequency - step, mode.frequency + step);
    Ok(Mode { frequency, ..mode })
}

/// The amplitudes of a wave vector in every frame, weighted by the window, one series for each row on rings.
fn amplitudes<T: Real>(
    recording: &[T],
    [time, rows, columns]: [usize; 3],
    grid: Grid,
    wave_number: [f64; 2],
) -> Vec<Vec<Complex64>> {
    let parts = if grid.couples(Axis::Row) { 1 } else { rows };
    let height = rows / parts;
    // A wave along k has the phase omega t - k r.
    let turn = |cycles: f64| Complex64::cis(TAU * cycles);
    let down: Vec<_> = (0..rows).map(|row| turn(wave_number[0] * row as f64)).collect();
    let right: Vec<_> = (0..columns).map(|column| turn(wave_number[1] * column as f64)).collect();
    let amplitude = |frame: &[T]| -> Complex64 {
        let of_row = |(values, down): (&[T], &Complex64)| {
            let terms = values.iter().zip(&right).map(|(value, right)| {
                let value = value.widen();
                if value.is_finite() { right * value } else { Complex64::default() }
            });
            down * terms.sum::<Complex64>()
        };
        frame.chunks_exact(columns).zip(&down).map(of_row).sum()
    };
    (0..parts)
        .into_par_iter()
        .map(|part| {
            let of_frame =
                |frame: &[T]| amplitude(&frame[part * height * columns..][..height * columns]);
            let mut series: Vec<_> = recording.chunks_exact(rows * columns).map(of_frame).collect();
            let mean = series.iter().sum::<Complex64>() / time as f64;
            for (t, value) in series.iter_mut().enumerate() {
                *value = (*value - mean) * (PI * (t as f64 + 0.5) / time as f64).sin().powi(2);
            }
            series
        })
        .collect()
}

fn power_at(series: &[Complex64], frequency: f64) -> f64 {
    let terms = series.iter().enumerate();
    terms
        .map(|(t, value)| value * Complex64::cis(-TAU * frequency * t as f64))
        .sum::<Complex64>()
        .norm_sqr()
}

/// Where a function is largest, about.
fn largest(function: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let part = (high - low) / PLACES as f64;
    let at = |place: usize| low + part * place as f64;
    let mut best = (at(0), function(at(0)));
    for place in 1..=PLACES {
        let value = function(at(place));
        if value > best.1 {
            best = (at(place), value);
        }
    }
    let (mut low, mut high) = ((best.0 - part).max(low), (best.0 + part).min(high));
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..SECTIONS {
        let width = golden * (high - low);
        if function(high - width) >= function(low + width) {
            high = low + width;
        } else {
            low = high - width;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waves::SpaceTimeSpectrum;

    const SHAPE: [usize; 3] = [200, 6, 16];

    /// A wave to the right, another to the left, and their decay.
    fn recording(frequency: f64, back: f64, decay: f64) -> Vec<f64> {
        let [time, rows, columns] = SHAPE;
        let value = |index: usize| {
            let (t, column) = ((index / (rows * columns)) as f64, (index % columns) as f64);
            let phase = |sign: f64| TAU * (frequency * t - sign * 3.0 * column / 16.0);
            (phase(1.0).cos() + back * phase(-1.0).cos()) * (-decay * t).exp() + 2.0
        };
        (0..time * rows * columns).map(value).collect()
    }

    fn refined(recording: &[f64], grid: Grid) -> Mode {
        let peak = SpaceTimeSpectrum::of(recording, SHAPE, grid).unwrap().peak().unwrap();
        refined_mode(recording, SHAPE, grid, peak).unwrap()
    }

    #[test]
    fn frequencies_are_found_between_those_of_the_transform() {
        for frequency in [0.0521, 0.0733, 0.1, 0.311] {
            for grid in [Grid::Torus, Grid::Rings] {
                let found = refined(&recording(frequency, 0.0, 0.0), grid);
                assert!((found.frequency - frequency).abs() < 1e-6, "{found:?}, {frequency}");
                assert_eq!(found.wave_number, [0.0, 3.0 / 16.0]);
            }
        }
    }

    #[test]
    fn decay_and_a_wave_that_comes_back_hardly_matter() {
        // A step of the transform is 0.005.
        let found = refined(&recording(0.0733, 0.8, 0.005), Grid::Torus);
        assert!((found.frequency - 0.0733).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn missing_samples_hardly_matter_and_shapes_are_checked() {
        let mut recording = recording(0.0733, 0.0, 0.0);
        let mode = refined(&recording, Grid::Torus);
        recording[500] = f64::NAN;
        let found = refined_mode(&recording, SHAPE, Grid::Torus, mode).unwrap();
        assert!((found.frequency - 0.0733).abs() < 1e-5, "{found:?}");
        assert!(refined_mode(&recording[1..], SHAPE, Grid::Torus, mode).is_err());
    }
}
