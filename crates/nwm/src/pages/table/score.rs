//! The mean of one score over the seeds of a cell, and reference predictors on the same frames.

use anyhow::Result;
use nwm_analysis::statistics::Summary;
use serde::{Deserialize, Serialize};

use super::super::{
    error_table::{metric, reference},
    number::quotient,
    run_files::Evaluation,
};
use super::metric::Metric;

/// Key of the score whose frames lie equally far ahead for every model.
pub(super) const MATCHED_METRIC: &str = "forward_matched_l2_norm";

/// Which frames the values of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Horizon {
    /// Those of the plan's metric.
    Planned,
    /// Those at the same distance from the last true frame for every model.
    Matched,
}

impl Horizon {
    pub(super) const BOTH: [Self; 2] = [Self::Planned, Self::Matched];

    /// The key of `result.json` for a plan with this metric.
    pub(super) fn metric(self, planned: &str) -> &str {
        match self {
            Self::Planned => planned,
            Self::Matched => MATCHED_METRIC,
        }
    }
}

/// One score of a cell, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Score {
    /// Mean over seeds; null without a seed, or when a seed's value is not finite.
    pub(super) mean: Option<f64>,
    /// Sample standard deviation over seeds; null for fewer than two.
    pub(super) std: Option<f64>,
    /// Student-t 95 % interval of the mean; null for fewer than two seeds.
    pub(super) ci95: Option<[f64; 2]>,
    /// The first and the last frame scored, in steps after the last true frame; null where the
    /// forecast begins later.
    pub(super) steps_ahead: Option<[usize; 2]>,
    pub(super) references: References,
}

/// Predictors that know no dynamics, on the same test trajectories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct References {
    /// The mean image of the training set, at every step.
    pub(super) mean_image: Reference,
    /// The last true frame seen, repeated.
    pub(super) last_frame: Reference,
    /// What answers reach that know nothing of the question: chance, or the best constant.
    #[serde(default, skip_serializing_if = "Reference::is_absent")]
    pub(super) no_skill: Reference,
}

/// Mean over seeds of one reference, and the model's mean divided by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reference {
    pub(super) value: Option<f64>,
    pub(super) ratio: Option<f64>,
}

impl Reference {
    fn is_absent(&self) -> bool {
        self.value.is_none()
    }
}

/// Picks one of the references.
pub(super) type WhichReference = fn(&References) -> Reference;

impl Score {
    /// The score `key` over the evaluations of a cell, one for each seed.
    pub(super) fn of(
        kind: &Metric,
        evaluations: &[Evaluation],
        key: &str,
        unit: f64,
    ) -> Result<Self> {
        let in_units = |value: Option<f64>| value.map(|value| value / unit);
        let summary = summary(evaluations.iter().map(|result| in_units(metric(result, key))))?;
        let mean = summary.map(|summary| summary.mean);
        let mean_of = |value: &dyn Fn(&Evaluation) -> Option<f64>| -> Result<Reference> {
            let value = mean_over_seeds(evaluations.iter().map(|result| in_units(value(result))))?;
            Ok(Reference { value, ratio: quotient(mean, value) })
        };
        let against = |name: &str| mean_of(&|result| reference(result, name, key));
        Ok(Self {
            mean,
            std: summary.and_then(|summary| summary.standard_deviation),
            ci95: summary.and_then(|summary| summary.interval95),
            steps_ahead: evaluations.first().and_then(|result| steps_ahead(result, key)),
            references: References {
                mean_image: against("mean_image")?,
                last_frame: against("last_frame")?,
                no_skill: mean_of(&kind.no_skill)?,
            },
        })
    }

    /// Half the width of the 95 % interval.
    pub(super) fn half_width(&self) -> Option<f64> {
        self.ci95.map(|[low, high]| (high - low) / 2.0)
    }
}

/// The mean of one value for each seed; `None` without values, or when one of them is not finite.
pub(super) fn mean_over_seeds(values: impl Iterator<Item = Option<f64>>) -> Result<Option<f64>> {
    Ok(summary(values)?.map(|summary| summary.mean))
}

fn summary(values: impl Iterator<Item = Option<f64>>) -> Result<Option<Summary>> {
    match values.collect::<Option<Vec<f64>>>() {
        Some(values) if !values.is_empty() => Ok(Some(Summary::of(&values)?)),
        _ => Ok(None),
    }
}

/// Where the frames of a score lie, counted from the last frame that the model saw.
fn steps_ahead(result: &Evaluation, key: &str) -> Option<[usize; 2]> {
    let [first, end] = *result.slices.get(key.split('_').nth(1)?)?;
    let last_seen = result.inference_steps.checked_sub(1)?;
    let first = first.checked_sub(last_seen).filter(|&steps| steps > 0)?;
    Some([first, end.checked_sub(last_seen + 1)?])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::pages::fixtures::three_seeds;

    #[test]
    fn steps_count_from_the_last_frame_seen() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        let published = Evaluation::read(&run_dir).unwrap().unwrap();
        let slices = [("train", [1, 60]), ("extrapolation", [60, 120]), ("matched", [34, 94])];
        let slices: BTreeMap<_, _> = slices.map(|(name, it)| (name.to_owned(), it)).into();
        let ar = Evaluation { inference_steps: 5, slices, ..published };
        assert_eq!(steps_ahead(&ar, "forward_extrapolation_l2_norm"), Some([56, 115]));
        assert_eq!(steps_ahead(&ar, MATCHED_METRIC), Some([30, 89]));
        assert_eq!(steps_ahead(&ar, "forward_train_l2_norm"), None, "some frames were seen");
        assert_eq!(steps_ahead(&ar, "forward_full_l2_norm"), None, "unknown");
    }
}
