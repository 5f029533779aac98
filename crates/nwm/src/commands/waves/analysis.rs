//! From a recording to what its waves are, stretch by stretch.

use std::path::PathBuf;

use anyhow::ensure;
use nwm_analysis::figures::{MovieOptions, RgbFrame, animated_gif, phase_map};
use nwm_analysis::signal::{PhaseEstimator, PhaseOptions, Phases, SiteState};
use nwm_analysis::waves::{
    FramePattern, Significance, Stretch, SummaryOptions, Surrogates, Trial, VectorField, Verdict,
    WaveStatistics, WaveSummary, aliased_fraction, phase_gradient, smoothed, stretches,
};
use nwm_data::recording::Recording;

use super::band::Band;
use crate::flags::GridName;

/// Frames of the clip that is shown.
const CLIP: usize = 200;

/// Pixels of a site in the movie, at most, and of the movie's longer side, about.
const LARGEST_SITE: usize = 12;
const MOVIE_SIDE: usize = 320;

/// Above this share of steep differences between neighbours the gradient is not to be trusted.
const ALIASED: f64 = 0.01;

/// The p-value of a measure up to which it speaks for waves.
const SIGNIFICANT: f64 = 0.05;

/// What is asked of a recording.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) file: PathBuf,
    pub(crate) sampling_rate: Option<f64>,
    pub(crate) band: Band,
    pub(crate) grid: GridName,
    pub(crate) surrogates: usize,
    pub(crate) seed: u64,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) question: Question,
    pub(crate) trials: usize,
    /// `[time, row, column]` of a trial.
    pub(crate) shape: [usize; 3],
    pub(crate) summary: WaveSummary,
    /// The worst state of each site.
    pub(crate) sites: Vec<SiteState>,
    /// Stretches without a single usable site.
    pub(crate) silent: usize,
    /// The share of steep differences, the largest of all stretches.
    pub(crate) aliased: f64,
    /// Directions of travel of frames of high plane wave order.
    pub(crate) directions: Vec<f64>,
    /// By step, over trials: plane wave order, synchrony, local coherence, local plane order; sums and how many.
    pub(crate) by_step: Vec<([f64; 4], usize)>,
    pub(crate) clip: Clip,
}

/// The first frames of the first trial that has a site to show.
#[derive(Debug)]
pub(crate) struct Clip {
    pub(crate) trial: usize,
    /// The step of the trial with which it begins.
    pub(crate) first: usize,
    pub(crate) shape: [usize; 3],
    pub(crate) filtered: Vec<f32>,
    pub(crate) phase: Vec<f32>,
    /// Of the signals smoothed in space, radians per site.
    pub(crate) gradient: VectorField<f32>,
    pub(crate) patterns: Vec<FramePattern>,
}

/// A stretch of a trial, analysed.
pub(super) struct Analysed<'a> {
    pub(super) trial: usize,
    /// The step of the trial with which it begins.
    pub(super) first: usize,
    pub(super) phases: &'a Phases,
    pub(super) gradient: &'a VectorField<f32>,
    /// Empty if no site can be used.
    pub(super) patterns: &'a [FramePattern],
}

impl Question {
    /// Analyses a recording. `each` gets every stretch, in order, and how many there are.
    pub(super) fn analyse(
        &self,
        recording: &mut Recording,
        mut each: impl FnMut(&Analysed<'_>, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<Analysis> {
        let (trials, time, size) = (recording.trials(), recording.time(), recording.size());
        let [rows, columns] = size;
        let grid = self.grid.into();
        let estimator = PhaseEstimator::new(PhaseOptions::of_band(self.band.edges))?;
        let stretches = stretches(time, rows * columns, estimator.margin());
        let mut options = SummaryOptions::default();
        options.surrogates = Surrogates { count: self.surrogates, seed: self.seed };
        let (smoothing, plane) = (options.smoothing, options.patterns.plane_wave_order);
        let total = trials * stretches.len();
        let mut statistics = WaveStatistics::new(size, grid, total, options)?;
        let mut sites = vec![SiteState::Whole; rows * columns];
        let (mut silent, mut aliased, mut directions) = (0, 0.0_f64, Vec::new());
        let mut by_step = vec![([0.0; 4], 0); time];
        let mut clip = None;
        for trial in 0..trials {
            for Stretch { read, kept, .. } in &stretches {
                let samples = recording.read(trial, read.clone())?;
                let phases = estimator.phases(&samples, read.len(), kept.clone())?;
                drop(samples);
                for (worst, &state) in sites.iter_mut().zip(&phases.sites) {
                    *worst = state.max(*worst);
                }
                let shape = [phases.time, rows, columns];
                let smooth = smoothed(&phases.signals, shape, grid, smoothing)?;
                let angles: Vec<f32> = smooth.iter().map(|signal| signal.arg()).collect();
                let gradient = phase_gradient(&angles, shape, grid)?;
                let first = read.start + kept.start;
                let patterns = if phases.sites.contains(&SiteState::Whole) {
                    aliased = aliased.max(aliased_fraction(&angles, shape, grid)?);
                    statistics.add(&Trial {
                        time: phases.time,
                        signals: &phases.signals,
                        filtered: &phases.filtered,
                        frequencies: &phases.frequencies,
                    })?
                } else {
                    silent += 1;
                    Vec::new()
                };
                for (step, pattern) in (first..).zip(&patterns) {
                    let measures = &pattern.measures;
                    if measures.plane_wave_order >= plane {
                        directions.push(measures.direction());
                    }
                    let values = [
                        measures.plane_wave_order,
                        measures.synchrony,
                        measures.local_coherence,
                        measures.local_plane_order,
                    ];
                    if values.iter().all(|value| value.is_finite()) {
                        let (sums, count) = &mut by_step[step];
                        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                        *count += 1;
                    }
                }
                let analysed = Analysed {
                    trial,
                    first,
                    phases: &phases,
                    gradient: &gradient,
                    patterns: &patterns,
                };
                if !patterns.is_empty() {
                    clip.get_or_insert_with(|| Clip::of(&analysed));
                }
                each(&analysed, total)?;
            }
        }
        ensure!(
            silent < total,
            "found no site that has all of its samples and changes, expected at least one ({})",
            states(&sites)
        );
        ensure!(
            by_step.iter().any(|(_, count)| *count > 0),
            "found no two neighbouring sites that can be used, expected some: waves go from site to site ({})",
            states(&sites)
        );
        let clip = clip.ok_or_else(|| anyhow::anyhow!("found no trial, expected at least one"))?;
        Ok(Analysis {
            question: self.clone(),
            trials,
            shape: [time, rows, columns],
            summary: statistics.summary(),
            sites,
            silent,
            aliased,
            directions,
            by_step,
            clip,
        })
    }
}

/// How many sites are in which state.
fn states(sites: &[SiteState]) -> String {
    let count = |state| sites.iter().filter(|&&site| site == state).count();
    format!(
        "of {} sites {} without any number, {} with samples missing, {} constant",
        sites.len(),
        count(SiteState::Dead),
        count(SiteState::Partial),
        count(SiteState::Constant)
    )
}

impl Analysis {
    /// What those who use the numbers should know.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.sites.iter().any(|&site| site != SiteState::Whole) {
            warnings.push(format!("sites are left out: {}", states(&self.sites)));
        }
        if self.silent > 0 {
            warnings.push(format!(
                "{} stretches without a site that can be used are left out",
                self.silent
            ));
        }
        if self.aliased > ALIASED {
            warnings.push(format!(
                "{:.0} % of the differences between neighbours exceed a quarter turn: the waves may be shorter than four \
                 sites, and their length and direction wrong",
                100.0 * self.aliased
            ));
        }
        if self.has_waves_that_neighbours_hide() {
            warnings.push(
                "travel index and mode share exceed those of shuffled sites, although neighbours do not agree in phase: \
                 there may be waves shorter than four sites, which the verdict does not see"
                    .to_owned(),
            );
        }
        let cycles = self.question.band.edges[0] * self.shape[0] as f64;
        if cycles < 3.0 {
            warnings.push(format!(
                "a trial has {cycles:.1} cycles of the band's lower edge: the filter rings over much of it"
            ));
        }
        warnings
    }

    /// Whether the whole recording speaks for waves where neighbours do not: those of short waves are opposed.
    fn has_waves_that_neighbours_hide(&self) -> bool {
        let summary = &self.summary;
        let exceed = |measure: &Significance| measure.p_value <= SIGNIFICANT;
        summary.verdict == Verdict::None
            && exceed(&summary.travel_index)
            && exceed(&summary.mode_share)
    }
}

impl Clip {
    fn of(analysed: &Analysed<'_>) -> Self {
        let [_, rows, columns] = analysed.gradient.shape;
        let frames = analysed.phases.time.min(CLIP);
        let values = frames * rows * columns;
        let mut gradient = analysed.gradient.clone();
        gradient.shape = [frames, rows, columns];
        gradient.row.truncate(values);
        gradient.column.truncate(values);
        Self {
            trial: analysed.trial,
            first: analysed.first,
            shape: gradient.shape,
            filtered: analysed.phases.filtered[..values].to_vec(),
            phase: analysed.phases.signals[..values].iter().map(|signal| signal.arg()).collect(),
            gradient,
            patterns: analysed.patterns.iter().take(frames).cloned().collect(),
        }
    }

    /// A movie of the phase.
    pub(super) fn movie(&self) -> nwm_analysis::Result<Vec<u8>> {
        let [_, rows, columns] = self.shape;
        let site = (MOVIE_SIDE / rows.max(columns)).clamp(1, LARGEST_SITE);
        let frames = self.phase.chunks_exact(rows * columns);
        let frames = frames.map(|phase| phase_map(phase, [rows, columns]));
        let frames = frames.collect::<nwm_analysis::Result<Vec<RgbFrame>>>()?;
        animated_gif(&frames, MovieOptions::default().with_magnification(site))
    }
}
