//! The generalized phase.

use std::f64::consts::{PI, TAU};

use num_complex::Complex;
use rayon::prelude::*;

use super::pchip::Cubic;
use super::{check, instantaneous_frequency};
use crate::{Error, Real, Result};

const ACTION: &str = "make the generalized phase";

/// The generalized phase of a wide-band signal (Davis, Muller and others, Nature 2020): the phase of the
/// analytic signal, replaced where it runs backwards.
///
/// Samples of a frequency below the lowest, and those that follow within a multiple of their number, lose
/// their phase; shape-preserving cubics through the unwrapped phase of the others take its place. The
/// amplitude stays. If the mean frequency of all series together is negative, all signals are conjugated
/// first.
///
/// The result is not monotone: a stretch that is replaced may fall if the sample after it has a lower
/// phase than the one before. Where nothing is replaced it is the phase of the analytic signal.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GeneralizedPhase {
    /// Samples per unit of time; 1 counts in samples.
    pub sampling_rate: f64,
    /// The lowest frequency that is trusted, per unit of time.
    pub lowest_frequency: f64,
    /// How many times as long as itself a distrusted stretch is, its first sample not counted.
    pub stretch: usize,
}

impl Default for GeneralizedPhase {
    /// In samples, distrusting negative frequencies, three times as long: the published setting.
    fn default() -> Self {
        Self { sampling_rate: 1.0, lowest_frequency: 0.0, stretch: 3 }
    }
}

/// Signals with the generalized phase.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GeneralizedSignal<T> {
    /// `[series, time]`: the amplitude of the analytic signals with the generalized phase.
    pub signals: Vec<Complex<T>>,
    /// `[series, time]`: instantaneous frequencies before anything was replaced; the last one is 0.
    pub frequencies: Vec<T>,
    /// Whether all signals were conjugated.
    pub conjugated: bool,
    /// How many samples got another phase.
    pub replaced: usize,
    /// Series in which fewer than two samples were trusted. They are NaN.
    pub undefined: Vec<usize>,
}

impl GeneralizedPhase {
    /// The generalized signals of the analytic signals `[series, time]` of series that were filtered. A
    /// series that is NaN stays so.
    ///
    /// # Errors
    ///
    /// When there is no sample, their number is no multiple of `time`, or an option is no number.
    pub fn apply<T: Real>(
        &self,
        signals: &[Complex<T>],
        time: usize,
    ) -> Result<GeneralizedSignal<T>> {
        self.check()?;
        check::series(ACTION, signals, time)?;
        let mut frequencies = instantaneous_frequency(signals, time, self.sampling_rate)?;
        let mut signals = signals.to_vec();
        let conjugated = mean_of_finite(&frequencies, time) < 0.0;
        if conjugated {
            signals.par_iter_mut().for_each(|signal| *signal = signal.conj());
            frequencies.par_iter_mut().for_each(|frequency| *frequency = -*frequency);
            frequencies.iter_mut().skip(time - 1).step_by(time).for_each(|last| *last = T::zero());
        }
        let replaced: Vec<Option<usize>> = signals
            .par_chunks_exact_mut(time)
            .zip(frequencies.par_chunks_exact(time))
            .map_init(Work::default, |work, (signal, frequency)| {
                self.replace(signal, frequency, work)
            })
            .collect();
        Ok(GeneralizedSignal {
            signals,
            frequencies,
            conjugated,
            replaced: replaced.iter().flatten().sum(),
            undefined: (0..replaced.len()).filter(|&index| replaced[index].is_none()).collect(),
        })
    }

    fn check(&self) -> Result<()> {
        let refuse =
            |name, found, expected| Err(Error::RealRange { action: ACTION, name, found, expected });
        if !(self.sampling_rate > 0.0 && self.sampling_rate.is_finite()) {
            return refuse("the sampling rate", self.sampling_rate, "a positive number");
        }
        if !(self.lowest_frequency >= 0.0 && self.lowest_frequency.is_finite()) {
            return refuse("the lowest frequency", self.lowest_frequency, "zero or more");
        }
        Ok(())
    }

    /// Replaces phases of one series and counts them; none if there are too few to go by.
    fn replace<T: Real>(
        &self,
        signal: &mut [Complex<T>],
        frequency: &[T],
        work: &mut Work,
    ) -> Option<usize> {
        if signal.len() < 2 || signal.iter().any(|value| value.re.is_nan() || value.im.is_nan()) {
            return Some(0);
        }
        self.distrust(frequency, &mut work.distrusted);
        let distrusted = &work.distrusted;
        work.trusted.clear();
        work.trusted.extend((0..signal.len()).filter(|&n| !distrusted[n]));
        let trusted = &work.trusted;
        if trusted.len() < 2 {
            signal.fill(Complex::new(T::nan(), T::nan()));
            return None;
        }
        // The gaps between trusted samples, and what comes after the last one.
        for piece in 0..trusted.len() - 1 {
            let gap = trusted[piece] + 1..trusted[piece + 1];
            if !gap.is_empty() {
                let cubic = cubic_at(signal, trusted, piece);
                gap.for_each(|n| set_phase(&mut signal[n], cubic.at(n as f64)));
            }
        }
        let rest = trusted[trusted.len() - 1] + 1..signal.len();
        if !rest.is_empty() {
            let cubic = cubic_at(signal, trusted, trusted.len() - 2);
            rest.for_each(|n| set_phase(&mut signal[n], cubic.at(n as f64)));
        }
        Some(signal.len() - trusted.len())
    }

    /// Marks the samples whose phase is replaced. The first one always keeps its phase.
    fn distrust<T: Real>(&self, frequency: &[T], distrusted: &mut Vec<bool>) {
        let time = frequency.len();
        distrusted.clear();
        distrusted.resize(time, false);
        let low = |n: usize| n > 0 && frequency[n].widen() < self.lowest_frequency;
        let mut n = 0;
        while n < time {
            if !low(n) {
                n += 1;
                continue;
            }
            let start = n;
            while n < time && low(n) {
                n += 1;
            }
            let steps = n - 1 - start;
            let end = start.saturating_add(steps.saturating_mul(self.stretch.max(1))).min(time - 1);
            distrusted[start..=end].fill(true);
        }
    }
}

/// Buffers for one series.
#[derive(Default)]
struct Work {
    distrusted: Vec<bool>,
    trusted: Vec<usize>,
}

/// The mean over all samples that are numbers. The order of the sum is fixed.
fn mean_of_finite<T: Real>(frequencies: &[T], time: usize) -> f64 {
    let sums: Vec<(f64, usize)> = frequencies
        .par_chunks_exact(time)
        .map(|series| {
            let whole = series.iter().filter(|value| !value.is_nan());
            whole.fold((0.0, 0), |(sum, count), value| (sum + value.widen(), count + 1))
        })
        .collect();
    let (sum, count) = sums.iter().fold((0.0, 0), |(sum, count), it| (sum + it.0, count + it.1));
    sum / count as f64
}

/// The cubic from one trusted sample to the next through the phase that is unwrapped as if trusted samples
/// were adjacent. Only it and its neighbours are looked at, since no others matter.
fn cubic_at<T: Real>(signal: &[Complex<T>], trusted: &[usize], piece: usize) -> Cubic {
    let window = piece.saturating_sub(1)..(piece + 3).min(trusted.len());
    let (mut places, mut phases) = ([0.0; 4], [0.0; 4]);
    let count = window.len();
    for (k, &n) in trusted[window.clone()].iter().enumerate() {
        places[k] = n as f64;
        let phase = signal[n].im.widen().atan2(signal[n].re.widen());
        phases[k] = if k == 0 { phase } else { phases[k - 1] + step(phase - phases[k - 1]) };
    }
    Cubic::of_neighbours(&places[..count], &phases[..count], piece - window.start)
}

/// A difference of phases without whole turns, in `[-pi, pi]`; half a turn keeps its sign.
fn step(difference: f64) -> f64 {
    let turns = (difference.abs() / TAU - 0.5).ceil().max(0.0);
    difference - (TAU * turns).copysign(difference)
}

/// Turns a value to another phase.
fn set_phase<T: Real>(value: &mut Complex<T>, phase: f64) {
    let amplitude = value.re.widen().hypot(value.im.widen());
    // Reduced first, as the original does, so that long unwrapped phases lose no digits to it.
    let turned = amplitude * Complex::cis(phase - TAU * ((phase - PI) / TAU).floor() - TAU);
    *value = Complex::new(T::nearest(turned.re), T::nearest(turned.im));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{AnalyticTransform, NyquistBin};

    /// `sum a cos(2 pi f n / time + phase)` for terms `(a, f, phase)`.
    fn tones(time: usize, terms: &[(f64, f64, f64)]) -> Vec<f64> {
        let turn = |f: f64, n: usize| TAU * f * n as f64 / time as f64;
        (0..time)
            .map(|n| terms.iter().map(|&(a, f, phase)| a * (turn(f, n) + phase).cos()).sum())
            .collect()
    }

    fn generalized(series: &[f64], time: usize) -> (Vec<Complex<f64>>, GeneralizedSignal<f64>) {
        let plain = AnalyticTransform::new(time, NyquistBin::Keep).unwrap().apply(series).unwrap();
        let options = GeneralizedPhase { sampling_rate: time as f64, ..Default::default() };
        let found = options.apply(&plain, time).unwrap();
        (plain, found)
    }

    fn assert_phase(signal: Complex<f64>, wanted: f64) {
        assert!((signal.arg() - wanted).abs() < 6e-11, "{} {wanted}", signal.arg());
    }

    #[test]
    fn one_series_equals_the_original_program() {
        // Original code under GNU Octave 7.3 with extrapolation and NaN-skipping unwrapping supplied.
        let series = tones(64, &[(1.0, 2.0, 0.0), (0.55, 7.0, 0.7)]);
        let (plain, found) = generalized(&series, 64);
        let rows = [
            (0, 3.5973156776, 0.2444180691, 0.2444180691, 1.4641811384),
            (3, 0.7475933606, 1.1712865386, 1.1712865386, 0.8244617912),
            (4, -2.8372487310, 1.2446813451, 1.1585672484, 0.5708246963),
            (5, -2.6621610679, 0.9661351023, 1.1282366332, 0.4500997464),
            (6, 0.8894002942, 0.7047780507, 1.0920355764, 0.5823149881),
            (7, 2.6166697358, 0.7920947204, 1.0617049612, 0.8385153561),
            (8, 3.3056524285, 1.0489856709, 1.0489856709, 1.0993980889),
            (17, -3.3835662461, -2.5502333222, -2.5740972734, 0.5300351617),
            (18, -1.9141678098, -2.8824141616, -2.5977915837, 0.4574534640),
            (20, 2.8063127467, -2.9352116334, -2.6497662001, 0.8924126471),
            (29, -0.5574425082, -0.0244668430, -0.0724649806, 0.7175015180),
            (30, -3.6614096634, -0.0791936333, 0.0359992530, 0.4958547356),
            (32, 1.7801190233, -0.5489019422, 0.1832895521, 0.6790976321),
            (35, 3.6749927224, 0.2561943644, 0.4538805376, 1.3875383796),
            (42, -1.3281070351, 2.5054645174, 2.4922510899, 0.6658394799),
            (45, 2.1134325469, 1.9837526070, 2.7550667607, 0.7312206395),
            (48, 3.7006886772, 2.8404319400, 3.0369591319, 1.4181464861),
            (49, 3.7677728214, -3.0794391059, -3.0794391059, 1.5244876934),
            (56, -3.2639231380, -1.4673801409, -1.4323191731, 0.4544322044),
            (58, 2.3886886884, -1.7574916230, -1.5084317295, 0.7845942548),
            (63, 0.0, -0.1222451872, -0.1222451872, 1.5422496474),
        ];
        for (n, frequency, arg, phase, amplitude) in rows {
            assert!((found.frequencies[n] - frequency).abs() < 6e-11, "{n}");
            assert_phase(plain[n], arg);
            assert_phase(found.signals[n], phase);
            assert!((found.signals[n].norm() - amplitude).abs() < 6e-11, "{n}");
        }
        let sum = |of: &dyn Fn(&Complex<f64>) -> f64| found.signals.iter().map(of).sum::<f64>();
        assert!((sum(&|it| it.arg().cos()) + 1.361747819755).abs() < 1e-11);
        assert!((sum(&|it| it.arg().sin()) + 0.260687307311).abs() < 1e-11);
        assert!((sum(&|it| it.re) + 1.178778067765).abs() < 1e-11);
        assert!((sum(&|it| it.im) + 0.218173122341).abs() < 1e-11);
        let mean = found.frequencies.iter().sum::<f64>() / 64.0;
        assert!((mean - 1.941643730308).abs() < 1e-11);
        // 4-7, 17-20, 29-35, 42-48 and 55-58.
        assert_eq!((found.replaced, found.conjugated), (4 + 4 + 7 + 7 + 4, false));
    }

    #[test]
    fn two_series_equal_the_original_program() {
        let mut series = tones(60, &[(1.0, 2.0, 0.0), (0.55, 7.0, -1.1)]);
        series.extend(tones(60, &[(1.0, 3.0, 0.0), (0.3, 5.0, 0.2)]));
        let (plain, found) = generalized(&series, 60);
        let first = [
            (2, 0.4001442988),
            (7, 1.8303887438),
            (8, 1.8189476309),
            (9, 1.8052921091),
            (10, 1.7938509963),
            (20, -1.9509635534),
            (44, 3.0755846924),
            (46, 3.0504880577),
            (47, 3.0456901716),
            (48, -2.8871207513),
            (54, -0.6780874930),
            (55, -0.6784565612),
            (56, -0.6810400383),
            (57, -0.6880523333),
            (58, -0.7017078551),
            (59, -0.7242210127),
        ];
        for (n, phase) in first {
            assert_phase(found.signals[n], phase);
        }
        let second = [
            (0, 0.0460261112),
            (9, 3.1247711714),
            (10, -2.8680707316),
            (45, 1.4865732557),
            (59, -0.3163376005),
        ];
        for (n, phase) in second {
            assert_phase(found.signals[60 + n], phase);
        }
        assert_eq!(found.signals[60..], plain[60..], "nothing to replace");
    }

    #[test]
    fn the_end_is_extrapolated() {
        let series = tones(60, &[(1.0, 2.0, 0.0), (0.55, 7.0, -2.2)]);
        let (plain, found) = generalized(&series, 60);
        let rows = [
            (46, -2.7954011816),
            (52, -1.7129757287),
            (55, -0.5700702364),
            (56, -0.2634064257),
            (57, -0.0172075403),
            (58, 0.1545617583),
            (59, 0.2379368084),
        ];
        for (n, phase) in rows {
            assert_phase(found.signals[n], phase);
        }
        for (n, arg) in [(57, -0.1006003639), (58, -0.2916090777), (59, -0.6313765097)] {
            assert_phase(plain[n], arg);
        }
    }

    #[test]
    fn signals_that_turn_the_other_way_are_conjugated() {
        let series = tones(64, &[(1.0, 2.0, 0.0), (0.55, 7.0, 0.7)]);
        let (plain, found) = generalized(&series, 64);
        let mirrored: Vec<_> = plain.iter().map(|value| value.conj()).collect();
        let options = GeneralizedPhase { sampling_rate: 64.0, ..Default::default() };
        let turned = options.apply(&mirrored, 64).unwrap();
        assert!(turned.conjugated);
        assert_eq!((turned.signals, turned.frequencies), (found.signals, found.frequencies));
    }

    #[test]
    fn a_lowest_frequency_distrusts_the_last_sample() {
        let series = tones(64, &[(1.0, 4.0, 0.3)]);
        let signal = AnalyticTransform::new(64, NyquistBin::Keep).unwrap().apply(&series).unwrap();
        let options = GeneralizedPhase { sampling_rate: 64.0, lowest_frequency: 1.0, stretch: 3 };
        let found = options.apply(&signal, 64).unwrap();
        assert_eq!(found.replaced, 1);
        // The phase of a sinusoid is a straight line, also beyond its end.
        assert!(
            found.signals.iter().zip(&signal).all(|(found, plain)| (found - plain).norm() < 1e-12)
        );
    }

    #[test]
    fn broken_and_untrusted_series_are_nan() {
        let mut series = tones(64, &[(1.0, 4.0, 0.3)]);
        series.extend(tones(64, &[(1.0, 2.0, 0.3)]));
        series.extend([f64::NAN; 64]);
        let signal = AnalyticTransform::new(64, NyquistBin::Keep).unwrap().apply(&series).unwrap();
        let options = GeneralizedPhase { sampling_rate: 64.0, lowest_frequency: 3.0, stretch: 3 };
        let found = options.apply(&signal, 64).unwrap();
        assert_eq!(found.undefined, [1]);
        assert!(found.signals[..64].iter().all(|value| value.is_finite()));
        assert!(found.signals[64..].iter().all(|value| value.is_nan()));
        assert!(GeneralizedPhase { sampling_rate: 0.0, ..options }.apply(&signal, 64).is_err());
        assert!(
            GeneralizedPhase { lowest_frequency: f64::NAN, ..options }.apply(&signal, 64).is_err()
        );
    }

    #[test]
    fn steps_of_half_a_turn_keep_their_sign() {
        assert_eq!((step(PI), step(-PI), step(0.5)), (PI, -PI, 0.5));
        assert!(
            (step(4.0) - (4.0 - TAU)).abs() < 1e-15 && (step(-4.0) - (TAU - 4.0)).abs() < 1e-15
        );
        assert!((step(15.0) - (15.0 - 2.0 * TAU)).abs() < 1e-14);
    }
}
