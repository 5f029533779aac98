//! Plans a figure: a job for each of its runs, some of which are cells of tables.

use std::path::Path;

use anyhow::Result;

use super::figure_plan::{FORMAT, FigurePlan, PlannedFigureRun};
use super::figures::{Figure, FigurePreset, FigureRun, Figures};
use super::plan::PlannedRun;
use super::selection::select_runs;
use super::table;
use super::work::{PlanFile, Preset, Start, Work};
use crate::engine::Resources;
use crate::runs::{Job, Product, Training, arguments, run_folder};

/// Folder of the runs of all figures, and name of their description.
const FIGURES: &str = "figures";

/// Plans a figure. All its runs are in the plan, whichever are asked for.
pub(super) fn plan(start: &Start, name: &str) -> Result<Work> {
    let figures = Figures::read(&start.experiments.join(FIGURES).with_extension("toml"))?;
    let figure = figures.figure(name)?;
    let preset = figures.preset(&start.preset)?;
    let asked = select_runs(&figure.runs, start.only.as_deref())?;

    let folder = start.runs_of(FIGURES);
    let mut jobs = Vec::new();
    let mut runs = Vec::new();
    for run in &figure.runs {
        let (job, run_dir) = job(start, &figures, preset, &folder, figure, run)?;
        runs.push(planned(&job, run_dir));
        if asked.contains(run) {
            jobs.push(job);
        }
    }
    let note = match &figure.note {
        Some(note) => format!("{}; {note}", preset.note),
        None => preset.note.clone(),
    };
    let plan = FigurePlan {
        format: FORMAT,
        figure: figure.name.clone(),
        title: figure.title.clone(),
        preset: start.preset.clone(),
        reduced: preset.reduced,
        note: note.clone(),
        commit: start.commit.clone(),
        runs,
    };
    let path = folder.join("plans").join(name).with_extension("json");
    let reports = start.reports.join(name);
    let (reduced, cores) = (preset.reduced, preset.cores);
    let products: Vec<_> = figure.products.iter().map(|kind| kind.name()).collect();
    Ok(Work {
        name: name.to_owned(),
        title: figure.title.clone(),
        preset: Preset { name: start.preset.clone(), reduced, note, cores },
        contents: ("shows", format!("{} of {}", products.join(" and "), asked.join(", "))),
        is_published: true,
        jobs,
        collect: arguments::figure(&path, &reports),
        engine_dir: path.with_extension("engine"),
        resources: Resources::default(),
        plan: Some(PlanFile { path, text: plan.to_json()? }),
        text: reports.join("figure.md"),
        page: reports.join("report.html"),
    })
}

/// Everything that is needed to finish a run with its products, and its folder as the plan has it.
fn job(
    start: &Start,
    figures: &Figures,
    preset: &FigurePreset,
    folder: &Path,
    figure: &Figure,
    name: &str,
) -> Result<(Job, String)> {
    let (job, relative) = match figures.run(name)? {
        FigureRun::Trained { data, model, seed } => {
            let run_dir = folder.join(name);
            let job = Job {
                name: name.to_owned(),
                kind: format!("{data} {model}"),
                expected_seconds: preset.seconds.get(name).copied().unwrap_or(f64::NAN),
                state: run_folder::state(&run_dir),
                training: Training {
                    preset: start.preset.clone(),
                    seed: *seed,
                    set: Training::settings(data, model, preset.settings(name)),
                    run_dir,
                },
                products: Vec::new(),
            };
            (job, name.to_owned())
        }
        FigureRun::OfTable { table, row, column, seed } => {
            let run = PlannedRun::new(row, column, *seed);
            let job = table::job(start, &table::read(start, table)?, &run)?;
            (job, format!("../{}/{}", start.folder_of(table), run.run_dir))
        }
    };
    let products = folder.join("products").join(name);
    let model = job.training.model().unwrap_or_default();
    let find = |kind| Product::find(kind, job.run_dir(), model, &products);
    let products = figure.products.iter().map(|kind| find(*kind)).collect();
    Ok((Job { name: name.to_owned(), products, ..job }, relative))
}

/// The entry of a job in the plan.
fn planned(job: &Job, run_dir: String) -> PlannedFigureRun {
    let product = |product: &Product| {
        let name = product.kind.name();
        (name.to_owned(), format!("products/{}/{name}", job.name))
    };
    PlannedFigureRun {
        name: job.name.clone(),
        data: job.training.data().unwrap_or_default().to_owned(),
        model: job.training.model().unwrap_or_default().to_owned(),
        seed: job.training.seed,
        run_dir,
        products: job.products.iter().map(product).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::reproduce::fixtures;
    use crate::reproduce::work::Work;
    use crate::runs::Training;

    fn planned(work: &Work) -> serde_json::Value {
        serde_json::from_str(&work.plan.as_ref().unwrap().text).unwrap()
    }

    #[test]
    fn a_plan_has_the_documented_fields() {
        let work = plan(&fixtures::start("quick"), "fig3").unwrap();
        assert!(work.plan.as_ref().unwrap().path.ends_with("figures-quick/plans/fig3.json"));
        let plan = planned(&work);
        assert_eq!(plan["format"], 1);
        assert_eq!(plan["figure"], "fig3");
        assert_eq!(plan["preset"], "quick");
        assert_eq!(plan["reduced"], true);
        assert_eq!(plan["commit"], "c0ffee");
        assert_eq!(plan["title"], work.title);
        assert_eq!(plan["note"], work.preset.note);
        assert_eq!(
            plan["runs"][1],
            serde_json::json!({"name": "digits_0", "data": "rotating_mnist", "model": "nwm_2d",
                "seed": 0, "run_dir": "digits_0",
                "products": {"selectivity": "products/digits_0/selectivity"}})
        );
    }

    #[test]
    fn a_cell_of_a_table_is_trained_as_the_table_trains_it() {
        let start = fixtures::start("quick");
        let work = plan(&start, "fig2").unwrap();
        let job = work.jobs.iter().find(|job| job.name == "two_body").unwrap();
        let table = fixtures::table("table1");
        let preset = table.preset("quick").unwrap();
        let settings = preset.settings("two_body", "nwm_2d");
        assert!(!settings.is_empty());
        assert_eq!(job.training.set, Training::settings("two_body", "nwm_2d", settings));
        assert_eq!(job.expected_seconds, preset.expected_seconds("two_body", "nwm_2d"));
        assert_eq!(job.run_dir(), start.runs.join("table1-quick/two_body-nwm_2d-seed0"));
        let runs = planned(&work);
        let run = runs["runs"].as_array().unwrap().iter().find(|run| run["name"] == "two_body");
        assert_eq!(run.unwrap()["run_dir"], "../table1-quick/two_body-nwm_2d-seed0");
        assert_eq!(run.unwrap()["products"]["waves"], "products/two_body/waves");
    }

    #[test]
    fn every_figure_can_be_planned_with_every_preset() {
        let figures = fixtures::figures();
        for preset in figures.presets.keys() {
            for figure in &figures.figures {
                let name: &'static str = figure.name.clone().leak();
                let work = plan(&fixtures::start(preset), name).unwrap();
                let names: Vec<_> = work.jobs.iter().map(|job| &job.name).collect();
                assert_eq!(names, figure.runs.iter().collect::<Vec<_>>(), "{name} {preset}");
                let products = work.jobs.iter().map(|job| job.products.len());
                assert!(products.clone().all(|count| count == figure.products.len()));
                assert!(work.jobs.iter().all(|job| job.expected_seconds > 0.0));
            }
        }
    }

    #[test]
    fn a_part_is_run_alone_but_the_plan_is_whole() {
        let mut start = fixtures::start("quick");
        start.only = Some("digits_2,digits_0".to_owned());
        let work = plan(&start, "fig8").unwrap();
        let names: Vec<_> = work.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["digits_0", "digits_2"]);
        assert_eq!(planned(&work)["runs"].as_array().unwrap().len(), 3);
        start.only = Some("digit_1".to_owned());
        let message = plan(&start, "fig8").unwrap_err().to_string();
        assert!(message.starts_with("unknown run `digit_1`; did you mean `digits_"), "{message}");
    }
}
