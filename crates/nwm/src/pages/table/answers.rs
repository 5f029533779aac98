//! What a cell of models that answer sequences has beside its score.

use anyhow::Result;
use nwm_analysis::statistics::Summary;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        error_table,
        number::count,
        run_files::{Evaluation, RuleScores},
    },
    cells::{Cell, Table},
    metric::Metric,
    score::{Score, mean_over_seeds},
};

/// Values are in units; null where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct AnswerMeasures {
    /// Numbers in the model.
    pub(super) parameters: u64,
    /// Test sequences.
    pub(super) sequences: u64,
    /// 95 % interval of the mean over test sequences, and over seeds where there are several.
    pub(super) interval95: Option<[f64; 2]>,
    /// Mean over seeds at the last checkpoint.
    pub(super) last: Option<f64>,
    /// Mean over seeds at the checkpoint with the least validation error.
    pub(super) best: Option<f64>,
}

impl AnswerMeasures {
    /// Those of the evaluations of a cell, one for each seed, with their score `key`; `None` without any.
    pub(super) fn of(
        evaluations: &[Evaluation],
        key: &str,
        unit: f64,
        score: &Score,
    ) -> Result<Option<Self>> {
        let Some(first) = evaluations.first() else { return Ok(None) };
        type Rule = fn(&Evaluation) -> Option<&RuleScores>;
        let by_rule = |rule: Rule| {
            let value = |result| Some((*rule(result)?.metrics.get(key)?)? / unit);
            mean_over_seeds(evaluations.iter().map(value))
        };
        Ok(Some(Self {
            parameters: first.parameters,
            sequences: first.trajectories,
            interval95: interval95(evaluations, key, unit, score)?,
            last: by_rule(|result| result.rules.as_ref()?.last.as_ref())?,
            best: by_rule(|result| result.rules.as_ref()?.best.as_ref())?,
        }))
    }
}

/// The interval of the mean over seeds. All of them are scored on the same test sequences, so that more seeds do not make
/// what those leave open smaller; what the choice of seeds leaves open is independent of it, and the two are added in
/// quadrature.
fn interval95(
    evaluations: &[Evaluation],
    key: &str,
    unit: f64,
    score: &Score,
) -> Result<Option<[f64; 2]>> {
    let sides = |result: &Evaluation| {
        let (value, [low, high]) = (error_table::metric(result, key)?, *result.intervals.get(key)?);
        Some([(value - low) / unit, (high - value) / unit])
    };
    let sides: Option<Vec<[f64; 2]>> = evaluations.iter().map(sides).collect();
    let (Some(mean), Some(sides)) = (score.mean, sides) else { return Ok(None) };
    let over_seeds = score.half_width().unwrap_or(0.0);
    let side = |which: usize| -> Result<f64> {
        let lengths: Vec<f64> = sides.iter().map(|side| side[which]).collect();
        Ok(Summary::of(&lengths)?.mean.hypot(over_seeds))
    };
    Ok(Some([mean - side(0)?, mean + side(1)?]))
}

/// A table of one measure of models that answer.
pub(super) struct AnswerTable {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    /// A cell's text; `None` where there is no number.
    pub(super) show: fn(&Metric, &AnswerMeasures) -> Option<String>,
}

const TABLES: [AnswerTable; 3] = [
    AnswerTable {
        title: "At the last step",
        note: "The metric at the last checkpoint: the rule of the published numbers of smnist.",
        show: |metric, it| it.last.map(|value| (metric.show)(Some(value))),
    },
    AnswerTable {
        title: "At the least validation error",
        note: "The metric at the checkpoint with the least validation error: the rule of the published \
               numbers of psmnist.",
        show: |metric, it| it.best.map(|value| (metric.show)(Some(value))),
    },
    AnswerTable {
        title: "Parameters",
        note: "Numbers in the model that are trained.",
        show: |_, it| Some(count(it.parameters)),
    },
];

impl Table {
    /// The tables of measures of answers that a cell has.
    pub(super) fn answer_tables(&self) -> impl Iterator<Item = &'static AnswerTable> {
        TABLES.iter().filter(|it| self.cells.iter().any(|cell| it.text(self, cell).is_some()))
    }
}

impl AnswerTable {
    /// A cell's text; `None` where there is no number.
    pub(super) fn text(&self, table: &Table, cell: &Cell) -> Option<String> {
        (self.show)(table.kind(), cell.answers.as_ref()?)
    }
}
