//! What a table holds: `table.json`.

use serde::{Deserialize, Serialize};

use super::{
    super::scale::Scale,
    answers::AnswerMeasures,
    comparison::RowSummary,
    measures::Measures,
    metric::{Metric, Subject},
    score::{Horizon, MATCHED_METRIC, References, Score},
};

/// Cells of a table whose runs are shown one by one, and whose models are compared: of more, each comparison would need
/// a hundred times as many resamples to stand out from the others.
pub(super) const MOST_DETAILED_CELLS: usize = 200;

/// A table of runs: `table.json`. Values are in multiples of `unit` where nothing else is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(super) format: u64,
    pub(super) table: String,
    /// The data sets of a sweep, an empty name for one that the preset chooses. Empty where rows are data sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sweep_of: Vec<String>,
    pub(super) preset: String,
    /// Whether the numbers come from a reduced experiment, not comparable with published ones.
    pub(super) reduced: bool,
    pub(super) commit: String,
    /// Every device that took part, sorted.
    pub(super) device: String,
    pub(super) unit: String,
    pub(super) metric: String,
    /// What the evaluations call the horizon of their extrapolation, every one of them, sorted.
    #[serde(default)]
    pub(super) horizon: String,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    /// Row by row, in the order of `rows` and `columns`.
    pub(super) cells: Vec<Cell>,
    /// What the values of a row allow to say; rows without results are absent.
    #[serde(default)]
    pub(super) summaries: Vec<RowSummary>,
    /// The same at the matched horizon.
    #[serde(default)]
    pub(super) matched_summaries: Vec<RowSummary>,
}

/// One model on one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) published: Option<f64>,
    /// The published standard deviation over seeds; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) published_std: Option<f64>,
    /// This and the next three are the plan's metric, see [`Score`].
    pub(super) mean: Option<f64>,
    pub(super) std: Option<f64>,
    pub(super) ci95: Option<[f64; 2]>,
    pub(super) steps_ahead: Option<[usize; 2]>,
    pub(super) seeds: Vec<SeedValue>,
    pub(super) status: Status,
    /// Planned seeds without a result.
    pub(super) missing_seeds: Vec<u64>,
    /// Frames the model saw before it had to forecast.
    pub(super) inference_steps: Option<usize>,
    pub(super) references: References,
    /// The error at the matched horizon; null where a result does not have it, or where it is the
    /// plan's metric.
    pub(super) matched: Option<Score>,
    #[serde(default)]
    pub(super) measures: Measures,
    /// Of models that answer sequences; absent for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answers: Option<AnswerMeasures>,
}

/// One evaluated run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SeedValue {
    pub(super) seed: u64,
    /// Null when not finite.
    pub(super) value: Option<f64>,
    /// At the matched horizon; null when not finite or not there.
    pub(super) matched: Option<f64>,
    pub(super) steps: u64,
    pub(super) seconds: f64,
    /// Relative to the folder of the plan.
    pub(super) run_dir: String,
    pub(super) commit: String,
}

/// How much of what was planned for a cell is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Every planned seed has a result.
    Done,
    /// Some have.
    Partial,
    /// None has, or none was planned.
    Missing,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

impl Cell {
    /// The score at a horizon; `None` where it was not measured.
    pub(super) fn score(&self, horizon: Horizon) -> Option<Score> {
        match horizon {
            _ if self.status == Status::Missing => None,
            Horizon::Matched => self.matched,
            Horizon::Planned => Some(Score {
                mean: self.mean,
                std: self.std,
                ci95: self.ci95,
                steps_ahead: self.steps_ahead,
                references: self.references,
            }),
        }
    }

    /// How exactly the score at a horizon is known, as it stands beside it: half the width of the interval over seeds, or an
    /// interval over sequences; `None` where that is not known.
    pub(super) fn spread(&self, kind: &Metric, horizon: Horizon) -> Option<String> {
        match &kind.subject {
            Subject::Forecasts => {
                let half_width = self.score(horizon)?.half_width()?;
                Some(format!("± {}", (kind.show)(Some(half_width))))
            }
            Subject::Answers(_) => {
                Some(format!("({})", kind.interval(Some(self.answers?.interval95?))))
            }
        }
    }
}

impl Table {
    /// What its metric is.
    pub(super) fn kind(&self) -> &'static Metric {
        Metric::of(&self.metric, if self.is_sweep() { &self.sweep_of } else { &self.rows })
    }

    /// Whether rows and columns are places of a grid.
    pub(super) fn is_sweep(&self) -> bool {
        !self.sweep_of.is_empty()
    }

    /// Whether runs are shown one by one: a page with those of many cells would be too large to open.
    pub(super) fn is_shown_in_detail(&self) -> bool {
        self.cells.len() <= MOST_DETAILED_CELLS
    }

    /// Whether results may have a score at the matched horizon beside that of the metric.
    pub(super) fn is_of_forecasts(&self) -> bool {
        matches!(self.kind().subject, Subject::Forecasts)
    }

    /// Whether published numbers are listed: tables of answers leave the list out where there are none.
    pub(super) fn has_published_section(&self) -> bool {
        (self.is_of_forecasts() && !self.is_sweep())
            || self.cells.iter().any(|cell| cell.published.is_some())
    }

    /// How its numbers relate to the published ones.
    pub(super) fn scale(&self) -> Scale<'_> {
        if self.reduced { Scale::Reduced(&self.preset) } else { Scale::Published }
    }

    /// Cells of one row, in the order of the columns.
    pub(super) fn row(&self, row: &str) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(move |cell| cell.row == row)
    }

    /// Cells that lack results.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.status != Status::Done)
    }

    /// The horizons that there are values at.
    pub(super) fn horizons(&self) -> impl Iterator<Item = Horizon> {
        Horizon::BOTH.into_iter().filter(|&horizon| {
            horizon == Horizon::Planned || self.cells.iter().any(|cell| cell.matched.is_some())
        })
    }

    /// What a horizon is called, in words.
    pub(super) fn horizon_name(&self, horizon: Horizon) -> Option<String> {
        match horizon {
            Horizon::Matched => Some("matched horizon".to_owned()),
            Horizon::Planned if self.metric == MATCHED_METRIC => Some("matched horizon".to_owned()),
            Horizon::Planned if self.horizon.is_empty() => None,
            Horizon::Planned => Some(format!("horizon {}", self.horizon.replace('_', " "))),
        }
    }

    /// Verdicts at a horizon.
    pub(super) fn summaries_at(&self, horizon: Horizon) -> &[RowSummary] {
        match horizon {
            Horizon::Planned => &self.summaries,
            Horizon::Matched => &self.matched_summaries,
        }
    }

    /// What is known about a row beyond its numbers.
    pub(super) fn summary_of(&self, horizon: Horizon, row: &str) -> Option<&RowSummary> {
        self.summaries_at(horizon).iter().find(|summary| summary.row == row)
    }
}
