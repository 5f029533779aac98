//! Charts of runs: how they learned, how their errors grow with the forecast, and whether the
//! movies they predict keep their energy.

use std::collections::BTreeMap;

use anyhow::Result;
use nwm_analysis::{Error, figures::LineChart};

use super::{
    energy::Observed,
    run_files::Evaluation,
    shown::{SameTruth, Shown},
    training_curve::TrainingCurve,
};

/// Charts of several runs, two of which stand beside each other.
const COMPARISON_SIZE: [u32; 2] = [560, 340];
/// Energies further than this many times the true one from it are beyond a chart.
pub(super) const MOST_ENERGY: f64 = 1.5;

/// Loss and, of models that have one, mean squared error against the training step, logarithmic;
/// `None` when no value can be drawn.
pub(super) fn loss_chart(curve: &TrainingCurve, size: [u32; 2]) -> Result<Option<String>> {
    let against_step = |values: &[f64]| pairs(&curve.step, values);
    let mut chart = LineChart::new("training step", "loss")
        .logarithmic()
        .size(size[0], size[1])
        .series("loss", against_step(&curve.loss));
    if curve.has_mse() {
        chart = chart.series("mean squared error", against_step(&curve.mse));
    }
    drawn(&chart)
}

/// Share of right answers in training batches and, from the share of wrong ones, in the validation set, against the training
/// step; `None` for models that do not answer with classes.
pub(super) fn accuracy_chart(curve: &TrainingCurve, size: [u32; 2]) -> Result<Option<String>> {
    let mut points = pairs(&curve.step, &curve.accuracy);
    points.retain(|(_, accuracy)| accuracy.is_finite());
    if points.is_empty() {
        return Ok(None);
    }
    let mut validated = pairs(&curve.step, &curve.validation);
    validated.retain(|(_, wrong)| wrong.is_finite());
    let mut chart = LineChart::new("training step", "accuracy")
        .size(size[0], size[1])
        .series("training batches", points);
    if !validated.is_empty() {
        let right = validated.into_iter().map(|(step, wrong)| (step, 1.0 - wrong));
        chart = chart.series("validation", right);
    }
    drawn(&chart)
}

/// Waves of the hidden state that are drawn: the metric, and what it is called.
const SHOWN_WAVES: [(&str, &str); 7] = [
    ("pgd", "agreement of phase gradients"),
    ("local_coherence", "local coherence"),
    ("travel_index", "travel index"),
    ("mode_share", "share of the strongest mode"),
    ("singularity_density", "density of phase singularities"),
    ("shift_score", "correlation with the last frame, shifted"),
    ("sync", "synchrony"),
];

/// Names and charts of metrics of the hidden state's waves against the training step, beside their means without waves; none
/// of a metric that was never measured.
pub(super) fn wave_charts(
    curve: &TrainingCurve,
    size: [u32; 2],
) -> Result<Vec<(&'static str, String)>> {
    let mut charts = Vec::new();
    for (metric, name) in SHOWN_WAVES {
        let Some(wave) = curve.waves.iter().find(|wave| wave.name == metric) else { continue };
        // Most rows have none; a line leads from each measurement to the next.
        let measured = |values: &[f64]| {
            let mut points = pairs(&curve.step, values);
            points.retain(|(_, value)| value.is_finite());
            points
        };
        let value = measured(&wave.value);
        if value.is_empty() {
            continue;
        }
        let chart = LineChart::new("training step", name)
            .size(size[0], size[1])
            .series("hidden state", value)
            .reference("without waves", measured(&wave.null));
        charts.extend(drawn(&chart)?.map(|svg| (name, svg)));
    }
    Ok(charts)
}

/// Relative squared error of every predicted frame in the unit of the table, beside the reference
/// predictors, logarithmic; `None` when no value can be drawn.
pub(super) fn per_step_chart(evaluation: &Evaluation) -> Result<Option<String>> {
    let per_step = &evaluation.per_step;
    let chart = LineChart::new("frame", format!("l2_norm, {:e}", evaluation.unit))
        .logarithmic()
        .series(&evaluation.model, against_frame(evaluation, &per_step.l2_norm))
        .series("mean image", against_frame(evaluation, &per_step.mean_image_l2_norm))
        .series("last frame", against_frame(evaluation, &per_step.last_frame_l2_norm))
        .marker(evaluation.inference_steps as f64, "forecast begins");
    drawn(&chart)
}

/// The same of several runs in one chart. References are dashed: the mean image, and the last
/// frame seen, once for every number of frames that runs see and only where it is a forecast. A
/// line marks the last frame that runs see.
pub(super) fn error_comparison(shown: &[Shown<'_>]) -> Result<Option<String>> {
    let evaluated = || shown.iter().filter_map(|run| Some((run, run.evaluation?)));
    let Some((_, first)) = evaluated().next() else { return Ok(None) };
    let mut chart = LineChart::new("frame", format!("l2_norm, {:e}", first.unit))
        .logarithmic()
        .size(COMPARISON_SIZE[0], COMPARISON_SIZE[1]);
    for (run, evaluation) in evaluated() {
        let points = against_frame(evaluation, &evaluation.per_step.l2_norm);
        chart = chart.coloured_series(run.colour, run.name, points);
    }
    chart = chart.reference("mean image", against_frame(first, &first.per_step.mean_image_l2_norm));
    let markers =
        last_seen(evaluated().map(|(run, evaluation)| (run.name, evaluation.inference_steps)));
    for (seen, label) in &markers {
        let mut same = evaluated().filter(|(_, evaluation)| evaluation.inference_steps == *seen);
        let Some((_, evaluation)) = same.next() else { continue };
        let mut points = against_frame(evaluation, &evaluation.per_step.last_frame_l2_norm);
        points.retain(|(frame, _)| *frame >= *seen as f64);
        let name = match markers.len() {
            1 => "last frame".to_owned(),
            _ => format!("last of {seen} frames"),
        };
        chart = chart.reference(name, points).marker(seen.saturating_sub(1) as f64, label);
    }
    drawn(&chart)
}

/// By the number of frames that models see, a name for the last one of them.
fn last_seen<'a>(models: impl Iterator<Item = (&'a str, usize)>) -> Vec<(usize, String)> {
    let mut by_frames = BTreeMap::<usize, Vec<&str>>::new();
    for (name, frames) in models {
        by_frames.entry(frames).or_default().push(name);
    }
    let most = by_frames.values().map(Vec::len).max();
    let is_only = by_frames.len() == 1;
    let label = |names: Vec<&str>| match names.len() {
        _ if is_only => "last frame seen".to_owned(),
        4.. if most == Some(names.len()) => "last frame seen by the others".to_owned(),
        _ => format!("last frame seen by {}", names.join(", ")),
    };
    by_frames.into_iter().map(|(frames, names)| (frames, label(names))).collect()
}

/// Mean squared error of the training batches of several runs in one chart, logarithmic; `None` when none has any.
pub(super) fn loss_comparison(shown: &[Shown<'_>]) -> Result<Option<String>> {
    let mut chart = LineChart::new("training step", "mean squared error of a batch")
        .logarithmic()
        .size(COMPARISON_SIZE[0], COMPARISON_SIZE[1]);
    for run in shown {
        if let Some(curve) = run.curve.filter(|curve| curve.has_mse()) {
            chart = chart.coloured_series(run.colour, run.name, pairs(&curve.step, &curve.mse));
        }
    }
    drawn(&chart)
}

/// How models of one kind learn, as charts show it.
#[derive(Debug)]
pub(super) struct Learning {
    /// What is on the vertical axis.
    pub(super) quantity: &'static str,
    pub(super) is_logarithmic: bool,
    /// The values of the training batches.
    pub(super) of_batches: fn(&TrainingCurve) -> &[f64],
    /// The value that a validation error stands for.
    pub(super) of_validation: fn(f64) -> f64,
}

/// A run and how it learned.
pub(super) struct Learner {
    pub(super) name: String,
    /// Number of its colour in every chart of the page.
    pub(super) colour: usize,
    pub(super) curve: TrainingCurve,
}

/// Training batches of several runs in one chart and their validation sets in another, against the training step; `None`
/// for a chart without a value.
pub(super) fn learning_comparison(
    learning: &Learning,
    learners: &[Learner],
) -> Result<[Option<String>; 2]> {
    let chart = |of: &str, values: &dyn Fn(&TrainingCurve) -> Vec<f64>| {
        let chart = LineChart::new("training step", format!("{}, {of}", learning.quantity))
            .size(COMPARISON_SIZE[0], COMPARISON_SIZE[1]);
        let chart = if learning.is_logarithmic { chart.logarithmic() } else { chart };
        drawn(&learners.iter().fold(chart, |chart, Learner { name, colour, curve }| {
            // Most rows are not validated; a line leads from each value to the next.
            let mut points = pairs(&curve.step, &values(curve));
            points.retain(|(_, value)| value.is_finite());
            chart.coloured_series(*colour, name, points)
        }))
    };
    let validation = |curve: &TrainingCurve| {
        curve.validation.iter().map(|&error| (learning.of_validation)(error)).collect()
    };
    Ok([
        chart("training batches", &|curve| (learning.of_batches)(curve).to_vec())?,
        chart("validation", &validation)?,
    ])
}

/// Energy of every frame of the first trajectory, as its movie and those predicted by the runs show
/// it; `None` when no energy can be told.
pub(super) fn energy_comparison(
    observed: &Observed,
    group: &SameTruth<'_>,
) -> Result<Option<String>> {
    let samples = group.samples;
    let against_frame = |energies: &[Option<f64>]| {
        let point = |(place, energy): (usize, &Option<f64>)| {
            ((samples.first_frame + place) as f64, energy.unwrap_or(f64::NAN))
        };
        energies.iter().enumerate().map(point).collect::<Vec<_>>()
    };
    let truth = observed.energies(samples, group.truth())?;
    let Some(typical) = median(&truth) else { return Ok(None) };
    let mut chart = LineChart::new("frame", "energy");
    // Never so close that the scatter of a true energy looks like a change.
    let (mut low, mut high) = (typical - 0.1 * typical.abs(), typical + 0.1 * typical.abs());
    let beyond = MOST_ENERGY * typical.abs();
    for (name, colour, samples) in &group.runs {
        let energies = observed.energies(samples, &samples.prediction[0])?;
        for energy in energies.iter().chain(&truth).flatten() {
            (low, high) = (low.min(*energy), high.max(*energy));
        }
        chart = chart.coloured_series(*colour, *name, against_frame(&energies));
    }
    let margin = 0.05 * (high - low);
    for (seen, label) in
        last_seen(group.runs.iter().map(|(name, _, samples)| (*name, samples.inference_steps)))
    {
        chart = chart.marker(seen.saturating_sub(1) as f64, label);
    }
    let chart = chart.reference("true", against_frame(&truth)).vertical_limits(
        (low - margin).max(typical - beyond),
        (high + margin).min(typical + beyond),
    );
    drawn(&chart)
}

/// The middle one of the energies that are there.
fn median(energies: &[Option<f64>]) -> Option<f64> {
    let mut sorted: Vec<f64> = energies.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn pairs(horizontal: &[f64], vertical: &[f64]) -> Vec<(f64, f64)> {
    horizontal.iter().copied().zip(vertical.iter().copied()).collect()
}

/// Errors of an evaluation's frames in its unit.
fn against_frame(evaluation: &Evaluation, errors: &[Option<f64>]) -> Vec<(f64, f64)> {
    let point = |(step, error): (usize, &Option<f64>)| {
        let frame = (evaluation.per_step.first_frame + step) as f64;
        (frame, error.unwrap_or(f64::NAN) / evaluation.unit)
    };
    errors.iter().enumerate().map(point).collect()
}

fn drawn(chart: &LineChart) -> Result<Option<String>> {
    match chart.svg() {
        Ok(svg) => Ok(Some(svg)),
        Err(Error::Empty { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_see_as_much_share_a_mark() {
        let marks = |models: &[(&'static str, usize)]| last_seen(models.iter().copied());
        assert_eq!(marks(&[("a", 5), ("b", 5)]), [(5, "last frame seen".to_owned())]);
        let two = marks(&[("ar", 5), ("cornn", 31), ("nwm_1d", 31)]);
        assert_eq!(two[0], (5, "last frame seen by ar".to_owned()));
        assert_eq!(two[1], (31, "last frame seen by cornn, nwm_1d".to_owned()));
        let many = marks(&[("ar", 5), ("b", 31), ("c", 31), ("d", 31), ("e", 31)]);
        assert_eq!(many[1], (31, "last frame seen by the others".to_owned()));
    }

    #[test]
    fn the_middle_energy_ignores_gaps() {
        assert_eq!(median(&[None, Some(3.0), Some(1.0), None, Some(2.0)]), Some(2.0));
        assert_eq!(median(&[None]), None);
    }
}
