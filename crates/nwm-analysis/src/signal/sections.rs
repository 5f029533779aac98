//! Recursive filters as cascades of second-order sections.

use std::f64::consts::TAU;

use num_complex::Complex;
use rayon::prelude::*;

use super::check;
use crate::{Real, Result};

/// Series that are filtered together.
pub(super) const LANES: usize = 8;

/// One value of each of the series that are filtered together.
pub(super) type Lanes = [f64; LANES];

/// One section: `y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    /// `b0`, `b1`, `b2`.
    pub b: [f64; 3],
    /// `a1`, `a2`; `a0` is 1.
    pub a: [f64; 2],
}

/// A recursive filter: sections, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Sections {
    sections: Vec<Section>,
}

impl Sections {
    /// The filter of these sections.
    pub fn new(sections: Vec<Section>) -> Self {
        Self { sections }
    }

    /// The sections, first one first.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The factor by which a sinusoid of a frequency in cycles per sample is scaled.
    pub fn gain(&self, frequency: f64) -> f64 {
        // z^-1 on the unit circle.
        let delay = Complex::cis(-TAU * frequency);
        let response = |section: &Section| {
            let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
            let numerator = b0 + delay * (b1 + delay * b2);
            (numerator / (1.0 + delay * (a1 + delay * a2))).norm()
        };
        self.sections.iter().map(response).product()
    }

    /// What each section remembers once it has been fed a constant of 1 for ever, in the transposed
    /// second direct form: the two sums that the next two outputs begin with.
    ///
    /// A filter that starts from these times its first sample has no jump there.
    pub fn steady_state(&self) -> Vec<[f64; 2]> {
        let mut input = 1.0;
        let state = |section: &Section| {
            let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
            let output = input * (b0 + b1 + b2) / (1.0 + a1 + a2);
            let second = b2 * input - a2 * output;
            let first = b1 * input - a1 * output + second;
            input = output;
            [first, second]
        };
        self.sections.iter().map(state).collect()
    }

    /// Filters each series of `[series, time]` once, from the first sample to the last, starting at rest.
    ///
    /// Such a filter is causal and delays what it passes by an amount that depends on the frequency, so
    /// phases come late; [`ZeroPhase`](super::ZeroPhase) has no delay.
    ///
    /// # Errors
    ///
    /// When there is no sample, or their number is no multiple of `time`.
    pub fn filter<T: Real>(&self, series: &mut [T], time: usize) -> Result<()> {
        check::series("filter series", series, time)?;
        series.par_chunks_mut(LANES * time).for_each_init(Vec::new, |lanes, series| {
            interleave(series, time, lanes);
            self.run(&vec![[[0.0; LANES]; 2]; self.sections.len()], lanes.iter_mut());
            separate(lanes, series, time);
        });
        Ok(())
    }

    /// Filters samples in place, in the order in which they come, from a state of each section.
    pub(super) fn run<'a>(
        &self,
        start: &[[Lanes; 2]],
        samples: impl Iterator<Item = &'a mut Lanes>,
    ) {
        // Most filters have few sections; a fixed number of them stays in registers.
        match self.sections.len() {
            2 => self.run_fixed::<2>(start, samples),
            4 => self.run_fixed::<4>(start, samples),
            _ => {
                let mut states = start.to_vec();
                for sample in samples {
                    for (section, state) in self.sections.iter().zip(&mut states) {
                        section.step(state, sample);
                    }
                }
            }
        }
    }

    fn run_fixed<'a, const N: usize>(
        &self,
        start: &[[Lanes; 2]],
        samples: impl Iterator<Item = &'a mut Lanes>,
    ) {
        let sections: [Section; N] = std::array::from_fn(|index| self.sections[index]);
        let mut states: [[Lanes; 2]; N] = std::array::from_fn(|index| start[index]);
        for sample in samples {
            for (section, state) in sections.iter().zip(&mut states) {
                section.step(state, sample);
            }
        }
    }
}

impl Section {
    /// One sample of each series through this section, in the transposed second direct form.
    #[inline(always)]
    fn step(&self, [first, second]: &mut [Lanes; 2], sample: &mut Lanes) {
        let ([b0, b1, b2], [a1, a2]) = (self.b, self.a);
        for lane in 0..LANES {
            let input = sample[lane];
            let output = b0 * input + first[lane];
            first[lane] = b1 * input - a1 * output + second[lane];
            second[lane] = b2 * input - a2 * output;
            sample[lane] = output;
        }
    }
}

/// At most [`LANES`] series side by side, `[time, lane]`; lanes without a series are zeros.
pub(super) fn interleave<T: Real>(series: &[T], time: usize, lanes: &mut Vec<Lanes>) {
    lanes.clear();
    lanes.resize(time, [0.0; LANES]);
    for (lane, samples) in series.chunks_exact(time).enumerate() {
        for (values, sample) in lanes.iter_mut().zip(samples) {
            values[lane] = sample.widen();
        }
    }
}

/// The series of `[time, lane]`.
pub(super) fn separate<T: Real>(lanes: &[Lanes], series: &mut [T], time: usize) {
    for (lane, samples) in series.chunks_exact_mut(time).enumerate() {
        for (sample, values) in samples.iter_mut().zip(lanes) {
            *sample = T::nearest(values[lane]);
        }
    }
}

#[cfg(test)]
mod tests {

    use crate::signal::band_pass;
    use crate::signal::zero_phase::tests::three_tones_and_a_slope;

    #[test]
    fn the_steady_state_is_the_known_one() {
        // SciPy 1.17.1, sosfilt_zi.
        let found = band_pass(4, [0.1, 0.2]).unwrap().steady_state();
        let wanted = [
            [0.020855595461, -0.008241985093],
            [0.199959012883, -0.105646474571],
            [-0.225638951702, 0.225638951702],
            [0.0, 0.0],
        ];
        for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn causal_filters_give_the_known_samples() {
        let places = [0, 1, 2, 5, 17, 36, 53, 71];
        let cases = [
            (
                4,
                [
                    0.002881843627,
                    0.016106338272,
                    0.032452397979,
                    -0.152328376346,
                    -0.191756842338,
                    -0.410449540629,
                    -0.151065109087,
                    -0.145969361140,
                ],
                [0.608301524471, 8.573771258735],
            ),
            (
                5,
                [
                    0.000766155689,
                    0.005042382605,
                    0.012385406555,
                    -0.075814361670,
                    -0.239329067112,
                    -0.597387781006,
                    -0.351238901529,
                    -0.336021311773,
                ],
                [0.580650506337, 8.219903361657],
            ),
        ];
        for (order, wanted, [sum, squares]) in cases {
            let mut series = three_tones_and_a_slope();
            band_pass(order, [0.1, 0.2]).unwrap().filter(&mut series, 72).unwrap();
            for (place, wanted) in places.into_iter().zip(wanted) {
                assert!(
                    (series[place] - wanted).abs() < 1e-12,
                    "{order} {place}: {}",
                    series[place]
                );
            }
            assert!((series.iter().sum::<f64>() - sum).abs() < 1e-11);
            assert!((series.iter().map(|it| it * it).sum::<f64>() - squares).abs() < 1e-11);
        }
    }

    #[test]
    fn series_do_not_touch_each_other() {
        // More than the lanes, and no multiple of them; one series is broken.
        let filter = band_pass(3, [0.05, 0.3]).unwrap();
        let series: Vec<f64> = (0..19 * 40).map(|i| f64::from(i * i % 101)).collect();
        let mut together = series.clone();
        together[5 * 40 + 3] = f64::NAN;
        filter.filter(&mut together, 40).unwrap();
        for index in (0..19).filter(|&index| index != 5) {
            let mut alone = series[index * 40..][..40].to_vec();
            filter.filter(&mut alone, 40).unwrap();
            assert_eq!(together[index * 40..][..40], alone);
        }
        let broken = &together[5 * 40..][..40];
        assert!(broken[..3].iter().all(|it| it.is_finite()));
        assert!(broken[3..].iter().all(|it| it.is_nan()));
    }
}
