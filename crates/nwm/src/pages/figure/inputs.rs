//! What there is of the runs of a figure: results, and summaries of products.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::plan::data_of_row;
use super::super::run_files::{Evaluation, Metrics, RunRecord, read_json};
use super::finding::Measured;
use super::plan::{FigurePlan, PlannedFigureRun};

/// The file that a command writes last into the folder of its product.
const SUMMARY: &str = "summary.json";

/// Key of `references` of `result.json`: the model before its first step.
const UNTRAINED: &str = "untrained";

/// One run of a figure, as it is found.
#[derive(Debug, Clone)]
pub(super) struct RunInputs {
    pub(super) planned: PlannedFigureRun,
    pub(super) run_dir: PathBuf,
    /// The result of the whole run; none if it is missing, or of an earlier checkpoint.
    pub(super) evaluation: Option<Evaluation>,
    /// Products that are there.
    products: BTreeMap<String, Product>,
}

/// What a command made of a run.
#[derive(Debug, Clone)]
struct Product {
    folder: PathBuf,
    summary: Value,
}

impl RunInputs {
    /// Reads all runs of a plan.
    ///
    /// # Errors
    ///
    /// When a file is broken or of another version, or a result is of another run than planned.
    pub(super) fn read_all(plan: &FigurePlan) -> Result<Vec<Self>> {
        plan.runs.iter().map(|run| Self::read(plan, run)).collect()
    }

    fn read(plan: &FigurePlan, run: &PlannedFigureRun) -> Result<Self> {
        let run_dir = plan.path(&run.run_dir);
        let record: Option<RunRecord> = read_json(&run_dir.join("run.json"))?;
        let evaluation = match (Evaluation::read(&run_dir)?, record) {
            (Some(evaluation), Some(record)) => {
                check_fits(&evaluation, plan, run, &run_dir)?;
                evaluation.is_final(&record).then_some(evaluation)
            }
            _ => None,
        };
        let mut products = BTreeMap::new();
        for (name, folder) in &run.products {
            let folder = plan.path(folder);
            if let Some(summary) = read_json(&folder.join(SUMMARY))? {
                products.insert(name.clone(), Product { folder, summary });
            }
        }
        Ok(Self { planned: run.clone(), run_dir, evaluation, products })
    }

    /// The name in the plan.
    pub(super) fn name(&self) -> &str {
        &self.planned.name
    }

    /// Whether nothing is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.evaluation.is_some() && self.products.len() == self.planned.products.len()
    }

    /// Whether nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.evaluation.is_none() && self.products.is_empty()
    }

    /// What is missing, in words.
    pub(super) fn missing(&self) -> Vec<String> {
        let name = self.name();
        let absent = |it: &&String| !self.products.contains_key(*it);
        let products = self.planned.products.keys().filter(absent);
        (self.evaluation.is_none().then(|| format!("{name}: no final result")))
            .into_iter()
            .chain(products.map(|product| format!("{name}: no {product}")))
            .collect()
    }

    /// The folder of a product that is there.
    pub(super) fn folder(&self, product: &str) -> Option<&Path> {
        self.products.get(product).map(|it| it.folder.as_path())
    }

    /// The value at a JSON pointer in the summary of a product.
    pub(super) fn summary(&self, product: &str, pointer: &str) -> Option<&Value> {
        self.products.get(product)?.summary.pointer(pointer)
    }

    /// The same, if it is a number.
    pub(super) fn number(&self, product: &str, pointer: &str) -> Option<f64> {
        self.summary(product, pointer)?.as_f64()
    }

    /// The same, if it is a pair of numbers.
    pub(super) fn pair(&self, product: &str, pointer: &str) -> Option<[f64; 2]> {
        match self.summary(product, pointer)?.as_array()?.as_slice() {
            [low, high] => Some([low.as_f64()?, high.as_f64()?]),
            _ => None,
        }
    }

    /// A metric of the waves in `result.json`, with what shuffled sites and the untrained model have. Its p-value is the larger of
    /// that beside shuffled sites and that beside shifts in time, if there are both.
    pub(super) fn waves(&self, name: &str) -> Measured {
        let Some(evaluation) = &self.evaluation else { return Measured::default() };
        let of = |metrics: &Metrics, suffix: &str| {
            metrics.get(&format!("waves_{name}{suffix}")).copied().flatten()
        };
        Measured {
            value: of(&evaluation.metrics, ""),
            interval95: None,
            p_value: ["_p", "_time_p"]
                .into_iter()
                .filter_map(|suffix| of(&evaluation.metrics, suffix))
                .reduce(f64::max),
            chance: of(&evaluation.metrics, "_null"),
            before_training: evaluation.references.get(UNTRAINED).and_then(|it| of(it, "")),
        }
    }
}

/// Checks that a result is what the plan says the run is.
fn check_fits(
    evaluation: &Evaluation,
    plan: &FigurePlan,
    run: &PlannedFigureRun,
    run_dir: &Path,
) -> Result<()> {
    let seeds = [evaluation.seed, run.seed].map(|seed| seed.to_string());
    let preset = evaluation.preset.clone().unwrap_or_else(|| "none".to_owned());
    for (what, found, expected) in [
        ("model", evaluation.model.as_str(), run.model.as_str()),
        ("data", data_of_row(&evaluation.data), data_of_row(&run.data)),
        ("preset", preset.as_str(), plan.preset.as_str()),
        ("seed", seeds[0].as_str(), seeds[1].as_str()),
    ] {
        ensure!(
            found == expected,
            "read {}: {what}: found {found}, expected {expected} as planned for {}; move the folder away and run again",
            run_dir.join("result.json").display(),
            run.name
        );
    }
    Ok(())
}
