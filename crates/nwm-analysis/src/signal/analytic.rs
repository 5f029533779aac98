//! The analytic signal.

use std::sync::Arc;

use num_complex::Complex;
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::check;
use crate::{Error, Real, Result};

/// What becomes of the highest frequency of a series of even length, which has no direction of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NyquistBin {
    /// It stays in the real part, which then equals the series.
    #[default]
    Keep,
    /// It is left out, as in the transform of MONAI that the paper's code used.
    Drop,
}

/// Makes analytic signals of series of one length: the series as the real part, and its Hilbert
/// transform, every frequency late by a quarter of its period, as the imaginary part (Marple 1999).
///
/// The plans of its Fourier transforms are made once. Positive frequencies turn counter-clockwise; some
/// toolboxes return the complex conjugate.
///
/// A transform takes a series for one period of a periodic one, so that what begins and ends at different
/// heights is distorted near its ends.
#[derive(Clone)]
pub struct AnalyticTransform<T: Real> {
    time: usize,
    nyquist: NyquistBin,
    forward: Arc<dyn RealToComplex<T>>,
    inverse: Arc<dyn ComplexToReal<T>>,
}

impl<T: Real> std::fmt::Debug for AnalyticTransform<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut fields = formatter.debug_struct("AnalyticTransform");
        fields.field("time", &self.time).field("nyquist", &self.nyquist).finish_non_exhaustive()
    }
}

impl<T: Real> AnalyticTransform<T> {
    /// The transform of series of `time` samples.
    ///
    /// # Errors
    ///
    /// When `time` is zero.
    pub fn new(time: usize, nyquist: NyquistBin) -> Result<Self> {
        if time == 0 {
            return Err(Error::Empty { action: "plan an analytic signal", expected: "sample" });
        }
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(time), planner.plan_fft_inverse(time));
        Ok(Self { time, nyquist, forward, inverse })
    }

    /// The analytic signals `[series, time]` of `[series, time]`. A series with a sample that is NaN or
    /// infinite becomes NaN throughout.
    ///
    /// # Errors
    ///
    /// When there is no sample, or their number is no multiple of the length.
    pub fn apply(&self, series: &[T]) -> Result<Vec<Complex<T>>> {
        check::series("make analytic signals", series, self.time)?;
        let mut signals = vec![Complex::default(); series.len()];
        signals
            .par_chunks_exact_mut(self.time)
            .zip(series.par_chunks_exact(self.time))
            .for_each_init(|| Work::new(self), |work, (signal, series)| work.apply(series, signal));
        Ok(signals)
    }
}

/// Buffers for one series.
struct Work<'a, T: Real> {
    transform: &'a AnalyticTransform<T>,
    samples: Vec<T>,
    spectrum: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<'a, T: Real> Work<'a, T> {
    fn new(transform: &'a AnalyticTransform<T>) -> Self {
        let scratch = transform.forward.get_scratch_len().max(transform.inverse.get_scratch_len());
        Self {
            transform,
            samples: transform.forward.make_input_vec(),
            spectrum: transform.forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
        }
    }

    fn apply(&mut self, series: &[T], signal: &mut [Complex<T>]) {
        let (time, nan) = (self.transform.time, T::nan());
        if !series.iter().all(|value| value.is_finite()) {
            return signal.fill(Complex::new(nan, nan));
        }
        self.samples.copy_from_slice(series);
        // Lengths are those of the plan, which is all that these two can find wrong.
        let (forward, inverse) = (&self.transform.forward, &self.transform.inverse);
        if forward
            .process_with_scratch(&mut self.samples, &mut self.spectrum, &mut self.scratch)
            .is_err()
        {
            return signal.fill(Complex::new(nan, nan));
        }
        let scale = T::one() / T::nearest(time as f64);
        let highest =
            if time.is_multiple_of(2) { self.spectrum[time / 2].re * scale } else { T::zero() };
        for value in &mut self.spectrum {
            // Late by a quarter turn: times -i.
            *value = Complex::new(value.im * scale, -value.re * scale);
        }
        self.spectrum[0] = Complex::default();
        if time.is_multiple_of(2) {
            self.spectrum[time / 2] = Complex::default();
        }
        if inverse
            .process_with_scratch(&mut self.spectrum, &mut self.samples, &mut self.scratch)
            .is_err()
        {
            return signal.fill(Complex::new(nan, nan));
        }
        let dropped = match self.transform.nyquist {
            NyquistBin::Keep => T::zero(),
            NyquistBin::Drop => highest,
        };
        for (n, (signal, (&value, &turned))) in
            signal.iter_mut().zip(series.iter().zip(&self.samples)).enumerate()
        {
            let alternating = if n.is_multiple_of(2) { dropped } else { -dropped };
            *signal = Complex::new(value - alternating, turned);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const SERIES: [f64; 8] = [1.0, 2.0, 0.0, -1.0, 3.0, -2.0, 0.5, 1.5];

    fn analytic(series: &[f64], time: usize, nyquist: NyquistBin) -> Vec<Complex<f64>> {
        AnalyticTransform::new(time, nyquist).unwrap().apply(series).unwrap()
    }

    #[test]
    fn even_and_odd_lengths_give_the_known_signals() {
        let wanted = [
            -0.405330085890,
            0.344669914110,
            2.173097038856,
            -1.758883476483,
            0.655330085890,
            1.405330085890,
            -2.423097038856,
            0.008883476483,
        ];
        let found = analytic(&SERIES, 8, NyquistBin::Keep);
        for ((found, wanted), value) in found.iter().zip(wanted).zip(SERIES) {
            assert_eq!(found.re, value);
            assert!((found.im - wanted).abs() < 1e-12, "{found} {wanted}");
        }
        let wanted = [
            -0.084705544719,
            -0.372982478427,
            2.463129840625,
            -2.063311015572,
            0.839433416372,
            1.344063461590,
            -2.125627679868,
        ];
        for (found, wanted) in analytic(&SERIES[..7], 7, NyquistBin::Keep).iter().zip(wanted) {
            assert!((found.im - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn the_highest_frequency_can_be_dropped() {
        let found = analytic(&SERIES, 8, NyquistBin::Drop);
        let kept = analytic(&SERIES, 8, NyquistBin::Keep);
        let wanted = [0.5, 2.5, -0.5, -0.5, 2.5, -1.5, 0.0, 2.0];
        for ((found, kept), wanted) in found.iter().zip(kept).zip(wanted) {
            assert!((found.re - wanted).abs() < 1e-14 && found.im == kept.im);
        }
        // An odd length has no such frequency.
        let odd = |nyquist| analytic(&SERIES[..7], 7, nyquist);
        assert_eq!(odd(NyquistBin::Drop), odd(NyquistBin::Keep));
    }

    #[test]
    fn a_sinusoid_of_whole_periods_becomes_a_rotation() {
        for time in [60, 61] {
            let phase = |n: usize| TAU * 5.0 * n as f64 / time as f64 + 0.4;
            let series: Vec<f64> = (0..time).map(|n| 2.0 * phase(n).cos()).collect();
            for (n, found) in analytic(&series, time, NyquistBin::Keep).iter().enumerate() {
                assert!((found - 2.0 * Complex::cis(phase(n))).norm() < 1e-13);
            }
        }
    }

    #[test]
    fn single_precision_and_broken_series() {
        let mut series: Vec<f32> = SERIES.iter().map(|&value| value as f32).collect();
        series.extend([1.0, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let found = AnalyticTransform::new(8, NyquistBin::Keep).unwrap().apply(&series).unwrap();
        for (single, double) in found.iter().zip(analytic(&SERIES, 8, NyquistBin::Keep)) {
            assert!((f64::from(single.im) - double.im).abs() < 1e-6);
        }
        assert!(found[8..].iter().all(|value| value.re.is_nan() && value.im.is_nan()));
        assert_eq!(
            analytic(&[3.0, 4.0], 1, NyquistBin::Keep),
            [3.0, 4.0].map(|it| Complex::new(it, 0.0))
        );
        assert!(AnalyticTransform::<f64>::new(0, NyquistBin::Keep).is_err());
    }
}
