//! What a page shows of a variational model: its bound, the waves of its hidden state, and films beside them.

use std::path::Path;

use anyhow::{Result, ensure};
use maud::{Markup, PreEscaped, html};
use nwm_analysis::figures::{
    FilmStrip, RgbFrame, SignedLevels, WavePlayer, phase_map, signed_level_colours,
};
use nwm_analysis::signal::{PhaseEstimator, PhaseOptions};
use nwm_models::TaskName;
use nwm_train::{ForecastSamples, SAMPLES_FILE, SheetSamples};

use super::error_table::{metric, reference};
use super::html::chart;
use super::number::{in_unit, quotient, ratio, scientific};
use super::run_files::Evaluation;
use crate::compared_waves::{compared_waves, null_endings};

/// Frames of a strip.
const STRIP_FRAMES: usize = 12;

/// The films that an evaluation left, with the positions that each prediction was drawn from.
pub(super) struct Films {
    samples: ForecastSamples,
    sheets: SheetSamples,
    /// The band of the phases, cycles per frame.
    band: [f64; 2],
    /// Frames at the start that are not shown: the hidden state does not follow the film yet.
    skipped: usize,
}

impl Films {
    /// Those in a run folder, if the run is of a variational model that was evaluated.
    pub(super) fn read(run_dir: &Path, evaluation: Option<&Evaluation>) -> Result<Option<Self>> {
        let Some(waves) = evaluation.and_then(|result| result.waves.as_ref()) else {
            return Ok(None);
        };
        let path = run_dir.join(SAMPLES_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let mut samples = ForecastSamples::read(&path)?;
        let sheets = samples.states.take();
        Ok(sheets.filter(|_| samples.task == TaskName::Variational && samples.count > 0).map(
            |sheets| Self { samples, sheets, band: waves.band, skipped: waves.skipped_frames },
        ))
    }

    /// The figures of the first film.
    pub(super) fn markup(&self) -> Result<Markup> {
        let ForecastSamples { frames, shape: [rows, columns, channels], first_frame, .. } =
            self.samples;
        ensure!(channels == 1, "show films: found {channels} channels, expected grey frames");
        let [sheet_rows, sheet_columns] = [self.sheets.rows, self.sheets.columns];
        let sites = sheet_rows * sheet_columns;
        let positions = self.sheets.values.get(..frames * sites).unwrap_or_default();
        let (truth, prediction) = self.samples.trajectory(0).unwrap_or_default();
        let levels = SignedLevels::of(positions);
        let colours = signed_level_colours();
        let grey = |movie: &[u8], place: usize| {
            let pixels = &movie[place * rows * columns..][..rows * columns];
            RgbFrame::new(rows, columns, pixels.iter().flat_map(|&value| [value; 3]).collect())
        };
        let sheet = |place: usize| {
            let levels = &levels.bytes[place * sites..][..sites];
            let pixels = levels.iter().flat_map(|&level| colours[usize::from(level)]).collect();
            RgbFrame::new(sheet_rows, sheet_columns, pixels)
        };
        let samples: Vec<f64> = positions.iter().copied().map(f64::from).collect();
        let estimator = PhaseEstimator::new(PhaseOptions::of_band(self.band))?;
        let phases = estimator.phases(&samples, frames, 0..frames)?;
        let angles: Vec<f32> = phases.signals.iter().map(|signal| signal.arg()).collect();
        let shown: Vec<usize> = evenly(self.skipped.min(frames.saturating_sub(1))..frames);
        let of = |picture: &dyn Fn(usize) -> Result<RgbFrame, nwm_analysis::Error>| {
            shown.iter().map(|&place| picture(place)).collect::<Result<Vec<_>, _>>()
        };
        let phase = |place: usize| {
            phase_map(&angles[place * sites..][..sites], [sheet_rows, sheet_columns])
        };
        let strip = FilmStrip::new(shown.iter().map(|place| place + first_frame))
            .strip("film", &of(&|place| grey(truth, place))?)
            .strip("predicted", &of(&|place| grey(prediction, place))?)
            .strip("position", &of(&sheet)?)
            .strip("phase", &of(&phase)?)
            .svg()?;
        let player = WavePlayer::new(
            "Hidden state of the first test film",
            [frames, sheet_rows, sheet_columns],
            &phases.filtered,
            &angles,
        )?
        .time(first_frame as f64, 1.0, "frames")?
        .unit("standard deviations")
        .caption(
            "The positions in the band of the analysis, scaled at each site, or their phase. Near both ends the filter \
             rings.",
        );
        let [low, high] = self.band;
        Ok(html! {
            (chart(&strip, "Frames of a film, their predictions, and hidden positions and phases",
                &format!(
                    "The first test film; each frame above its prediction from the frames before it. The prediction is \
                     drawn from the positions below it (blue below zero, red above), whose phases between {low} and \
                     {high} cycles per frame are below them."
                )))
            (PreEscaped(player.html()))
        })
    }
}

/// The style and the script of the players on a page; they stand once.
pub(super) fn script() -> Markup {
    html! {
        style { (PreEscaped(WavePlayer::STYLE)) }
        script { (PreEscaped(WavePlayer::SCRIPT)) }
    }
}

/// At most [`STRIP_FRAMES`] of these places.
fn evenly(places: std::ops::Range<usize>) -> Vec<usize> {
    let stride = places.len().div_ceil(STRIP_FRAMES).max(1);
    places.step_by(stride).collect()
}

/// The bound and its parts beside predictors that know nothing of the film.
pub(super) fn bound_table(result: &Evaluation) -> Markup {
    const ROWS: [(&str, &str); 4] = [
        ("negative_bound", "negative lower bound, nats per frame"),
        ("bernoulli_cost", "of which pixels"),
        ("divergence", "of which posteriors"),
        ("mse", "mean squared error of a pixel"),
    ];
    html! {
        div.scroll { table {
            thead { tr {
                th {} th.number { (result.model) } th.number { "mean image" }
                th.number { "last frame" } th.number { "÷ last frame" }
            } }
            tbody { @for (key, name) in ROWS {
                @let show = if key == "mse" { scientific } else { in_unit };
                @let own = metric(result, key);
                @let last = reference(result, "last_frame", key);
                tr {
                    th { (name) } td.number { (show(own)) }
                    td.number { (show(reference(result, "mean_image", key))) }
                    td.number { (show(last)) } td.number { (ratio(quotient(own, last))) }
                }
            } }
        } }
        p.quiet {
            "Each frame is predicted from those before it, " (result.trajectories)
            " test films. Mean image: that of the training films, for every frame. Last frame: the frame before, again."
        }
    }
}

/// What is measured of the waves of the hidden state; nothing if that was not done.
pub(super) fn wave_table(result: &Evaluation) -> Option<Markup> {
    let waves = result.waves.as_ref()?;
    Some(html! {
        div.scroll { table {
            thead { tr {
                th { "measure" } th.number { "hidden state" }
                th.number { "sites shuffled" } th.number { "p" }
                th.number { "shifted in time" } th.number { "p" }
                th.number { "before training" } th.number { "p" }
            } }
            tbody { @for name in compared_waves(&result.metrics) {
                @let key = format!("waves_{name}");
                @let endings = null_endings(name).map(|it| it.map_or([None, None], |it| it.map(Some)));
                tr {
                    th { (name) }
                    td.number { (ratio(metric(result, &key))) }
                    @for ending in endings.into_iter().flatten() {
                        td.number { (ratio(ending.and_then(|it| metric(result, &format!("{key}{it}"))))) }
                    }
                    td.number { (ratio(reference(result, "untrained", &key))) }
                    td.number { (ratio(reference(result, "untrained", &format!("{key}_p")))) }
                }
            } }
        } }
        p.quiet {
            "Means over " (waves.sequences) " test films, " (waves.frames) " frames of each after the first "
            (waves.skipped_frames) ". Without waves: the means over " (waves.surrogates)
            " recordings whose sites are shuffled, and over as many in which each site is shifted in time."
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_have_few_frames_evenly_spaced() {
        assert_eq!(evenly(18..89), (18..89).step_by(6).collect::<Vec<_>>());
        assert_eq!(evenly(0..3), [0, 1, 2]);
        assert!(evenly(5..5).is_empty());
    }
}
