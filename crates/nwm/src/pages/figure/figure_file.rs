//! `figure.json`: everything that is told of a figure.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use super::super::run_files::Metrics;
use super::super::scale::Scale;
use super::UntrainedSource;
use super::finding::{Check, Findings, Number};
use super::inputs::RunInputs;
use super::kinds::FigureKind;
use super::pictures::{Picture, Pictures};
use super::plan::FigurePlan;

/// Version of the file format.
const FORMAT: u64 = 1;

/// A figure: `figure.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(super) format: u64,
    pub(super) figure: String,
    pub(super) title: String,
    pub(super) preset: String,
    pub(super) reduced: bool,
    pub(super) note: String,
    pub(super) commit: String,
    pub(super) status: Status,
    /// What was found, in a sentence or two.
    pub(super) sentence: String,
    pub(super) checks: Vec<Check>,
    pub(super) numbers: Vec<Number>,
    pub(super) runs: Vec<FigureRun>,
    /// Files beside this one, in the order of the page.
    pub(super) files: Vec<FigureFile>,
    /// What the figure lacks, in words.
    pub(super) missing: Vec<String>,
    #[serde(skip)]
    pub(super) pictures: Vec<Picture>,
    #[serde(skip)]
    pub(super) has_published_waves: bool,
}

/// How much of what was planned is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Every run has its result and its products.
    Done,
    /// Something is there.
    Partial,
    /// Nothing is.
    Missing,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FigureRun {
    pub(super) name: String,
    pub(super) data: String,
    pub(super) model: String,
    /// Relative to the folder above the plan's own.
    pub(super) run_dir: String,
    pub(super) seed: u64,
    /// Training steps and seconds; null without a result, like the commit.
    pub(super) steps: Option<u64>,
    pub(super) seconds: Option<f64>,
    pub(super) commit: Option<String>,
    /// All of `result.json`.
    pub(super) metrics: Metrics,
    /// Folders of the products that are there, relative as `run_dir`.
    pub(super) products: BTreeMap<String, String>,
    /// Where the page of the run is.
    #[serde(skip)]
    pub(super) report: Option<std::path::PathBuf>,
}

/// One file of the figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FigureFile {
    pub(super) name: String,
    pub(super) run: String,
    pub(super) shows: String,
}

impl Figure {
    /// Collects what the runs and products of a plan have left. What a model was before training comes from `untrained`.
    ///
    /// # Errors
    ///
    /// When a file that is there is broken or of another version, a result is of another run than planned, or a picture
    /// cannot be drawn. What is missing is no error.
    pub(crate) fn collect(plan: &FigurePlan, untrained: UntrainedSource<'_>) -> Result<Self> {
        let kind = plan.kind()?;
        let inputs = RunInputs::read_all(plan)?;
        let Findings { checks, numbers } = (kind.findings)(&inputs);
        let mut missing: Vec<String> = inputs.iter().flat_map(RunInputs::missing).collect();
        let mut pictures = Pictures::default();
        for run in &inputs {
            pictures.add(run, kind.pictures, untrained)?;
        }
        missing.extend(pictures.missing);
        let status = if inputs.iter().all(RunInputs::is_complete) {
            Status::Done
        } else if inputs.iter().all(RunInputs::is_empty) {
            Status::Missing
        } else {
            Status::Partial
        };
        let files = pictures.pictures.iter().map(|picture| FigureFile {
            name: picture.name.clone(),
            run: picture.run.clone(),
            shows: picture.shows.clone(),
        });
        Ok(Self {
            format: FORMAT,
            figure: plan.figure.clone(),
            title: plan.title.clone(),
            preset: plan.preset.clone(),
            reduced: plan.reduced,
            note: plan.note.clone(),
            commit: plan.commit.clone(),
            status,
            sentence: sentence(kind, &checks, plan),
            checks,
            numbers,
            runs: inputs.iter().map(FigureRun::of).collect(),
            files: files.collect(),
            missing,
            pictures: pictures.pictures,
            has_published_waves: kind.has_published_waves,
        })
    }

    /// The text of `figure.json`.
    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).context("encode figure.json")? + "\n")
    }

    /// How its numbers relate to the published ones.
    pub(super) fn scale(&self) -> Scale<'_> {
        if self.reduced { Scale::Reduced(&self.preset) } else { Scale::Published }
    }

    /// What was found, in a sentence or two.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Whether everything that was planned is there.
    pub(crate) fn status(&self) -> &'static str {
        self.status.name()
    }
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

impl FigureRun {
    fn of(inputs: &RunInputs) -> Self {
        let (planned, result) = (&inputs.planned, inputs.evaluation.as_ref());
        let report = inputs.run_dir.join("report.html");
        let there = |(name, _): &(&String, &String)| inputs.folder(name).is_some();
        Self {
            name: planned.name.clone(),
            data: planned.data.clone(),
            model: planned.model.clone(),
            run_dir: planned.run_dir.clone(),
            seed: planned.seed,
            steps: result.map(|it| it.steps),
            seconds: result.map(|it| it.seconds),
            commit: result.map(|it| it.commit.clone()),
            metrics: result.map(|it| it.metrics.clone()).unwrap_or_default(),
            products: (planned.products.iter().filter(there))
                .map(|(name, folder)| (name.clone(), folder.clone()))
                .collect(),
            report: report.is_file().then_some(report),
        }
    }
}

/// What the checks say, whether all of them could be made, and whether the experiment is a smaller one.
fn sentence(kind: &FigureKind, checks: &[Check], plan: &FigurePlan) -> String {
    let total = checks.len();
    let count = |answer| checks.iter().filter(|check| check.holds == answer).count();
    let (holding, failing, open) = (count(Some(true)), count(Some(false)), count(None));
    let does_not = if failing == 1 { "does not" } else { "do not" };
    let verdict = match (holding, failing, open) {
        (0, 0, _) => "Not measured yet".to_owned(),
        (_, 0, 0) => format!("All {total} checks hold"),
        (_, failing, 0) => format!("{holding} of {total} checks hold, {failing} {does_not}"),
        (_, 0, _) => format!("{holding} of {total} checks hold, {open} could not be made"),
        _ => {
            format!(
                "{holding} of {total} checks hold, {failing} {does_not}, {open} could not be made"
            )
        }
    };
    let mut text = format!("{verdict}. The paper shows that {}.", kind.effect);
    if plan.reduced {
        text += &format!(" This is a reduced experiment (preset {})", plan.preset);
        text += if plan.note.is_empty() { "." } else { ": " };
    }
    if !plan.note.is_empty() {
        text += if plan.reduced { "" } else { " " };
        text += &format!("{}.", plan.note.trim_end_matches('.'));
    }
    text
}
