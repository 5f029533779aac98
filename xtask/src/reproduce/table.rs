//! Plans a table: a job for each seed of each cell.

use anyhow::{Context, Result};

use super::experiment::Experiment;
use super::plan::{Plan, PlannedRun};
use super::selection::{names, select};
use super::work::{PlanFile, Preset, Start, Work};
use crate::engine::Resources;
use crate::runs::{Job, Training, arguments, run_folder};

/// Plans the cells that are asked for. The runs of earlier starts stay in the plan.
pub(super) fn plan(start: &Start, name: &str) -> Result<Work> {
    let experiment = read(start, name)?;
    let preset = experiment.preset(&start.preset)?;
    let cells = select(&experiment, start.only.as_deref())?;
    let plan_dir = start.runs_of(name);
    let plan =
        Plan::new(&experiment, &start.preset, preset.reduced, &start.commit, &cells, start.seeds);
    let jobs = plan.runs.iter().map(|run| job(start, &experiment, run));
    let jobs = jobs.collect::<Result<Vec<Job>>>()?;

    let path = plan_dir.join("plan.json");
    let text = plan.merge(Plan::read(&path)?)?.to_json()?;
    let reports = start.reports.join(name);
    let seeds = match start.seeds {
        1 => "1 seed".to_owned(),
        seeds => format!("{seeds} seeds"),
    };
    Ok(Work {
        name: name.to_owned(),
        title: experiment.title.clone(),
        preset: Preset {
            name: start.preset.clone(),
            reduced: preset.reduced,
            note: preset.note.clone(),
            cores: preset.cores,
        },
        contents: ("cells", format!("{} with {seeds}: {}", cells.len(), names(&cells))),
        is_published: true,
        jobs,
        engine_dir: path.with_extension("engine"),
        resources: Resources::default(),
        plan: Some(PlanFile { path, text }),
        collect: arguments::table(&plan_dir, &reports),
        text: reports.join("table.md"),
        page: reports.join("report.html"),
    })
}

/// The description of this table.
pub(super) fn read(start: &Start, name: &str) -> Result<Experiment> {
    Experiment::read(&start.experiments.join(name).with_extension("toml"))
}

/// Everything that is needed to finish a run of a table.
pub(super) fn job(start: &Start, experiment: &Experiment, run: &PlannedRun) -> Result<Job> {
    let table = &experiment.table;
    let cell = || format!("{table}: no cell {}/{}", run.row, run.column);
    let row = experiment.row(&run.row).with_context(cell)?;
    let column = experiment.column(&run.column).with_context(cell)?;
    let preset = experiment.preset(&start.preset)?;
    let run_dir = start.runs_of(table).join(&run.run_dir);
    Ok(Job {
        name: run.run_dir.clone(),
        kind: format!("{table} {}", column.name),
        expected_seconds: preset.expected_seconds(&row.name, &column.name),
        state: run_folder::state(&run_dir),
        training: Training {
            preset: start.preset.clone(),
            seed: run.seed,
            set: Training::settings(
                &row.data,
                &column.model,
                preset.settings(&row.name, &column.name),
            ),
            run_dir,
        },
        products: Vec::new(),
    })
}
