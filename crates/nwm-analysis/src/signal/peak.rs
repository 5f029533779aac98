//! Which frequency a recording is about.

use rayon::prelude::*;
use realfft::RealFftPlanner;

use super::check;
use crate::{Error, Result};

/// Power of series by frequency, averaged over pieces that overlap by half (Welch 1967), each without its mean and
/// under a Hann window, and over series, each scaled to power 1.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerSpectrum {
    /// Samples of a piece.
    length: usize,
    /// Sums over pieces, by cycles per piece.
    power: Vec<f64>,
}

impl PowerSpectrum {
    /// A spectrum of pieces of `length` samples.
    ///
    /// # Errors
    ///
    /// When they are fewer than 8.
    pub fn new(length: usize) -> Result<Self> {
        if length < 8 {
            return Err(Error::Range {
                action: "take a power spectrum",
                name: "the number of samples",
                found: length,
                expected: "at least 8",
            });
        }
        Ok(Self { length, power: vec![0.0; length / 2 + 1] })
    }

    /// Adds series `[series, time]`; those with a sample that is no number, and constant ones, do not count.
    ///
    /// # Errors
    ///
    /// When there is no sample, their number is no multiple of `time`, or they are shorter than a piece.
    pub fn add(&mut self, series: &[f64], time: usize) -> Result<()> {
        const ACTION: &str = "take a power spectrum";
        check::series(ACTION, series, time)?;
        if time < self.length {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of samples",
                found: time,
                expected: "at least that of a piece",
            });
        }
        let plan = RealFftPlanner::<f64>::new().plan_fft_forward(self.length);
        let window = hann(self.length);
        let spectra: Vec<Vec<f64>> = series
            .par_chunks_exact(time)
            .map_init(
                || (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec()),
                |(samples, spectrum, scratch), series| {
                    let mut power = vec![0.0; self.power.len()];
                    let pieces = series.windows(self.length).step_by((self.length / 2).max(1));
                    for piece in pieces {
                        let mean = piece.iter().sum::<f64>() / self.length as f64;
                        for ((sample, value), weight) in samples.iter_mut().zip(piece).zip(&window)
                        {
                            *sample = (value - mean) * weight;
                        }
                        // The lengths are those of the plan.
                        if plan.process_with_scratch(samples, spectrum, scratch).is_ok() {
                            for (sum, value) in power.iter_mut().zip(&*spectrum) {
                                *sum += value.norm_sqr();
                            }
                        }
                    }
                    power
                },
            )
            .collect();
        for power in spectra {
            let total: f64 = power[1..].iter().sum();
            if total.is_finite() && total > 0.0 {
                self.power.iter_mut().zip(power).for_each(|(sum, power)| *sum += power / total);
            }
        }
        Ok(())
    }

    /// Cycles per sample and power of each frequency.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let length = self.length as f64;
        self.power.iter().enumerate().map(move |(cycles, &power)| (cycles as f64 / length, power))
    }

    /// The frequency at which an octave has the most power, cycles per sample: the largest `frequency * power`, which is
    /// level for the `1/f` background of many recordings. At least four cycles must fit into a piece. None if nothing
    /// moves.
    pub fn peak(&self) -> Option<f64> {
        let mut best = (0.0, 0.0);
        for (frequency, power) in self.points().skip(4) {
            if frequency * power > best.1 {
                best = (frequency, frequency * power);
            }
        }
        (best.1 > 0.0).then_some(best.0)
    }
}

/// An octave either side of a frequency, `[low, high]` in cycles per sample; the upper edge is at most nine tenths of
/// the highest frequency.
pub fn octaves_around(frequency: f64) -> [f64; 2] {
    [(frequency / 2.0).min(0.225), (frequency * 2.0).min(0.45)]
}

fn hann(length: usize) -> Vec<f64> {
    let turn = std::f64::consts::TAU / length as f64;
    (0..length).map(|n| 0.5 - 0.5 * (turn * n as f64).cos()).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;

    #[test]
    fn an_oscillation_is_found_in_a_falling_background() {
        let mut stream = Stream::new(b"tests of spectral peaks ", 1);
        let time = 2000;
        let mut series = Vec::new();
        for site in 0..6 {
            let mut brown = 0.0;
            for t in 0..time {
                brown = 0.95 * brown + stream.normal();
                let wave = (TAU * 0.034 * f64::from(t) + f64::from(site)).cos();
                series.push(100.0 + brown + 2.0 * wave);
            }
        }
        series.extend(vec![3.0; 2000]);
        series.extend(vec![f64::NAN; 2000]);
        let mut spectrum = PowerSpectrum::new(500).unwrap();
        spectrum.add(&series, 2000).unwrap();
        let peak = spectrum.peak().unwrap();
        assert!((peak - 0.034).abs() < 0.0011, "{peak}");
        assert_eq!(octaves_around(peak), [peak / 2.0, peak * 2.0]);
        assert_eq!(octaves_around(0.48), [0.225, 0.45]);
    }

    #[test]
    fn power_is_that_of_a_plain_sum() {
        let series: Vec<f64> = (0..12).map(|n| f64::from(n * n % 7)).collect();
        let mut spectrum = PowerSpectrum::new(8).unwrap();
        spectrum.add(&series, 12).unwrap();
        let mut wanted = [0.0; 5];
        for start in [0, 4] {
            let piece = &series[start..start + 8];
            let mean = piece.iter().sum::<f64>() / 8.0;
            for (cycles, wanted) in wanted.iter_mut().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for (n, value) in piece.iter().enumerate() {
                    let weight = (std::f64::consts::PI * n as f64 / 8.0).sin().powi(2);
                    let angle = TAU * (cycles * n) as f64 / 8.0;
                    re += weight * (value - mean) * angle.cos();
                    im -= weight * (value - mean) * angle.sin();
                }
                *wanted += re * re + im * im;
            }
        }
        let total: f64 = wanted[1..].iter().sum();
        for ((frequency, power), (cycles, wanted)) in spectrum.points().zip((0..).zip(wanted)) {
            assert_eq!(frequency, f64::from(cycles) / 8.0);
            assert!((power - wanted / total).abs() < 1e-12, "{power}");
        }
    }

    #[test]
    fn stillness_has_no_peak_and_short_series_no_spectrum() {
        let mut spectrum = PowerSpectrum::new(8).unwrap();
        spectrum.add(&[2.0; 16], 16).unwrap();
        assert_eq!(spectrum.peak(), None);
        assert!(spectrum.add(&[2.0; 7], 7).is_err());
        assert!(PowerSpectrum::new(7).is_err());
    }
}
