//! What the waves of a recording are, and whether there are any.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use num_complex::Complex;
use rayon::prelude::*;

use super::compared::{Compared, Mean, Means, percentile};
use super::evaluation::evaluation_points;
use super::grid::{Grid, check_frames};
use super::measures::{Frame, each_frame, frame_measures};
use super::median::{WeightedMedian, median};
use super::null::{Significance, Surrogates, Tail};
use super::pattern::{FramePattern, PatternKind, PatternOptions, frame_patterns};
use super::phase::phases_of;
use super::smoothing::smoothed;
use super::source::{EventOptions, Events};
use super::spectrum::Amplitudes;
use crate::{Error, Real, Result};

/// How a recording is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SummaryOptions {
    /// Standard deviation of the Gaussian that analytic signals are smoothed by in space, in grid units.
    pub smoothing: f64,
    /// The recordings without waves to compare with.
    pub surrogates: Surrogates,
    /// At most so many frames of all trials together are compared with surrogates, evenly spaced.
    pub compared_frames: usize,
    /// When a frame has a pattern.
    pub patterns: PatternOptions,
    /// The largest p-value of something that is there.
    pub significance: f64,
    /// The smallest share of significant frames of something that is there: 0.01 are by chance, so that a p-value at
    /// the level alone may be of an effect that is next to nothing.
    pub significant_fraction: f64,
}

impl Default for SummaryOptions {
    /// Smoothing by 1, 39 surrogates of seed 0 on at most 2000 frames, a level of 0.05 and as large a share of frames.
    fn default() -> Self {
        Self {
            smoothing: 1.0,
            surrogates: Surrogates { count: 39, seed: 0 },
            compared_frames: 2000,
            patterns: PatternOptions::default(),
            significance: 0.05,
            significant_fraction: 0.05,
        }
    }
}

/// One trial, `[time, row, column]` each.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a, T> {
    /// Samples in time.
    pub time: usize,
    /// Analytic signals, or those with the generalized phase.
    pub signals: &'a [Complex<T>],
    /// The filtered samples.
    pub filtered: &'a [T],
    /// Instantaneous frequencies, cycles per sample.
    pub frequencies: &'a [T],
}

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Waves that travel, whatever their form.
    Travelling,
    /// Neighbours agree, but nothing travels.
    Standing,
    /// All sites have one phase.
    Synchronous,
    /// Nothing that shuffled sites do not have.
    None,
}

impl Verdict {
    /// What files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Travelling => "travelling",
            Self::Standing => "standing",
            Self::Synchronous => "synchronous",
            Self::None => "none",
        }
    }
}

/// The waves of a recording. Lengths are in grid units, times in samples.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WaveSummary {
    /// What is there.
    pub verdict: Verdict,
    /// The larger of the p-values of `local_coherence` and `local_plane_order`.
    pub p_value: f64,
    /// Median of the instantaneous frequencies, weighted by amplitude, cycles per sample; none if there is no
    /// amplitude.
    pub frequency: Option<f64>,
    /// Median over plane frames of `2 pi / |mean gradient|`; none if no frame is plane.
    pub wavelength: Option<f64>,
    /// `frequency * wavelength`, grid units per sample.
    pub speed: Option<f64>,
    /// The angle of the mean unit vector of travel over frames of enough plane wave order, and its length.
    pub direction: Option<[f64; 2]>,
    /// [`FrameMeasures::plane_wave_order`](super::FrameMeasures::plane_wave_order), mean over frames, against shuffled sites.
    pub plane_wave_order: Significance,
    /// [`FrameMeasures::synchrony`](super::FrameMeasures::synchrony), mean over frames, against shifts in time.
    pub synchrony: Significance,
    /// [`FrameMeasures::local_coherence`](super::FrameMeasures::local_coherence) of signals that are not smoothed, mean over frames, against shuffled
    /// sites.
    pub local_coherence: Significance,
    /// [`FrameMeasures::local_plane_order`](super::FrameMeasures::local_plane_order), mean over frames, against shuffled sites.
    pub local_plane_order: Significance,
    /// [`SpaceTimeSpectrum::travel_index`](super::SpaceTimeSpectrum::travel_index), against shuffled sites.
    pub travel_index: Significance,
    /// [`SpaceTimeSpectrum::mode_share`](super::SpaceTimeSpectrum::mode_share), mean over trials, against
    /// shuffled sites.
    pub mode_share: Significance,
    /// The largest correlation of phase with the distance from a source among the troughs of the mean signal, against
    /// shuffled sites with sources of their own; NaN if nothing has a source. See its pitfalls at
    /// [`phase_distance_correlation`](super::phase_distance_correlation).
    pub rho_distance: Significance,
    /// The share of frames whose local coherence exceeds the 99th percentile of shuffled sites: 0.01 by chance.
    pub significant_fraction: f64,
    /// The share of frames of each pattern; they sum to 1. A frame that is not significant has none; one of
    /// synchrony is significant above the 99th percentile of shifts in time.
    pub pattern_fraction: Vec<(PatternKind, f64)>,
}

/// Sums over trials, from which a [`WaveSummary`] is made.
#[derive(Debug, Clone)]
pub struct WaveStatistics {
    size: [usize; 2],
    grid: Grid,
    options: SummaryOptions,
    /// Frames of each trial that are compared with surrogates.
    compared_per_trial: usize,
    frames: usize,
    trials: usize,
    significant: usize,
    sums: Means,
    patterns: Vec<usize>,
    frequency: WeightedMedian,
    wavelengths: Vec<f64>,
    /// Sum of unit vectors of travel, and how many.
    travel: [f64; 3],
    compared: Compared,
    surrogates: Vec<Compared>,
}

impl WaveStatistics {
    /// Statistics of `trials` recordings of a grid `[row, column]`.
    ///
    /// # Errors
    ///
    /// When the grid or the number of trials is zero.
    pub fn new(
        size: [usize; 2],
        grid: Grid,
        trials: usize,
        options: SummaryOptions,
    ) -> Result<Self> {
        if size[0] * size[1] == 0 || trials == 0 {
            return Err(Error::Empty { action: "summarize waves", expected: "site of one trial" });
        }
        Ok(Self {
            size,
            grid,
            options,
            compared_per_trial: (options.compared_frames / trials).max(1),
            frames: 0,
            trials: 0,
            significant: 0,
            sums: Means::default(),
            patterns: vec![0; PatternKind::ALL.len()],
            frequency: WeightedMedian::new(),
            wavelengths: Vec::new(),
            travel: [0.0; 3],
            compared: Compared::default(),
            surrogates: vec![Compared::default(); options.surrogates.count],
        })
    }

    /// Adds a trial, and returns what its frames show, those that are not significant nothing.
    ///
    /// # Errors
    ///
    /// When the arrays do not have the shape, or there are no values.
    pub fn add<T: Real>(&mut self, trial: &Trial<T>) -> Result<Vec<FramePattern>> {
        const ACTION: &str = "summarize waves";
        let shape = [trial.time, self.size[0], self.size[1]];
        check_frames(ACTION, trial.signals, shape)?;
        check_frames(ACTION, trial.filtered, shape)?;
        check_frames(ACTION, trial.frequencies, shape)?;
        let smooth = smoothed(trial.signals, shape, self.grid, self.options.smoothing)?;
        let mut patterns = frame_patterns(&smooth, shape, self.grid, self.options.patterns)?;
        let coherences = raw_coherences(trial.signals, shape, self.grid)?;
        for (pattern, coherence) in patterns.iter_mut().zip(coherences) {
            pattern.measures.local_coherence = coherence;
        }
        let [coherence, synchrony] = self.compare(trial, shape, &patterns)?;
        for pattern in &mut patterns {
            let coherent = pattern.measures.local_coherence > coherence;
            self.significant += usize::from(coherent);
            // No order of the sites makes a difference where all agree.
            let significant = match pattern.kind {
                PatternKind::Synchrony => pattern.measures.synchrony > synchrony,
                _ => coherent,
            };
            if !significant {
                (pattern.kind, pattern.place) = (PatternKind::None, None);
                pattern.centres.clear();
            }
            self.add_frame(pattern);
        }
        for (signal, frequency) in trial.signals.iter().zip(trial.frequencies) {
            let amplitude = signal.re.widen().hypot(signal.im.widen());
            self.frequency.add(frequency.widen(), amplitude);
        }
        self.trials += 1;
        Ok(patterns)
    }

    fn add_frame(&mut self, pattern: &FramePattern) {
        self.frames += 1;
        self.sums.add(&pattern.measures);
        let place = PatternKind::ALL.iter().position(|&kind| kind == pattern.kind);
        self.patterns[place.unwrap_or(PatternKind::ALL.len() - 1)] += 1;
        let [down, right] = pattern.measures.mean_gradient;
        let length = down.hypot(right);
        if pattern.kind == PatternKind::Plane {
            self.wavelengths.push(TAU / length);
        }
        if pattern.measures.plane_wave_order >= self.options.patterns.plane_wave_order {
            self.travel[0] -= down / length;
            self.travel[1] -= right / length;
            self.travel[2] += 1.0;
        }
    }

    /// Measures some frames of a trial's surrogates beside those of the trial, and returns the coherence and the
    /// synchrony above which a frame is significant.
    fn compare<T: Real>(
        &mut self,
        trial: &Trial<T>,
        shape: [usize; 3],
        patterns: &[FramePattern],
    ) -> Result<[f64; 2]> {
        let (size, grid, options) = (self.size, self.grid, self.options);
        let sites = size[0] * size[1];
        let dead: Vec<bool> = (0..sites)
            .map(|site| {
                let mut course = trial.signals.iter().skip(site).step_by(sites);
                course.any(|signal| signal.re.is_nan() || signal.im.is_nan())
            })
            .collect();
        let count = self.compared_per_trial.min(trial.time);
        let frames: Vec<usize> =
            (0..count).map(|n| (2 * n + 1) * trial.time / (2 * count)).collect();
        let amplitudes = (shape[0] >= 3).then(|| Amplitudes::of(trial.filtered, shape[0], sites));
        let events = self.events(trial)?;
        let shape = [frames.len(), size[0], size[1]];
        // The compared frames, with the signal of each site taken from elsewhere.
        let chosen = |source: &dyn Fn(usize, usize) -> usize| -> Vec<Complex<T>> {
            let places = frames.iter().flat_map(|&frame| (0..sites).map(move |site| (frame, site)));
            places.map(|(frame, site)| trial.signals[source(frame, site)]).collect()
        };
        let smooth = |signals: &[Complex<T>]| smoothed(signals, shape, grid, options.smoothing);
        let spectrum = |sums: &mut Compared, order: Option<&[usize]>| {
            let Some(amplitudes) = &amplitudes else { return };
            let spectrum = amplitudes.spectrum(size, grid, order);
            let [unequal, all] = spectrum.unequal_and_all();
            sums.travel[0] += unequal;
            sums.travel[1] += all;
            let share = spectrum.mode_share();
            sums.mode_shares += if share.is_nan() { 0.0 } else { share };
        };
        for &frame in &frames {
            let measures = &patterns[frame].measures;
            self.compared.shuffled.add(measures);
            self.compared.synchrony.push(measures.synchrony);
        }
        spectrum(&mut self.compared, None);
        let correlation = |order: &[usize]| {
            distance_correlation(trial.signals, &events, order, size, grid, options.smoothing)
        };
        let own_order: Vec<usize> = (0..sites).collect();
        self.compared.rho_distance.push(correlation(&own_order)?);
        let null: Vec<[Vec<f64>; 2]> = self
            .surrogates
            .par_iter_mut()
            .enumerate()
            .map(|(number, sums)| {
                let order = options.surrogates.site_order(number, &dead, size, grid)?;
                let signals = chosen(&|frame, site| frame * sites + order[site]);
                let coherences = raw_coherences(&signals, shape, grid)?;
                let shuffled = frame_measures(&smooth(&signals)?, shape, grid)?;
                for (mut measures, &coherence) in shuffled.into_iter().zip(&coherences) {
                    measures.local_coherence = coherence;
                    sums.shuffled.add(&measures);
                }
                let shifts = options.surrogates.time_shifts(number, sites, trial.time);
                let signals =
                    chosen(&|frame, site| (frame + shifts[site]) % trial.time * sites + site);
                let synchrony =
                    each_frame(&smooth(&signals)?, shape, grid, |frame| frame.synchrony())?;
                synchrony.iter().for_each(|&value| sums.synchrony.push(value));
                spectrum(sums, Some(&order));
                sums.rho_distance.push(correlation(&order)?);
                Ok([coherences, synchrony])
            })
            .collect::<Result<_>>()?;
        Ok([0, 1].map(|measure| percentile(null.iter().flat_map(|it| &it[measure]))))
    }

    /// Frames in which the mean signal passes a trough, evenly spaced if there are more than are compared.
    fn events<T: Real>(&self, trial: &Trial<T>) -> Result<Vec<usize>> {
        let points = evaluation_points(trial.signals, trial.time, PI, FRAC_PI_2)?;
        let count = points.len().min(self.compared_per_trial);
        Ok((0..count).map(|n| points[(2 * n + 1) * points.len() / (2 * count)]).collect())
    }

    /// The waves of all trials that were added.
    pub fn summary(&self) -> WaveSummary {
        let significance = |of: &dyn Fn(&Compared) -> f64, mean: f64| {
            let null: Vec<f64> = self.surrogates.iter().map(of).collect();
            // Compared on the same frames, reported of all.
            Significance {
                observed: mean,
                ..Significance::of(of(&self.compared), &null, Tail::High)
            }
        };
        let sums = &self.sums;
        let shuffled =
            |of: fn(&Means) -> Mean| significance(&|it| of(&it.shuffled).get(), of(sums).get());
        let plane_wave_order = shuffled(|means| means.plane_wave_order);
        let local_coherence = shuffled(|means| means.local_coherence);
        let local_plane_order = shuffled(|means| means.local_plane_order);
        let synchrony = significance(&|it| it.synchrony.get(), sums.synchrony.get());
        let of_all = |of: &dyn Fn(&Compared) -> f64| significance(of, of(&self.compared));
        let p_value = local_coherence.p_value.max(local_plane_order.p_value);
        let frequency = self.frequency.median();
        let wavelength = median(&self.wavelengths);
        let [down, right, count] = self.travel;
        let significant_fraction = self.significant as f64 / self.frames as f64;
        let found = |p_value: f64| {
            p_value <= self.options.significance
                && significant_fraction >= self.options.significant_fraction
        };
        WaveSummary {
            verdict: if synchrony.observed >= self.options.patterns.synchrony {
                Verdict::Synchronous
            } else if found(p_value) {
                Verdict::Travelling
            } else if found(local_coherence.p_value) {
                Verdict::Standing
            } else {
                Verdict::None
            },
            p_value,
            frequency,
            wavelength,
            speed: frequency.zip(wavelength).map(|(frequency, wavelength)| frequency * wavelength),
            direction: (count > 0.0).then(|| [down.atan2(right), down.hypot(right) / count]),
            plane_wave_order,
            synchrony,
            local_coherence,
            local_plane_order,
            travel_index: of_all(&|it| it.travel[0] / it.travel[1]),
            mode_share: of_all(&|it| it.mode_shares / self.trials as f64),
            rho_distance: of_all(&|it| it.rho_distance.0),
            significant_fraction,
            pattern_fraction: PatternKind::ALL
                .into_iter()
                .zip(&self.patterns)
                .map(|(kind, &count)| (kind, count as f64 / self.frames as f64))
                .collect(),
        }
    }
}

/// The largest correlation of phase with the distance from a source in some frames of signals `[time, site]` with the
/// sites in an order.
fn distance_correlation<T: Real>(
    signals: &[Complex<T>],
    frames: &[usize],
    order: &[usize],
    size: [usize; 2],
    grid: Grid,
    smoothing: f64,
) -> Result<f64> {
    if frames.is_empty() {
        return Ok(f64::NAN);
    }
    let ordered = |&frame: &usize| {
        let signals = &signals[frame * order.len()..][..order.len()];
        order.iter().map(|&site| signals[site])
    };
    let signals: Vec<Complex<T>> = frames.iter().flat_map(ordered).collect();
    let smooth = smoothed(&signals, [frames.len(), size[0], size[1]], grid, smoothing)?;
    let frames: Vec<usize> = (0..frames.len()).collect();
    let smoothing = EventOptions::default().smoothing;
    Events { frames: &frames, size, grid, smoothing }.distance_correlation(&phases_of(&smooth))
}

/// The local coherence of every frame before smoothing, which makes neighbours agree in surrogates, too.
fn raw_coherences<T: Real>(
    signals: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
) -> Result<Vec<f64>> {
    each_frame(signals, shape, grid, |frame: &mut Frame| frame.local_coherence())
}
