//! Small plans with results and summaries for tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use nwm_data::arrays::{self, ArrayLayout, Element};
use nwm_train::UntrainedFilm;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::fixtures::{record, write_json};
use super::figure_file::Figure;
use super::finding::Check;
use super::plan::FigurePlan;

/// Steps of the hidden states in these tests: enough for the filter.
const STEPS: usize = 36;
const SIDE: usize = 6;

/// A plan in a folder of its own.
pub(super) struct Planned {
    folder: TempDir,
    pub(super) path: PathBuf,
}

/// No model is at hand in these tests.
pub(super) fn no_untrained(_: &Path, _: usize) -> Result<Option<UntrainedFilm>> {
    Ok(None)
}

impl Planned {
    /// A plan for a figure with runs `(name, data)`, all of nwm_2d and with these products.
    pub(super) fn new(figure: &str, runs: &[(&str, &str)], products: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runs: Vec<Value> = (runs.iter().zip(0_u64..))
            .map(|((name, data), seed)| {
                let products = products
                    .iter()
                    .map(|kind| ((*kind).to_owned(), format!("products/{name}/{kind}").into()));
                json!({"name": name, "data": data, "model": "nwm_2d", "seed": seed,
                    "run_dir": name, "products": products.collect::<serde_json::Map<_, _>>()})
            })
            .collect();
        let path = folder.path().join("figures-quick/plans").join(format!("{figure}.json"));
        write_json(
            &path,
            &json!({"format": 1, "figure": figure, "title": "A title", "preset": "quick",
                "reduced": true, "note": "fewer steps", "commit": "c0ffee", "runs": runs}),
        );
        Self { folder, path }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("figures-quick")
    }

    /// Writes the result of a run, with these metrics of waves now and before training.
    pub(super) fn result(&self, name: &str, data: &str, seed: u64, metrics: Value, before: Value) {
        let run_dir = self.root().join(name);
        write_json(&run_dir.join("run.json"), &record(seed));
        write_json(
            &run_dir.join("result.json"),
            &json!({"format": 1, "task": "variational", "model": "nwm_2d", "data": data,
                "split": "test", "preset": "quick", "seed": seed, "commit": "c0ffee",
                "device": "cpu", "parameters": 10, "sequences": 4,
                "checkpoint": {"step": 1000, "configured": true, "sha256": "ab"}, "steps": 1000,
                "trained_steps": 1000, "seconds": 61.5, "metrics": metrics,
                "references": {"untrained": before}}),
        );
        fs::write(run_dir.join("report.html"), "a page").unwrap();
    }

    /// Writes the summary of a product.
    pub(super) fn product(&self, name: &str, product: &str, mut summary: Value) {
        summary["format"] = json!(1);
        write_json(
            &self.root().join("products").join(name).join(product).join("summary.json"),
            &summary,
        );
    }

    /// Writes a file of a product.
    pub(super) fn file(&self, name: &str, product: &str, file: &str, content: &str) {
        fs::write(self.root().join("products").join(name).join(product).join(file), content)
            .unwrap();
    }

    /// Writes hidden states: a plane wave of 1/9 cycles per step that goes to the right, and its pictures.
    pub(super) fn states(&self, name: &str) {
        let mut position = Vec::new();
        for step in 0..STEPS {
            for site in 0..SIDE * SIDE {
                let turns = step as f32 / 9.0 - (site % SIDE) as f32 / SIDE as f32;
                position.push((std::f32::consts::TAU * turns).cos());
            }
        }
        let layouts = vec![
            ArrayLayout::new(
                "predictions",
                &["trajectory", "time", "row", "column", "channel"],
                &[1, STEPS, 2, 2, 1],
                Element::F32,
            ),
            ArrayLayout::new(
                "position",
                &["recording", "time", "row", "column"],
                &[1, STEPS, SIDE, SIDE],
                Element::F32,
            ),
            ArrayLayout::new("frame_index", &["time"], &[STEPS], Element::U32),
        ];
        let path = self.root().join("products").join(name).join("states.h5");
        let numbers: Vec<u32> = (1..).take(STEPS).collect();
        arrays::write(&path, "unrolled", &"a test", layouts, |file| {
            file.append("predictions", &[0.5_f32; STEPS * 4])?;
            file.append("position", &position)?;
            file.append("frame_index", &numbers)
        })
        .unwrap();
    }

    pub(super) fn collect(&self) -> Result<Figure> {
        Figure::collect(&FigurePlan::read(&self.path)?, &no_untrained)
    }
}

/// Metrics of a wave in `result.json`.
pub(super) fn waves(travel_index: f64, pgd: f64, p: f64) -> Value {
    json!({
        "waves_travel_index": travel_index, "waves_travel_index_null": 0.5, "waves_travel_index_z": 9.0,
        "waves_travel_index_p": p, "waves_pgd": pgd, "waves_pgd_null": 0.03, "waves_pgd_p": p,
        "waves_mode_share": 0.1, "waves_mode_share_null": 0.004, "waves_mode_share_p": p,
        "waves_phase_speed": 0.75,
    })
}

/// The summary of `nwm waves` of a recording that goes this way.
pub(super) fn wave_summary(
    coherence: [f64; 2],
    travel: [f64; 3],
    direction: f64,
    length: f64,
) -> Value {
    json!({
        "input": {"band": [0.08, 0.2], "grid": "torus"},
        "summary": {"local_coherence": coherence[0], "travel_index": travel[0],
            "direction": direction, "direction_resultant": 0.9, "wavelength": length, "speed": 0.7},
        "surrogates": {"local_coherence": {"p_value": coherence[1], "mean": 0.0},
            "travel_index": {"p_value": travel[1], "z_score": travel[2], "mean": 0.5}},
    })
}

/// The check of a run whose name begins so.
pub(super) fn check<'a>(figure: &'a Figure, name: &str, run: &str) -> &'a Check {
    let found = figure
        .checks
        .iter()
        .find(|check| check.name.starts_with(name) && check.run.as_deref().unwrap_or("all") == run);
    found.unwrap_or_else(|| panic!("no check {name} of {run}"))
}
