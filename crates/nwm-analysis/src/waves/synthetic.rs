//! Waves whose direction, wavelength and frequency are known, to test analyses with.

use std::f64::consts::{PI, TAU};

use num_complex::Complex;
use realfft::RealFftPlanner;

use crate::random::Stream;
use crate::{Error, Result};

/// The stream of numbers that noise is made of.
const NOISE: &[u8; 24] = b"noise of synthetic waves";

/// A wave on a grid, or a pattern that no wave is.
///
/// Lengths are in grid units, places `[row, column]` from 0, times in samples. The signal is a cosine of the
/// phase, which rises by `frequency` turns a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum SyntheticWave {
    /// Straight crests that move in a direction: 0 toward larger columns, `pi / 2` toward larger rows.
    Plane {
        /// Cycles per sample.
        frequency: f64,
        /// Distance of crests.
        wavelength: f64,
        /// Angle of travel, radians.
        direction: f64,
        /// Phase of row 0 and column 0 in the first frame, radians.
        phase: f64,
    },
    /// Circular crests that leave a place, or run into it if the wavelength is negative.
    Target {
        /// Cycles per sample.
        frequency: f64,
        /// Distance of crests.
        wavelength: f64,
        /// The place.
        centre: [f64; 2],
        /// Phase of the centre in the first frame, radians.
        phase: f64,
    },
    /// Straight arms that turn about a place.
    Rotating {
        /// Cycles per sample.
        frequency: f64,
        /// How many arms: positive if they turn from larger columns to larger rows, clockwise on a screen.
        arms: i32,
        /// The place.
        centre: [f64; 2],
        /// Phase of the arm toward larger columns in the first frame, radians.
        phase: f64,
    },
    /// Arms that are wound up: they turn, and leave the centre or run into it if the wavelength is negative.
    Spiral {
        /// Cycles per sample.
        frequency: f64,
        /// Distance of crests along a ray.
        wavelength: f64,
        /// As of a rotating wave.
        arms: i32,
        /// The place.
        centre: [f64; 2],
        /// Phase toward larger columns, close to the centre, in the first frame, radians.
        phase: f64,
    },
    /// Two equal plane waves that run against each other: nothing travels.
    Standing {
        /// Cycles per sample.
        frequency: f64,
        /// Distance of crests of either wave.
        wavelength: f64,
        /// Angle of travel of one of them, radians.
        direction: f64,
        /// Phase in time of the first frame, radians.
        phase: f64,
    },
    /// A Gaussian that swells and sinks in its place: nothing travels.
    Pulse {
        /// Cycles per sample.
        frequency: f64,
        /// Standard deviation.
        width: f64,
        /// Its place.
        centre: [f64; 2],
    },
}

impl SyntheticWave {
    /// The value at a time and place, -1 to 1.
    pub fn at(&self, time: f64, row: f64, column: f64) -> f64 {
        self.size_at(row, column) * self.oscillation_at(time, row, column).cos()
    }

    /// The phase at a time and place, radians, with whole turns.
    pub fn phase_at(&self, time: f64, row: f64, column: f64) -> f64 {
        let below_zero = self.size_at(row, column) < 0.0;
        self.oscillation_at(time, row, column) + if below_zero { PI } else { 0.0 }
    }

    /// The phase, but for half a turn where the size is below zero.
    fn oscillation_at(&self, time: f64, row: f64, column: f64) -> f64 {
        let from = |centre: [f64; 2]| [row - centre[0], column - centre[1]];
        match *self {
            Self::Plane { frequency, wavelength, direction, phase } => {
                TAU * (frequency * time - along(direction, row, column) / wavelength) + phase
            }
            Self::Target { frequency, wavelength, centre, phase } => {
                let [down, right] = from(centre);
                TAU * (frequency * time - down.hypot(right) / wavelength) + phase
            }
            Self::Rotating { frequency, arms, centre, phase } => {
                let [down, right] = from(centre);
                let turn = f64::from(arms) * down.atan2(right);
                TAU * frequency * time - turn + phase
            }
            Self::Spiral { frequency, wavelength, arms, centre, phase } => {
                let [down, right] = from(centre);
                let turn = f64::from(arms) * down.atan2(right);
                TAU * (frequency * time - down.hypot(right) / wavelength) - turn + phase
            }
            Self::Standing { frequency, phase, .. } => TAU * frequency * time + phase,
            Self::Pulse { frequency, .. } => TAU * frequency * time,
        }
    }

    /// How far the oscillation of a place swings; below zero if it is half a turn late.
    fn size_at(&self, row: f64, column: f64) -> f64 {
        match *self {
            Self::Standing { wavelength, direction, .. } => {
                (TAU * along(direction, row, column) / wavelength).cos()
            }
            Self::Pulse { width, centre, .. } => {
                let [down, right] = [row - centre[0], column - centre[1]];
                let square = (down * down + right * right) / (width * width);
                (-square / 2.0).exp()
            }
            _ => 1.0,
        }
    }

    /// Samples `[time, row, column]` of a shape.
    pub fn recording(&self, shape: [usize; 3]) -> Vec<f64> {
        of_places(shape, |time, row, column| self.at(time, row, column))
    }

    /// Phases `[time, row, column]` of a shape, radians, with whole turns.
    pub fn phases(&self, shape: [usize; 3]) -> Vec<f64> {
        of_places(shape, |time, row, column| self.phase_at(time, row, column))
    }
}

/// How far a place lies in a direction.
fn along(direction: f64, row: f64, column: f64) -> f64 {
    row * direction.sin() + column * direction.cos()
}

/// The values of a function of time, row and column.
fn of_places([time, rows, columns]: [usize; 3], of: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
    let mut values = Vec::with_capacity(time * rows * columns);
    for t in 0..time {
        for row in 0..rows {
            for column in 0..columns {
                values.push(of(t as f64, row as f64, column as f64));
            }
        }
    }
    values
}

/// Pink noise `[time, series]`: Gaussian, with a power that falls as one over the frequency, mean zero and
/// variance one, independent from series to series.
///
/// # Errors
///
/// When there are fewer than two samples, or no series.
pub fn pink_noise(time: usize, series: usize, seed: u64) -> Result<Vec<f64>> {
    if time < 2 || series == 0 {
        return Err(Error::Range {
            action: "make pink noise",
            name: "the number of samples",
            found: time.min(series),
            expected: "at least 2 of at least 1 series",
        });
    }
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(time);
    let mut spectrum = inverse.make_input_vec();
    let mut samples = inverse.make_output_vec();
    let mut stream = Stream::new(NOISE, seed);
    let mut noise = vec![0.0; time * series];
    for index in 0..series {
        spectrum[0] = Complex::default();
        for (frequency, value) in spectrum.iter_mut().enumerate().skip(1) {
            let amplitude = 1.0 / (frequency as f64).sqrt();
            *value = Complex::new(stream.normal(), stream.normal()) * amplitude;
        }
        if time.is_multiple_of(2) {
            spectrum[time / 2].im = 0.0;
        }
        if inverse.process(&mut spectrum, &mut samples).is_err() {
            continue;
        }
        let power = samples.iter().map(|value| value * value).sum::<f64>() / time as f64;
        for (t, value) in samples.iter().enumerate() {
            noise[t * series + index] = value / power.sqrt();
        }
    }
    Ok(noise)
}

/// `signal` plus `noise`, scaled so that the ratio of their powers, mean squares about the means, is
/// `signal_to_noise`.
///
/// # Errors
///
/// When the lengths differ, one of them is constant, or the ratio is not positive.
pub fn mixed(signal: &[f64], noise: &[f64], signal_to_noise: f64) -> Result<Vec<f64>> {
    const ACTION: &str = "mix a signal with noise";
    if signal.len() != noise.len() {
        return Err(Error::Mismatch {
            action: ACTION,
            what: "values of the noise",
            found: noise.len(),
            expected: signal.len(),
            like: "the signal",
        });
    }
    let scale = (power(signal) / power(noise) / signal_to_noise).sqrt();
    if !(scale.is_finite() && scale > 0.0) {
        return Err(Error::RealRange {
            action: ACTION,
            name: "the scale of the noise",
            found: scale,
            expected: "a positive number, from a signal and a noise that vary and a positive ratio",
        });
    }
    Ok(signal.iter().zip(noise).map(|(signal, noise)| signal + scale * noise).collect())
}

fn power(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    #[test]
    fn values_are_those_of_the_phase() {
        let (frequency, wavelength, direction, phase) = (0.1, 7.0, 0.4, 0.2);
        for wave in [
            SyntheticWave::Plane { frequency, wavelength, direction, phase },
            SyntheticWave::Standing { frequency, wavelength, direction, phase },
        ] {
            let (values, phases) = (wave.recording([3, 8, 8]), wave.phases([3, 8, 8]));
            for (value, phase) in values.iter().zip(phases) {
                // What is below zero in space is half a turn late.
                assert!(value * phase.cos() >= -1e-15 && value.abs() <= phase.cos().abs() + 1e-12);
            }
        }
    }

    #[test]
    fn the_plane_wave_of_the_matlab_toolbox() {
        // Size 8, 5 Hz, sampled every 10 ms from 10 ms on, wavelength 12, angle pi/6, places from -3: sine.
        let (wavelength, direction) = (12.0, -PI / 6.0);
        let corner = TAU / wavelength * (-3.0 * direction.sin() - 3.0 * direction.cos());
        let phase = TAU * 0.05 - corner - FRAC_PI_2;
        let wave = SyntheticWave::Plane { frequency: 0.05, wavelength, direction, phase };
        let known = [
            ([1, 1, 1], 0.776511657039),
            ([3, 5, 10], 0.655805587359),
            ([8, 2, 77], 0.847692048858),
        ];
        for ([row, column, time], wanted) in known.map(|(it, wanted)| (it.map(f64::from), wanted)) {
            let found = wave.at(time - 1.0, row - 1.0, column - 1.0);
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn waves_go_where_they_say() {
        // A crest of each wave, followed for a tenth of a period.
        let (frequency, wavelength, phase) = (0.05, 10.0, 0.0);
        let plane = SyntheticWave::Plane { frequency, wavelength, direction: FRAC_PI_2, phase };
        assert!((plane.at(2.0, 1.0, 5.0) - 1.0).abs() < 1e-15);
        let centre = [3.0, 4.0];
        let target = SyntheticWave::Target { frequency, wavelength, centre, phase };
        assert!((target.at(2.0, 3.0, 5.0) - 1.0).abs() < 1e-15);
        let inward = SyntheticWave::Target { frequency, wavelength: -10.0, centre, phase };
        assert!((inward.at(18.0, 3.0, 5.0) - 1.0).abs() < 1e-15);
        let rotating = SyntheticWave::Rotating { frequency, arms: 1, centre, phase };
        assert!((rotating.at(5.0, 9.0, 4.0) - 1.0).abs() < 1e-15, "a quarter turn is downward");
        let spiral = SyntheticWave::Spiral { frequency, wavelength, arms: 1, centre, phase };
        assert!((spiral.at(5.0, 13.0, 4.0) - 1.0).abs() < 1e-14);
        let standing = SyntheticWave::Standing { frequency, wavelength, direction: 0.0, phase };
        assert!((0..40).all(|t| standing.at(f64::from(t), 0.0, 2.5).abs() < 1e-15), "a node stays");
        let pulse = SyntheticWave::Pulse { frequency, width: 2.0, centre };
        assert!((pulse.at(0.0, 3.0, 6.0) - (-0.5_f64).exp()).abs() < 1e-15);
        assert_eq!(plane.recording([2, 3, 4])[12 + 4 + 2], plane.at(1.0, 1.0, 2.0));
    }

    #[test]
    fn pink_noise_has_the_same_power_in_every_octave() {
        let (time, series) = (1 << 12, 64);
        let noise = pink_noise(time, series, 3).unwrap();
        let forward = RealFftPlanner::<f64>::new().plan_fft_forward(time);
        let mut octaves = [0.0; 8];
        for index in 0..series {
            let mut samples: Vec<f64> = (0..time).map(|t| noise[t * series + index]).collect();
            assert!((power(&samples) - 1.0).abs() < 1e-12);
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut samples, &mut spectrum).unwrap();
            for (octave, sum) in octaves.iter_mut().enumerate() {
                let start = 8 << octave;
                *sum += spectrum[start..2 * start].iter().map(|it| it.norm_sqr()).sum::<f64>();
            }
        }
        // The lowest octave is a mean over 8 frequencies of 64 series: its standard deviation is 4 %.
        for octave in octaves {
            assert!((octave / octaves[7] - 1.0).abs() < 0.2, "{octaves:?}");
        }
        assert_eq!(noise, pink_noise(time, series, 3).unwrap());
        assert_ne!(noise, pink_noise(time, series, 4).unwrap());
        assert!(pink_noise(1, 3, 0).is_err() && pink_noise(3, 0, 0).is_err());
    }

    #[test]
    fn mixtures_have_their_ratio() {
        let (signal, noise) = ([1.0, -1.0, 1.0, -1.0], [5.0, 5.0, 1.0, 1.0]);
        let found = mixed(&signal, &noise, 4.0).unwrap();
        // The noise has a power of 4, a quarter of 1 is asked for.
        assert_eq!(found, [2.25, 0.25, 1.25, -0.75]);
        assert!(mixed(&signal, &noise[..3], 1.0).is_err());
        assert!(mixed(&signal, &[1.0; 4], 1.0).is_err() && mixed(&signal, &noise, 0.0).is_err());
    }
}
