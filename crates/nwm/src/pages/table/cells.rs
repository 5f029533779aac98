//! What a table holds, and how it is gathered from the runs of a plan.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Result, ensure};
use nwm_analysis::statistics::Summary;
use serde::{Deserialize, Serialize};

use super::super::{
    number::quotient,
    plan::{Plan, PlannedRun, data_of_row},
    run_files::Evaluation,
    scale::Scale,
};

/// A table of runs: `table.json`. All values are in multiples of `unit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(super) format: u64,
    pub(super) table: String,
    pub(super) preset: String,
    /// Whether the numbers come from a reduced experiment, not comparable with published ones.
    pub(super) reduced: bool,
    pub(super) commit: String,
    /// Every device that took part, sorted.
    pub(super) device: String,
    pub(super) unit: String,
    pub(super) metric: String,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    /// Row by row, in the order of `rows` and `columns`.
    pub(super) cells: Vec<Cell>,
    /// What the numbers of a row allow to say; rows may be absent.
    #[serde(default)]
    pub(super) summaries: Vec<RowSummary>,
}

/// How the models of one row compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RowSummary {
    pub(super) row: String,
    /// The column with the smallest error; null where no one can be named.
    pub(super) best: Option<String>,
    /// The other columns against the best one.
    pub(super) comparisons: Vec<Comparison>,
    /// Whether the comparisons rest on one training seed for each model.
    pub(super) conditional_on_seed: bool,
    /// Rank correlation with the published numbers of the row; null where there are too few.
    pub(super) kendall_tau: Option<f64>,
    /// The verdict in words.
    pub(super) sentence: String,
}

/// One model against the best of its row, paired by test trajectory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    pub(super) column: String,
    /// Its error minus that of the best, in units.
    pub(super) difference: f64,
    pub(super) interval95: [f64; 2],
    pub(super) p_value: f64,
    /// Whether the difference is told from none.
    pub(super) distinguishable: bool,
}

/// One model on one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) published: Option<f64>,
    /// Mean over seeds; null without a seed, or when a seed's value is not finite.
    pub(super) mean: Option<f64>,
    /// Sample standard deviation over seeds; null for fewer than two.
    pub(super) std: Option<f64>,
    /// Student-t 95 % interval of the mean; null for fewer than two seeds.
    pub(super) ci95: Option<[f64; 2]>,
    pub(super) seeds: Vec<SeedValue>,
    pub(super) status: Status,
    /// Planned seeds without a result.
    pub(super) missing_seeds: Vec<u64>,
    /// Frames the model saw before it had to forecast.
    pub(super) inference_steps: Option<usize>,
    pub(super) references: References,
}

/// One evaluated run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SeedValue {
    pub(super) seed: u64,
    /// Null when not finite.
    pub(super) value: Option<f64>,
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

/// Predictors that know no dynamics, on the same test trajectories.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct References {
    /// The mean image of the training set, at every step.
    pub(super) mean_image: Reference,
    /// The last true frame seen, repeated.
    pub(super) last_frame: Reference,
}

/// Mean over seeds of one reference, and the model's mean divided by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reference {
    pub(super) value: Option<f64>,
    pub(super) ratio: Option<f64>,
}

impl Table {
    /// Gathers the results of every run in `plan_dir/plan.json`. A run without `result.json` is
    /// missing; one that does not fit its cell is an error.
    ///
    /// # Errors
    ///
    /// When `plan.json` is missing, a file is broken or of another format, or a result belongs to
    /// another model, data set, seed or preset than planned.
    pub(crate) fn collect(plan_dir: &Path) -> Result<Self> {
        let plan = Plan::read(plan_dir)?;
        let mut devices = BTreeSet::new();
        let mut cells = Vec::with_capacity(plan.rows.len() * plan.columns.len());
        for row in &plan.rows {
            for column in &plan.columns {
                cells.push(Cell::collect(&plan, plan_dir, row, column, &mut devices)?);
            }
        }
        Ok(Self {
            format: 1,
            table: plan.table,
            preset: plan.preset,
            reduced: plan.reduced,
            commit: plan.commit,
            device: devices.into_iter().collect::<Vec<_>>().join(", "),
            unit: format!("{:e}", plan.unit),
            metric: plan.metric,
            rows: plan.rows,
            columns: plan.columns,
            cells,
            summaries: Vec::new(), // Until rows are compared by trajectory.
        })
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
}

impl Cell {
    fn collect(
        plan: &Plan,
        plan_dir: &Path,
        row: &str,
        column: &str,
        devices: &mut BTreeSet<String>,
    ) -> Result<Self> {
        let (mut seeds, mut missing_seeds) = (Vec::new(), Vec::new());
        let (mut mean_images, mut last_frames) = (Vec::new(), Vec::new());
        let mut inference_steps = None;
        for run in plan.runs_of(row, column) {
            let run_dir = plan_dir.join(&run.run_dir);
            let Some(evaluation) = Evaluation::read(&run_dir)? else {
                missing_seeds.push(run.seed);
                continue;
            };
            check_fits(&evaluation, plan, run, &run_dir)?;
            let in_units = |value: Option<f64>| value.map(|value| value / plan.unit);
            let reference = |name: &str| {
                let value = evaluation.references.get(name)?.get(&plan.metric).copied();
                in_units(value.flatten())
            };
            mean_images.push(reference("mean_image"));
            last_frames.push(reference("last_frame"));
            seeds.push(SeedValue {
                seed: run.seed,
                value: in_units(evaluation.metric(&plan.metric, &run_dir)?),
                steps: evaluation.steps,
                seconds: evaluation.seconds,
                run_dir: run.run_dir.clone(),
                commit: evaluation.commit,
            });
            inference_steps = Some(evaluation.inference_steps);
            devices.insert(evaluation.device);
        }
        let summary = summary(seeds.iter().map(|seed| seed.value))?;
        let mean = summary.map(|summary| summary.mean);
        let against = |values: Vec<Option<f64>>| -> Result<Reference> {
            let value = self::summary(values.into_iter())?.map(|summary| summary.mean);
            Ok(Reference { value, ratio: quotient(mean, value) })
        };
        Ok(Self {
            row: row.to_owned(),
            column: column.to_owned(),
            published: plan.published(row, column),
            mean,
            std: summary.and_then(|summary| summary.standard_deviation),
            ci95: summary.and_then(|summary| summary.interval95),
            status: match (seeds.is_empty(), missing_seeds.is_empty()) {
                (true, _) => Status::Missing,
                (false, true) => Status::Done,
                (false, false) => Status::Partial,
            },
            seeds,
            missing_seeds,
            inference_steps,
            references: References {
                mean_image: against(mean_images)?,
                last_frame: against(last_frames)?,
            },
        })
    }
}

/// Statistics of the values; `None` without values, or when one of them is not finite.
fn summary(values: impl Iterator<Item = Option<f64>>) -> Result<Option<Summary>> {
    match values.collect::<Option<Vec<f64>>>() {
        Some(values) if !values.is_empty() => Ok(Some(Summary::of(&values)?)),
        _ => Ok(None),
    }
}

/// Checks that a result is what the plan says the run is.
fn check_fits(
    evaluation: &Evaluation,
    plan: &Plan,
    run: &PlannedRun,
    run_dir: &Path,
) -> Result<()> {
    let seeds = [evaluation.seed, run.seed].map(|seed| seed.to_string());
    let preset = evaluation.preset.clone().unwrap_or_else(|| "none".to_owned());
    for (what, found, expected) in [
        ("model", evaluation.model.as_str(), run.column.as_str()),
        ("data", data_of_row(&evaluation.data), data_of_row(&run.row)),
        ("preset", preset.as_str(), plan.preset.as_str()),
        ("seed", seeds[0].as_str(), seeds[1].as_str()),
    ] {
        ensure!(
            found == expected,
            "read {}: {what}: found {found}, expected {expected} as planned for {}/{}; \
             move the folder away and run again",
            run_dir.join("result.json").display(),
            run.row,
            run.column
        );
    }
    Ok(())
}
