//! How a table is gathered from the runs of a plan.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Result, ensure};

use super::{
    super::{
        error_table::metric,
        plan::{Plan, PlanKind, PlannedRun, data_of_row},
        run_files::{Evaluation, RunRecord},
    },
    answers::AnswerMeasures,
    cells::{Cell, MOST_DETAILED_CELLS, SeedValue, Status, Table},
    comparison::{Contender, RowSummary},
    measures::Measures,
    metric::{Metric, Subject},
    score::{Horizon, MATCHED_METRIC, Score},
};

/// The evaluated runs of one cell, by seed.
struct CellRuns<'a> {
    runs: Vec<&'a PlannedRun>,
    /// One for each of `runs`.
    evaluations: Vec<Evaluation>,
    missing_seeds: Vec<u64>,
}

impl Table {
    /// [`Table::collect_with`] without progress.
    #[cfg(test)]
    pub(crate) fn collect(plan_dir: &Path) -> Result<Self> {
        Self::collect_with(plan_dir, &mut |_, _| {})
    }

    /// Gathers the results of every run in `plan_dir/plan.json` and compares the models of each row.
    /// A run without `result.json`, or whose training went on or failed after it, is missing; a result that does not fit
    /// its cell is an error.
    /// In tables of more than 200 cells models are not compared.
    /// Comparisons on many trajectories take a while: `progress` is called with the rows done and their number.
    ///
    /// # Errors
    ///
    /// When `plan.json` is missing, a file is broken or of another format, or a result belongs to
    /// another model, data set, seed or preset than planned.
    pub(crate) fn collect_with(
        plan_dir: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let plan = Plan::read(plan_dir)?;
        let data_sets = plan.data_sets();
        let kind = Metric::of(&plan.metric, &data_sets);
        let planned = plan.runs_by_cell();
        let (mut devices, mut horizons) = (BTreeSet::new(), BTreeSet::new());
        let mut cells = Vec::with_capacity(plan.rows.len() * plan.columns.len());
        let (mut summaries, mut matched_summaries) = (Vec::new(), Vec::new());
        let compares = plan.rows.len() * plan.columns.len() <= MOST_DETAILED_CELLS;
        for (done, row) in plan.rows.iter().enumerate() {
            progress(done, plan.rows.len());
            let runs = plan
                .columns
                .iter()
                .map(|column| {
                    let runs = planned.get(&(row.as_str(), column.as_str()));
                    CellRuns::read(&plan, plan_dir, runs.map(Vec::as_slice).unwrap_or_default())
                })
                .collect::<Result<Vec<_>>>()?;
            let row_cells = (plan.columns.iter().zip(&runs))
                .map(|(column, runs)| runs.cell(&plan, kind, row, column))
                .collect::<Result<Vec<_>>>()?;
            let contenders = |horizon: Horizon| {
                let key = horizon.metric(&plan.metric);
                (row_cells.iter().zip(&runs))
                    .filter_map(|(cell, runs)| {
                        let score = cell.score(horizon)?;
                        Some(match cell.answers {
                            Some(answers) => Contender::with_interval(
                                &cell.column,
                                score,
                                answers,
                                cell.seeds.len(),
                            ),
                            None => Contender::new(
                                &cell.column,
                                score,
                                &runs.evaluations,
                                key,
                                plan.unit,
                            ),
                        })
                    })
                    .collect::<Vec<_>>()
            };
            if compares {
                if let Some(summary) = RowSummary::of(kind, row, &contenders(Horizon::Planned))? {
                    summaries.push(summary.against_published(kind, &row_cells)?);
                }
                matched_summaries.extend(RowSummary::of(kind, row, &contenders(Horizon::Matched))?);
            }
            for evaluation in runs.into_iter().flat_map(|runs| runs.evaluations) {
                devices.insert(evaluation.device);
                if !evaluation.horizon.is_empty() {
                    horizons.insert(evaluation.horizon);
                }
            }
            cells.extend(row_cells);
        }
        progress(plan.rows.len(), plan.rows.len());
        let listed = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
        let is_sweep = plan.kind == PlanKind::Sweep;
        Ok(Self {
            format: 1,
            sweep_of: if is_sweep { data_sets } else { Vec::new() },
            table: plan.table,
            preset: plan.preset,
            reduced: plan.reduced,
            commit: plan.commit,
            device: listed(devices),
            unit: format!("{:e}", plan.unit),
            metric: plan.metric,
            horizon: listed(horizons),
            rows: plan.rows,
            columns: plan.columns,
            cells,
            summaries,
            matched_summaries,
        })
    }
}

impl<'a> CellRuns<'a> {
    fn read(plan: &Plan, plan_dir: &Path, planned: &[&'a PlannedRun]) -> Result<Self> {
        let mut found =
            Self { runs: Vec::new(), evaluations: Vec::new(), missing_seeds: Vec::new() };
        for &run in planned {
            let run_dir = plan_dir.join(&run.run_dir);
            let Some(evaluation) = Evaluation::read(&run_dir)? else {
                found.missing_seeds.push(run.seed);
                continue;
            };
            check_fits(&evaluation, plan, run, &run_dir)?;
            if !evaluation.is_final(&RunRecord::read(&run_dir)?) {
                found.missing_seeds.push(run.seed);
                continue;
            }
            evaluation.metric(&plan.metric, &run_dir)?;
            found.runs.push(run);
            found.evaluations.push(evaluation);
        }
        Ok(found)
    }

    fn cell(&self, plan: &Plan, kind: &Metric, row: &str, column: &str) -> Result<Cell> {
        let evaluations = &self.evaluations;
        let in_units = |result: &Evaluation, key: &str| Some(metric(result, key)? / plan.unit);
        let planned = Score::of(kind, evaluations, &plan.metric, plan.unit)?;
        let has_matched = !evaluations.is_empty()
            && plan.metric != MATCHED_METRIC
            && evaluations.iter().all(|result| result.metrics.contains_key(MATCHED_METRIC));
        let matched = has_matched
            .then(|| Score::of(kind, evaluations, MATCHED_METRIC, plan.unit))
            .transpose()?;
        let answers = match kind.subject {
            Subject::Forecasts => None,
            Subject::Answers(_) => {
                AnswerMeasures::of(evaluations, &plan.metric, plan.unit, &planned)?
            }
        };
        let seeds = (self.runs.iter().zip(evaluations))
            .map(|(run, result)| SeedValue {
                seed: run.seed,
                value: in_units(result, &plan.metric),
                matched: in_units(result, MATCHED_METRIC),
                steps: result.steps,
                seconds: result.seconds,
                run_dir: run.run_dir.clone(),
                commit: result.commit.clone(),
            })
            .collect();
        Ok(Cell {
            row: row.to_owned(),
            column: column.to_owned(),
            published: plan.published(row, column),
            published_std: plan.published_std(row, column),
            mean: planned.mean,
            std: planned.std,
            ci95: planned.ci95,
            steps_ahead: planned.steps_ahead,
            seeds,
            status: match (evaluations.is_empty(), self.missing_seeds.is_empty()) {
                (true, _) => Status::Missing,
                (false, true) => Status::Done,
                (false, false) => Status::Partial,
            },
            missing_seeds: self.missing_seeds.clone(),
            inference_steps: (evaluations.first())
                .map(|result| result.inference_steps)
                .filter(|&steps| steps > 0),
            references: planned.references,
            matched,
            measures: Measures::of(evaluations, &plan.metric, plan.unit)?,
            answers,
        })
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
    let data = data_of_row(&evaluation.data);
    for (what, found, expected) in [
        ("model", evaluation.model.as_str(), plan.model_of(run)),
        ("data", data, plan.data_of(run)),
        ("preset", preset.as_str(), Some(plan.preset.as_str())),
        ("seed", seeds[0].as_str(), Some(seeds[1].as_str())),
    ] {
        // A grid may leave model and data set to the preset.
        let expected = expected.unwrap_or(found);
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
