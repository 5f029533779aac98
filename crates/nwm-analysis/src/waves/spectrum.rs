//! The spectrum in space and time.

use std::f64::consts::TAU;

use num_complex::Complex;
use rayon::prelude::*;
use realfft::RealFftPlanner;
use rustfft::FftDirection;

use super::grid::{Axis, Grid, check_frames};
use crate::plane_transform::{PlaneTransform, frequency_of};
use crate::{Error, Real, Result};

const ACTION: &str = "take the spectrum of a recording";

/// The share of all power below which a frequency is left out: far below what single precision resolves.
const NEGLIGIBLE: f64 = 1e-15;

/// Power by frequency and wave vector: the squared modulus of the Fourier transform over time, rows and
/// columns, of frequencies above zero and below the highest.
///
/// The transform takes the grid for a torus. On [`Grid::Rings`] each row is transformed by itself, and rows
/// are added.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceTimeSpectrum {
    time: usize,
    /// `[rows, columns]` of wave numbers.
    size: [usize; 2],
    /// `[frequency, row, column]`.
    power: Vec<f64>,
}

/// A plane wave: one frequency and one wave vector.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Mode {
    /// Cycles per sample.
    pub frequency: f64,
    /// The wave vector along rows and columns, in cycles per grid unit: where the wave goes.
    pub wave_number: [f64; 2],
}

impl Mode {
    /// Grid units per sample; infinite if all sites agree.
    pub fn phase_speed(&self) -> f64 {
        self.frequency / self.wave_number[0].hypot(self.wave_number[1])
    }
}

impl SpaceTimeSpectrum {
    /// The spectrum of samples `[time, row, column]`. The mean of each site does not matter, since frequency
    /// zero is left out. A site with a sample that is NaN or infinite counts as silent.
    ///
    /// # Errors
    ///
    /// When the samples do not have the shape, or are fewer than three in time.
    pub fn of<T: Real>(recording: &[T], shape: [usize; 3], grid: Grid) -> Result<Self> {
        check_frames(ACTION, recording, shape)?;
        let [time, rows, columns] = shape;
        if time < 3 {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of samples in time",
                found: time,
                expected: "at least 3",
            });
        }
        Ok(Amplitudes::of(recording, time, rows * columns).spectrum([rows, columns], grid, None))
    }

    /// Adds the power of another channel of the same size.
    ///
    /// # Errors
    ///
    /// When the sizes differ.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        if (self.time, self.size) != (other.time, other.size) {
            return Err(Error::Mismatch {
                action: "add spectra",
                what: "frequencies and wave numbers",
                found: other.power.len(),
                expected: self.power.len(),
                like: "the first spectrum",
            });
        }
        self.power.iter_mut().zip(&other.power).for_each(|(sum, power)| *sum += power);
        Ok(())
    }

    /// How unequal waves in opposite directions are, 0 to 1: `sum |P(k) - P(-k)| / sum (P(k) + P(-k))`. 1 if
    /// each wave vector is met in one direction only, about 1/2 for independent directions, 0 if nothing
    /// travels, and also if a wave travels in all directions, as from a source. NaN if nothing moves.
    pub fn travel_index(&self) -> f64 {
        let [unequal, all] = self.unequal_and_all();
        unequal / all
    }

    /// The two sums of the travel index.
    pub(super) fn unequal_and_all(&self) -> [f64; 2] {
        let [rows, columns] = self.size;
        let (mut unequal, mut all) = (0.0, 0.0);
        for frame in self.power.chunks_exact(rows * columns) {
            for (index, power) in frame.iter().enumerate() {
                let (row, column) = (index / columns, index % columns);
                let opposite = frame[(rows - row) % rows * columns + (columns - column) % columns];
                unequal += (power - opposite).abs();
                all += power + opposite;
            }
        }
        [unequal, all]
    }

    /// The share of all power that the strongest mode has, 0 to 1; NaN if nothing moves.
    pub fn mode_share(&self) -> f64 {
        let strongest = self.power.iter().copied().fold(0.0, f64::max);
        strongest / self.power.iter().sum::<f64>()
    }

    /// The strongest mode, the first of equal ones in the order of frequencies, rows and columns; none if
    /// nothing moves.
    pub fn peak(&self) -> Option<Mode> {
        let mut best = (0, 0.0);
        for (index, &power) in self.power.iter().enumerate() {
            if power > best.1 {
                best = (index, power);
            }
        }
        let (index, power) = best;
        let [rows, columns] = self.size;
        let (frame, site) = (index / (rows * columns), index % (rows * columns));
        (power > 0.0).then(|| Mode {
            frequency: (frame + 1) as f64 / self.time as f64,
            wave_number: [wave_number(site / columns, rows), wave_number(site % columns, columns)],
        })
    }
}

/// Cycles per grid unit of a place in the transform. A wave along `k` has the phase `omega t - k r`, so that
/// it is found at `-k`.
fn wave_number(place: usize, length: usize) -> f64 {
    // Positive zero.
    0.0 - frequency_of(place, length)
}

/// The Fourier transforms over time of all sites, without frequency zero and the highest.
#[derive(Debug, Clone)]
pub(super) struct Amplitudes {
    time: usize,
    sites: usize,
    /// `[frequency, site]`.
    values: Vec<Complex<f64>>,
}

impl Amplitudes {
    /// Of samples `[time, site]`. Sites that do not change, or have a sample that is no number, are silent.
    pub(super) fn of<T: Real>(recording: &[T], time: usize, sites: usize) -> Self {
        let frequencies = time.div_ceil(2) - 1;
        let mut values = vec![Complex::default(); frequencies * sites];
        for (site, series) in series_spectra(recording, time, sites).iter().enumerate() {
            for (frequency, amplitude) in series.iter().enumerate() {
                values[frequency * sites + site] = *amplitude;
            }
        }
        Self { time, sites, values }
    }

    /// The transforms of courses that begin so many frames later, around the end, one number for each site.
    pub(super) fn shifted(&self, shifts: &[usize]) -> Self {
        let mut values = self.values.clone();
        for (index, frame) in values.chunks_exact_mut(self.sites).enumerate() {
            let turn = TAU * (index + 1) as f64 / self.time as f64;
            for (value, &shift) in frame.iter_mut().zip(shifts) {
                *value *= Complex::cis(turn * shift as f64);
            }
        }
        Self { values, ..*self }
    }

    /// The spectrum with the sites in another order: at each place the site that is put there.
    pub(super) fn spectrum(
        &self,
        [rows, columns]: [usize; 2],
        grid: Grid,
        order: Option<&[usize]>,
    ) -> SpaceTimeSpectrum {
        let transform = PlaneTransform::new([rows, columns], FftDirection::Forward);
        let added = !grid.couples(Axis::Row);
        let size = [if added { 1 } else { rows }, columns];
        let total: f64 = self.values.iter().map(|value| value.norm_sqr()).sum();
        let power = self
            .values
            .par_chunks_exact(self.sites)
            .flat_map_iter(|frame| {
                let mut power = vec![0.0; size[0] * columns];
                // Frequencies outside of a filter's band are not worth a transform.
                let share = frame.iter().map(|value| value.norm_sqr()).sum::<f64>();
                if share <= NEGLIGIBLE * total {
                    return power;
                }
                let mut frame = match order {
                    Some(order) => order.iter().map(|&site| frame[site]).collect(),
                    None => frame.to_vec(),
                };
                if added {
                    transform.along_columns(&mut frame);
                } else {
                    transform.process(&mut frame);
                }
                for ring in frame.chunks_exact(power.len()) {
                    for (sum, amplitude) in power.iter_mut().zip(ring) {
                        *sum += amplitude.norm_sqr();
                    }
                }
                power
            })
            .collect();
        SpaceTimeSpectrum { time: self.time, size, power }
    }
}

/// The transforms over time of all sites.
fn series_spectra<T: Real>(recording: &[T], time: usize, sites: usize) -> Vec<Vec<Complex<f64>>> {
    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(time);
    (0..sites)
        .into_par_iter()
        .map_init(
            || (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec()),
            |(samples, spectrum, scratch), site| {
                for (t, sample) in samples.iter_mut().enumerate() {
                    *sample = recording[t * sites + site].widen();
                }
                let frequencies = time.div_ceil(2) - 1;
                let mean = samples.iter().sum::<f64>() / time as f64;
                let largest = samples.iter_mut().fold(0.0, |largest: f64, sample| {
                    *sample -= mean;
                    largest.max(sample.abs())
                });
                // Rounding of the mean is no motion.
                let still = largest <= 1e-13 * mean.abs();
                let whole = samples.iter().all(|sample| sample.is_finite());
                // The lengths are those of the plan.
                if still || !whole || plan.process_with_scratch(samples, spectrum, scratch).is_err()
                {
                    return vec![Complex::default(); frequencies];
                }
                spectrum[1..=frequencies].to_vec()
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waves::SyntheticWave;

    /// A plane wave of two rows' and one column's cycles a side, and an opposite one.
    fn two_waves(amplitude: f64) -> Vec<f64> {
        let [rows, columns] = [2.0 / 12.0, 1.0 / 12.0];
        let wave = |direction: f64| SyntheticWave::Plane {
            frequency: 2.0 / 36.0,
            wavelength: 1.0 / f64::hypot(rows, columns),
            direction,
            phase: 0.0,
        };
        let direction = rows.atan2(columns);
        let forward = wave(direction).recording([36, 12, 12]);
        let backward = wave(direction + std::f64::consts::PI).recording([36, 12, 12]);
        forward.iter().zip(&backward).map(|(one, other)| one + amplitude * other).collect()
    }

    #[test]
    fn opposite_waves_have_known_indices() {
        for amplitude in [0.0, 0.25, 0.5, 1.0] {
            let square = f64::powi(amplitude, 2);
            let found =
                SpaceTimeSpectrum::of(&two_waves(amplitude), [36, 12, 12], Grid::Torus).unwrap();
            assert!((found.travel_index() - (1.0 - square) / (1.0 + square)).abs() < 1e-12);
            assert!((found.mode_share() - 1.0 / (1.0 + square)).abs() < 1e-12);
            if amplitude < 1.0 {
                let peak = found.peak().unwrap();
                assert!((peak.frequency - 2.0 / 36.0).abs() < 1e-15);
                assert!((peak.wave_number[0] - 2.0 / 12.0).abs() < 1e-15, "{peak:?}");
                assert!((peak.wave_number[1] - 1.0 / 12.0).abs() < 1e-15, "{peak:?}");
                assert!((peak.phase_speed() - 0.298_142).abs() < 5e-7);
            }
        }
    }

    #[test]
    fn a_target_wave_travels_to_all_sides() {
        let wave = SyntheticWave::Target {
            frequency: 0.1,
            wavelength: 6.0,
            centre: [7.5, 7.5],
            phase: 0.3,
        };
        let found =
            SpaceTimeSpectrum::of(&wave.recording([40, 16, 16]), [40, 16, 16], Grid::Open).unwrap();
        assert!(found.travel_index() < 1e-10, "{}", found.travel_index());
    }

    #[test]
    fn rings_are_added_whatever_their_phase() {
        let shape = [20, 3, 10];
        let recording: Vec<f64> = (0..600)
            .map(|index| {
                let (t, row, column) = (index / 30, index / 10 % 3, index % 10);
                let turn = 2.0 * t as f64 / 20.0 - column as f64 / 10.0;
                (std::f64::consts::TAU * turn + 1.7 * row as f64).cos()
            })
            .collect();
        let found = SpaceTimeSpectrum::of(&recording, shape, Grid::Rings).unwrap();
        assert!((found.mode_share() - 1.0).abs() < 1e-12);
        assert!((found.travel_index() - 1.0).abs() < 1e-12);
        let peak = found.peak().unwrap();
        assert_eq!(peak.wave_number[0], 0.0);
        assert!((peak.wave_number[1] - 0.1).abs() < 1e-15);
        let mut sum = found.clone();
        sum.add(&found).unwrap();
        assert!((sum.mode_share() - 1.0).abs() < 1e-12);
        let other = SpaceTimeSpectrum::of(&recording, [20, 10, 3], Grid::Torus).unwrap();
        assert!(sum.add(&other).is_err());
    }

    #[test]
    fn constants_and_dead_sites_do_not_matter() {
        let mut recording = two_waves(0.25);
        recording.iter_mut().enumerate().for_each(|(index, value)| *value += (index % 144) as f64);
        let shape = [36, 12, 12];
        let found = SpaceTimeSpectrum::of(&recording, shape, Grid::Torus).unwrap();
        assert!((found.travel_index() - 0.882_352_941).abs() < 1e-9);
        recording[7 * 144 + 5] = f64::NAN;
        let found = SpaceTimeSpectrum::of(&recording, shape, Grid::Torus).unwrap();
        assert!((found.travel_index() - 0.88).abs() < 0.02, "{}", found.travel_index());
        let still = SpaceTimeSpectrum::of(&[1.0; 24], [6, 2, 2], Grid::Torus).unwrap();
        assert!(still.peak().is_none() && still.travel_index().is_nan());
        assert!(SpaceTimeSpectrum::of(&[1.0; 8], [2, 2, 2], Grid::Torus).is_err());
    }
}
