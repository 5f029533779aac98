//! Small run folders and plans for tests.

use std::{fs, path::Path, sync::Arc};

use nwm_data::{DatasetSpec, RenderedTrajectories, Split, System};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::forecast::ForecastSamples;

/// The key that the tables of these tests show.
pub(super) const METRIC: &str = "forward_extrapolation_l2_norm";

pub(super) fn write_json(path: &Path, value: &Value) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, value.to_string()).unwrap();
}

fn metrics(extrapolation_l2_norm: Value) -> Value {
    json!({
        "forward_train_l2": 1e-6, "forward_train_l2_norm": 0.25e-8,
        "forward_extrapolation_l2": 2e-6, METRIC: extrapolation_l2_norm,
        "forward_full_l2": 1.5e-6, "forward_full_l2_norm": 0.5e-8,
    })
}

/// `result.json` of a model on the spring with the given extrapolation error, as earlier versions
/// wrote it: without errors by trajectory.
pub(super) fn result(model: &str, seed: u64, value: Value) -> Value {
    json!({
            "format": 1, "model": model, "data": "mass_spring", "split": "test", "preset": "quick",
            "seed": seed, "commit": "c0ffee00c0ffee00", "device": "cpu", "parameters": 12345,
            "trajectories": 10, "checkpoint": {"step": 900, "sha256": "ab".repeat(32)}, "steps": 1000,
            "seconds": 61.5, "inference_steps": 3, "horizon": "as_published", "unit": 1e-8,
            "slices": {"train": [1, 3], "extrapolation": [3, 5], "full": [1, 5]},
            "metrics": metrics(value),
            "references": {"mean_image": metrics(json!(8e-8)), "last_frame": metrics(json!(16e-8))},
            "per_step": {"first_frame": 1, "l2": [1e-6, 1e-6, 2e-6, null],
                "l2_norm": [1e-9, 1e-9, 2e-9, null],
                "mean_image_l2_norm": [8e-8, 8e-8, 8e-8, 8e-8],
                "last_frame_l2_norm": [1e-9, 8e-8, 16e-8, 16e-8]},
    })
}

/// The `run.json` of a finished run.
pub(super) fn record(seed: u64) -> Value {
    json!({
        "format": 1, "commit": "c0ffee00c0ffee00-dirty", "version": "0.1.0", "features": [],
        "device": "cpu", "threads": 2, "seed": seed, "preset": "quick",
        "command": ["nwm", "train", "--preset", "quick"], "started": "2026-01-01T00:00:00Z",
        "ended": null, "status": "done", "steps": 1000, "seconds": 61.5,
    })
}

/// A finished run of nwm_1d on the spring, with the given extrapolation error.
pub(super) fn write_run(run_dir: &Path, seed: u64, value: Value) {
    write_json(&run_dir.join("result.json"), &result("nwm_1d", seed, value));
    write_json(&run_dir.join("run.json"), &record(seed));
    fs::write(
        run_dir.join("metrics.csv"),
        "step,epoch,seconds,loss,mse,gradient_norm,learning_rate,dt,gamma,alpha\n\
         1,0,0.1,0.5,0.4,1,0.001,,,\n2,0,0.2,0.25,0.2,1,0.001,,,\n",
    )
    .unwrap();
    fs::write(run_dir.join("resolved.toml"), "[model]\nname = \"nwm_1d\" # <given>\n").unwrap();
}

/// A plan of two rows and two columns: spring/nwm_1d has the seeds given, pendulum/nwm_1d has one
/// planned run without result, and the cells of ar are not planned.
pub(super) fn write_plan(plan_dir: &Path, seeds: &[u64], reduced: bool) {
    let mut runs: Vec<Value> = seeds
        .iter()
        .map(|seed| {
            json!({"row": "spring", "column": "nwm_1d", "seed": seed,
            "run_dir": format!("spring-nwm_1d-seed{seed}")})
        })
        .collect();
    runs.push(json!({"row": "pendulum", "column": "nwm_1d", "seed": 0, "run_dir": "absent"}));
    write_json(
        &plan_dir.join("plan.json"),
        &json!({
            "format": 1, "table": "table1", "preset": "quick", "reduced": reduced, "commit": "c0ffee",
            "rows": ["spring", "pendulum"], "columns": ["ar", "nwm_1d"], "unit": 1e-8,
            "metric": METRIC, "published": {"spring": {"ar": 20.97, "nwm_1d": 1.45}}, "runs": runs,
        }),
    );
}

/// A plan whose spring/nwm_1d has results 1, 2 and 6 (in units of 1e-8).
pub(super) fn three_seeds() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_plan(folder.path(), &[2, 0, 1], true);
    for (seed, value) in [(0, 1e-8), (1, 2e-8), (2, 6e-8)] {
        write_run(&folder.path().join(format!("spring-nwm_1d-seed{seed}")), seed, json!(value));
    }
    folder
}

/// One trajectory of 2 by 2 frames; the lower left pixel (row 0) counts the frames, and the
/// prediction is 10 too dark there.
pub(super) fn tiny_samples(frames: usize) -> ForecastSamples {
    let trajectory = |level: u8| {
        (0..frames)
            .flat_map(|time| {
                let mut bytes = [80; 12];
                bytes[0] = level + time as u8;
                bytes
            })
            .collect::<Vec<u8>>()
    };
    ForecastSamples {
        frames,
        rows: 2,
        columns: 2,
        first_frame: 1,
        inference_steps: 3,
        truth: vec![trajectory(110)],
        prediction: vec![trajectory(100)],
        states: None,
    }
}

/// Perfect forecasts of trajectories of a system's test set, one each, and their exact energies.
pub(super) fn true_movies(
    system: System,
    trajectories: usize,
    frames: usize,
) -> Vec<(ForecastSamples, f64)> {
    let spec = DatasetSpec { frames, ..DatasetSpec::new(system, Split::Test, trajectories) };
    let set = Arc::new(nwm_data::generate(&spec).unwrap());
    let size = frames * 32 * 32 * 3;
    let mut movies = vec![0_u8; trajectories * size];
    let rendered = RenderedTrajectories::new(Arc::clone(&set));
    rendered.draw(0..trajectories, &mut movies).unwrap();
    movies
        .chunks(size)
        .enumerate()
        .map(|(trajectory, movie)| {
            let samples = ForecastSamples {
                frames,
                rows: 32,
                columns: 32,
                first_frame: 0,
                inference_steps: 5,
                truth: vec![movie.to_vec()],
                prediction: vec![movie.to_vec()],
                states: None,
            };
            (samples, set.invariant(trajectory, 0).unwrap())
        })
        .collect()
}
