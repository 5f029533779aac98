//! From the samples of a recording to its phases.

use std::ops::Range;

use num_complex::Complex;
use rayon::prelude::*;

use super::{
    AnalyticTransform, GeneralizedPhase, NyquistBin, Padding, Sections, ZeroPhase, band_pass,
    check, frames_of, instantaneous_frequency, standardize,
};
use crate::{Error, Result};

/// Sites that are worked on together.
const BLOCK: usize = 128;

/// Which phase a signal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PhaseKind {
    /// The [`GeneralizedPhase`].
    #[default]
    Generalized,
    /// That of the analytic signal.
    Analytic,
}

/// How phases are made of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PhaseOptions {
    /// The band that passes, `[low, high]` in cycles per sample.
    pub band: [f64; 2],
    /// Order of the Butterworth filter.
    pub order: usize,
    /// By how much each end is continued.
    pub padding: Padding,
    /// Whether it runs in both directions, without delay, or forward only.
    pub zero_phase: bool,
    /// Whether each filtered series is scaled to a standard deviation of 1, so that all sites count alike.
    pub standardize: bool,
    /// What becomes of the highest frequency.
    pub nyquist: NyquistBin,
    /// Which phase.
    pub phase: PhaseKind,
}

impl PhaseOptions {
    /// Order 4 in both directions, standardized, generalized phase.
    pub fn of_band(band: [f64; 2]) -> Self {
        Self {
            band,
            order: 4,
            padding: Padding::default(),
            zero_phase: true,
            standardize: true,
            nyquist: NyquistBin::default(),
            phase: PhaseKind::default(),
        }
    }
}

/// Filters recordings and makes phases of them.
#[derive(Debug, Clone)]
pub struct PhaseEstimator {
    options: PhaseOptions,
    filter: Filter,
}

#[derive(Debug, Clone)]
enum Filter {
    Causal(Sections),
    ZeroPhase(ZeroPhase),
}

/// The phases of a recording, `[time, site]` each.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Phases {
    /// Samples in time.
    pub time: usize,
    /// The filtered samples.
    pub filtered: Vec<f32>,
    /// Their analytic signals.
    pub analytic: Vec<Complex<f32>>,
    /// Those with the phase that was asked for.
    pub signals: Vec<Complex<f32>>,
    /// Instantaneous frequencies of the analytic signals, cycles per sample.
    pub frequencies: Vec<f32>,
    /// What is wrong with sites, by site.
    pub sites: Vec<SiteState>,
}

/// Whether a site can be used. One that cannot is NaN throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SiteState {
    /// All samples are there.
    Whole,
    /// All samples are the same.
    Constant,
    /// Some samples are NaN or infinite.
    Partial,
    /// No sample is a finite number.
    Dead,
}

impl SiteState {
    fn of(samples: &[f64]) -> Self {
        match samples.iter().filter(|sample| !sample.is_finite()).count() {
            0 if samples.iter().all(|sample| *sample == samples[0]) => Self::Constant,
            0 => Self::Whole,
            count if count == samples.len() => Self::Dead,
            _ => Self::Partial,
        }
    }
}

impl PhaseEstimator {
    /// Designs the filter.
    ///
    /// # Errors
    ///
    /// Those of [`band_pass`].
    pub fn new(options: PhaseOptions) -> Result<Self> {
        let sections = band_pass(options.order, options.band)?;
        let filter = if options.zero_phase {
            Filter::ZeroPhase(ZeroPhase::new(sections, options.padding))
        } else {
            Filter::Causal(sections)
        };
        Ok(Self { options, filter })
    }

    /// How it makes phases.
    pub fn options(&self) -> &PhaseOptions {
        &self.options
    }

    /// So many samples at a cut end are of no use, since the filter and the transform do not know what went on
    /// before: ten periods of the band's lower edge or of its width, whichever is more.
    pub fn margin(&self) -> usize {
        let [low, high] = self.options.band;
        (10.0 / low.min(high - low)).ceil() as usize
    }

    /// The phases of the samples `kept` in time of a recording `[time, site]`; the others are before and after.
    ///
    /// # Errors
    ///
    /// When there is no sample, their number is no multiple of `time`, they are too few for the filter, or `kept` is
    /// empty or beyond them.
    pub fn phases(&self, recording: &[f64], time: usize, kept: Range<usize>) -> Result<Phases> {
        const ACTION: &str = "make phases of a recording";
        check::series(ACTION, recording, time)?;
        if kept.is_empty() || kept.end > time {
            return Err(Error::Range {
                action: ACTION,
                name: "the end of the kept samples",
                found: kept.end,
                expected: "after their begin and at most the number of samples",
            });
        }
        let sites = recording.len() / time;
        let values = kept.len() * sites;
        let mut phases = Phases {
            time: kept.len(),
            filtered: vec![0.0; values],
            analytic: vec![Complex::default(); values],
            signals: vec![Complex::default(); values],
            frequencies: vec![0.0; values],
            sites: Vec::with_capacity(sites),
        };
        let transform = AnalyticTransform::new(time, self.options.nyquist)?;
        for first in (0..sites).step_by(BLOCK) {
            let block = first..(first + BLOCK).min(sites);
            let mut series = series_of_sites(recording, time, block.clone());
            phases.sites.extend(series.chunks_exact(time).map(SiteState::of));
            for (series, state) in series.chunks_exact_mut(time).zip(&phases.sites[first..]) {
                match state {
                    SiteState::Whole => without_mean(series),
                    _ => series.fill(f64::NAN),
                }
            }
            match &self.filter {
                Filter::Causal(sections) => sections.filter(&mut series, time)?,
                Filter::ZeroPhase(filter) => filter.filter(&mut series, time)?,
            }
            if self.options.standardize {
                standardize(&mut series, time)?;
            }
            let filtered: Vec<f32> = series.iter().map(|&sample| sample as f32).collect();
            drop(series);
            let analytic = transform.apply(&filtered)?;
            let block_of = Placed { sites, block, time, kept: kept.clone() };
            block_of.copy_to(&mut phases.filtered, &filtered)?;
            block_of.copy_to(&mut phases.analytic, &analytic)?;
            match self.options.phase {
                PhaseKind::Analytic => {
                    let frequencies = instantaneous_frequency(&analytic, time, 1.0)?;
                    block_of.copy_to(&mut phases.frequencies, &frequencies)?;
                    block_of.copy_to(&mut phases.signals, &analytic)?;
                }
                PhaseKind::Generalized => {
                    let found = GeneralizedPhase::default().apply(&analytic, time)?;
                    block_of.copy_to(&mut phases.frequencies, &found.frequencies)?;
                    block_of.copy_to(&mut phases.signals, &found.signals)?;
                }
            }
        }
        Ok(phases)
    }
}

/// The series of some sites, `[site, time]`, of a recording `[time, site]`.
fn series_of_sites(recording: &[f64], time: usize, block: Range<usize>) -> Vec<f64> {
    let sites = recording.len() / time;
    let mut series = vec![0.0; block.len() * time];
    series.par_chunks_exact_mut(time).zip(block).for_each(|(series, site)| {
        for (sample, frame) in series.iter_mut().zip(recording.chunks_exact(sites)) {
            *sample = frame[site];
        }
    });
    series
}

/// Takes away what a band-pass would, so that single precision is not spent on it.
fn without_mean(series: &mut [f64]) {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    series.iter_mut().for_each(|sample| *sample -= mean);
}

/// Where the series of a block of sites go.
struct Placed {
    sites: usize,
    block: Range<usize>,
    time: usize,
    kept: Range<usize>,
}

impl Placed {
    /// Puts `[site, time]` of the block into the kept frames.
    fn copy_to<T: Copy + Default + Send + Sync>(
        &self,
        frames: &mut [T],
        series: &[T],
    ) -> Result<()> {
        let block = frames_of(series, self.time)?;
        let sources = block.par_chunks_exact(self.block.len()).skip(self.kept.start);
        frames.par_chunks_exact_mut(self.sites).zip(sources).for_each(|(frame, source)| {
            frame[self.block.clone()].copy_from_slice(source);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::signal::series_of;

    const TIME: usize = 300;

    fn noise(sites: usize) -> Vec<f64> {
        let mut stream = Stream::new(b"tests of phase estimates", 4);
        (0..TIME * sites).map(|_| 1e6 + stream.normal()).collect()
    }

    #[test]
    fn phases_are_those_of_the_steps_by_themselves() {
        // More sites than a block.
        let recording = noise(BLOCK + 3);
        let options = PhaseOptions::of_band([0.05, 0.2]);
        let kept = 40..250;
        let found =
            PhaseEstimator::new(options).unwrap().phases(&recording, TIME, kept.clone()).unwrap();
        let mut series = series_of(&recording, TIME).unwrap();
        series.chunks_exact_mut(TIME).for_each(without_mean);
        let filter = ZeroPhase::new(band_pass(4, [0.05, 0.2]).unwrap(), Padding::Matlab);
        filter.filter(&mut series, TIME).unwrap();
        standardize(&mut series, TIME).unwrap();
        let transform = AnalyticTransform::new(TIME, NyquistBin::Keep).unwrap();
        let signals = transform.apply(&series).unwrap();
        let wanted = GeneralizedPhase::default().apply(&signals, TIME).unwrap();
        let sites = BLOCK + 3;
        assert_eq!((found.time, found.signals.len()), (210, 210 * sites));
        for (t, n) in kept.enumerate() {
            for site in 0..sites {
                let (place, of) = (t * sites + site, site * TIME + n);
                assert!((f64::from(found.filtered[place]) - series[of]).abs() < 1e-5);
                assert!((f64::from(found.analytic[place].im) - signals[of].im).abs() < 1e-5);
                let frequency = f64::from(found.frequencies[place]);
                // Frequencies are ill conditioned where there is no amplitude.
                if signals[of].norm() > 0.1 {
                    assert!((frequency - wanted.frequencies[of]).abs() < 1e-4, "{frequency}");
                }
            }
        }
        let mut options = options;
        options.phase = PhaseKind::Analytic;
        let plain =
            PhaseEstimator::new(options).unwrap().phases(&recording, TIME, 40..250).unwrap();
        assert_eq!(plain.signals, plain.analytic);
        assert_eq!(plain.frequencies, found.frequencies);
        assert_ne!(plain.signals, found.signals);
    }

    #[test]
    fn sites_without_a_course_are_missing() {
        let mut recording = noise(5);
        for t in 0..TIME {
            recording[5 * t] = f64::NAN;
            recording[5 * t + 1] = 7e9;
        }
        recording[5 * 20 + 2] = f64::INFINITY;
        let estimator = PhaseEstimator::new(PhaseOptions::of_band([0.05, 0.2])).unwrap();
        let found = estimator.phases(&recording, TIME, 0..TIME).unwrap();
        use SiteState::{Constant, Dead, Partial, Whole};
        assert_eq!(found.sites, [Dead, Constant, Partial, Whole, Whole]);
        for frame in found.signals.chunks_exact(5) {
            let missing: Vec<bool> = frame.iter().map(|signal| signal.re.is_nan()).collect();
            assert_eq!(missing, [true, true, true, false, false]);
        }
    }

    #[test]
    fn a_causal_filter_looks_back_only() {
        let mut options = PhaseOptions::of_band([0.05, 0.2]);
        (options.zero_phase, options.standardize) = (false, false);
        let estimator = PhaseEstimator::new(options).unwrap();
        let mut recording = vec![0.0; TIME];
        recording[100] = 1.0;
        let found = estimator.phases(&recording, TIME, 0..TIME).unwrap();
        // But for the mean, whose response has died away.
        assert!(found.filtered[60..100].iter().all(|value| value.abs() < 1e-3));
        assert!(found.filtered[100..120].iter().any(|value| value.abs() > 0.1));
    }

    #[test]
    fn within_the_margin_a_cut_makes_no_difference() {
        let mut stream = Stream::new(b"tests of phase estimates", 5);
        let time = 2000;
        let recording: Vec<f64> = (0..time).map(|_| stream.normal()).collect();
        let mut options = PhaseOptions::of_band([0.05, 0.2]);
        options.standardize = false;
        let estimator = PhaseEstimator::new(options).unwrap();
        let margin = estimator.margin();
        assert_eq!(margin, 200);
        let whole = estimator.phases(&recording, time, 600..1400).unwrap();
        let part = estimator
            .phases(&recording[600 - margin..1400 + margin], 800 + 2 * margin, margin..800 + margin)
            .unwrap();
        for (one, other) in whole.analytic.iter().zip(&part.analytic) {
            assert!((one - other).norm() < 2e-3, "{one} {other}");
        }
    }

    #[test]
    fn wrong_input_is_refused() {
        let estimator = PhaseEstimator::new(PhaseOptions::of_band([0.05, 0.2])).unwrap();
        let error = estimator.phases(&[0.0; 20], 20, 0..20).unwrap_err().to_string();
        assert!(error.contains("found 20 samples, expected at least 25"), "{error}");
        assert!(estimator.phases(&[0.0; 30], 30, 0..31).is_err());
        assert!(estimator.phases(&[0.0; 30], 30, 7..7).is_err());
        assert!(estimator.phases(&[0.0; 31], 30, 0..30).is_err());
        assert!(PhaseEstimator::new(PhaseOptions::of_band([0.2, 0.6])).is_err());
    }
}
