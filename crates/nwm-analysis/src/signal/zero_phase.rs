//! Filtering without delay.

use rayon::prelude::*;

use super::check;
use super::sections::{LANES, Lanes, Sections, interleave, separate};
use crate::{Error, Real, Result};

/// By how many samples a series is continued at each end before it is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Padding {
    /// Six times the number of sections, as MATLAB and Octave do.
    #[default]
    Matlab,
    /// Three more than that, as SciPy does.
    Scipy,
    /// As many as given.
    Samples(usize),
}

/// A filter that runs over a series forward and then backward, so that nothing is delayed and every
/// frequency is scaled by the square of the filter's gain.
///
/// Both ends are continued by their mirror image about the end point (`2 x[0] - x[k]`), and each pass
/// starts as if its first sample had always been there.
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroPhase {
    sections: Sections,
    padding: Padding,
}

impl ZeroPhase {
    /// Runs `sections` in both directions.
    pub fn new(sections: Sections, padding: Padding) -> Self {
        Self { sections, padding }
    }

    /// The filter that runs in both directions.
    pub fn sections(&self) -> &Sections {
        &self.sections
    }

    /// By how many samples each end is continued. A series must be longer than that.
    pub fn padding(&self) -> usize {
        let sections = self.sections.sections().len();
        match self.padding {
            Padding::Matlab => 6 * sections,
            Padding::Scipy => 3 * (2 * sections + 1),
            Padding::Samples(samples) => samples,
        }
    }

    /// Filters each series of `[series, time]`. One with a sample that is NaN becomes NaN throughout.
    ///
    /// # Errors
    ///
    /// When there is no sample, their number is no multiple of `time`, or the series are too short for
    /// the padding.
    pub fn filter<T: Real>(&self, series: &mut [T], time: usize) -> Result<()> {
        check::series("filter series", series, time)?;
        let padding = self.padding();
        if time <= padding {
            return Err(Error::TooShort { found: time, padding });
        }
        let steady = self.sections.steady_state();
        series.par_chunks_mut(LANES * time).for_each_init(
            || (Vec::new(), Vec::new()),
            |(extended, samples), series| {
                interleave(series, time, samples);
                self.filter_lanes(&steady, samples, extended);
                separate(&extended[padding..][..time], series, time);
            },
        );
        Ok(())
    }

    /// Leaves the filtered samples in `extended`, with the padding around them.
    fn filter_lanes(&self, steady: &[[f64; 2]], samples: &[Lanes], extended: &mut Vec<Lanes>) {
        let (padding, last) = (self.padding(), samples.len() - 1);
        let mirrored = |end: usize, inside: usize| -> Lanes {
            std::array::from_fn(|lane| 2.0 * samples[end][lane] - samples[inside][lane])
        };
        extended.clear();
        extended.extend((1..=padding).rev().map(|distance| mirrored(0, distance)));
        extended.extend_from_slice(samples);
        extended.extend((1..=padding).map(|distance| mirrored(last, last - distance)));
        let start = |first: &Lanes| -> Vec<[Lanes; 2]> {
            steady.iter().map(|sums| sums.map(|sum| first.map(|value| sum * value))).collect()
        };
        let forward = start(&extended[0]);
        self.sections.run(&forward, extended.iter_mut());
        let backward = start(&extended[extended.len() - 1]);
        self.sections.run(&backward, extended.iter_mut().rev());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::signal::band_pass;

    /// A fundamental of 18 samples, two harmonics, and a slope.
    pub(in crate::signal) fn three_tones_and_a_slope() -> Vec<f64> {
        (0..72)
            .map(f64::from)
            .map(|n| {
                let tone = |period: f64| TAU * n / period;
                tone(18.0).sin() + 0.5 * tone(9.0).cos() + 0.25 * (tone(6.0) + 0.4).sin() + n / 72.0
            })
            .collect()
    }

    #[test]
    fn both_paddings_give_the_known_samples() {
        // GNU Octave 7.3 and SciPy 1.17.1.
        let places = [0, 1, 2, 5, 17, 36, 53, 71];
        let cases = [
            (
                Padding::Matlab,
                [
                    0.011246212611,
                    0.360592469214,
                    0.347138049455,
                    -0.420331208412,
                    0.181858555022,
                    0.571400008462,
                    0.159214196040,
                    0.023927830870,
                ],
                [0.053469600096, 7.794460069951],
            ),
            (
                Padding::Scipy,
                [
                    0.011889864780,
                    0.357422615416,
                    0.343067295103,
                    -0.420561852999,
                    0.182840697385,
                    0.572891224520,
                    0.162898186494,
                    -0.006613749147,
                ],
                [-0.018779929487, 7.890109706824],
            ),
        ];
        for (padding, wanted, [sum, squares]) in cases {
            let filter = ZeroPhase::new(band_pass(4, [0.1, 0.2]).unwrap(), padding);
            let mut series = three_tones_and_a_slope();
            filter.filter(&mut series, 72).unwrap();
            for (place, wanted) in places.into_iter().zip(wanted) {
                assert!(
                    (series[place] - wanted).abs() < 1e-12,
                    "{padding:?} {place}: {}",
                    series[place]
                );
            }
            assert!((series.iter().sum::<f64>() - sum).abs() < 1e-11);
            assert!((series.iter().map(|it| it * it).sum::<f64>() - squares).abs() < 1e-11);
        }
    }

    #[test]
    fn a_sinusoid_in_the_band_keeps_its_phase() {
        let filter = ZeroPhase::new(band_pass(2, [0.05, 0.2]).unwrap(), Padding::default());
        let wave = |n: i32| (TAU * 0.1 * f64::from(n) + 0.3).cos();
        let mut series: Vec<f64> = (0..400).map(wave).collect();
        filter.filter(&mut series, 400).unwrap();
        let gain = filter.sections().gain(0.1).powi(2);
        for n in 150..250 {
            assert!((series[n as usize] - gain * wave(n)).abs() < 1e-9);
        }
    }

    #[test]
    fn single_precision_is_filtered_in_double() {
        // Low frequencies of a finely sampled series are where single precision fails.
        let filter = ZeroPhase::new(band_pass(4, [0.002, 0.006]).unwrap(), Padding::default());
        let exact: Vec<f64> =
            (0..4000).map(|n| f64::from((n * 7919 % 1000) as f32 / 500.0 - 1.0)).collect();
        let mut single: Vec<f32> = exact.iter().map(|&value| value as f32).collect();
        let mut double = exact;
        filter.filter(&mut double, 4000).unwrap();
        filter.filter(&mut single, 4000).unwrap();
        for (single, double) in single.iter().zip(&double) {
            assert_eq!(*single, *double as f32);
        }
    }

    #[test]
    fn one_broken_sample_breaks_its_series_alone() {
        let filter = ZeroPhase::new(band_pass(4, [0.1, 0.2]).unwrap(), Padding::default());
        let whole = three_tones_and_a_slope();
        let mut series = whole.repeat(3);
        series[72 + 50] = f64::NAN;
        filter.filter(&mut series, 72).unwrap();
        assert!(series[72..144].iter().all(|value| value.is_nan()));
        assert_eq!(series[..72], series[144..]);
        assert!(series[..72].iter().all(|value| value.is_finite()));
    }

    #[test]
    fn a_short_series_says_how_long_it_must_be() {
        let filter = ZeroPhase::new(band_pass(4, [0.1, 0.2]).unwrap(), Padding::default());
        let error = filter.filter(&mut [0.0; 24], 24).unwrap_err().to_string();
        assert!(error.contains("24") && error.contains("25"), "{error}");
        assert!(filter.filter(&mut [0.0; 25], 25).is_ok());
    }
}
