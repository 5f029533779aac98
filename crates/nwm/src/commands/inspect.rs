//! `nwm inspect`.

use std::path::Path;

use anyhow::{Context as _, bail};
use nwm_data::{arrays, store};
use nwm_models::{
    Checkpoint, Model, ModelConfig, STATE_FILE, SequenceModel, VariationalModel,
    checkpoint_directory, checkpoint_steps,
};
use nwm_train::{ForecastSamples, OPTIMIZER_FILE, SAMPLES_FILE, read_metrics, read_run_record};
use serde_json::{Value, json};

use crate::exit::Ending;
use crate::flags::InspectArguments;
use crate::terminal::Terminal;

/// Describes a file or folder; damage is a result outside its tolerance.
pub(crate) fn run(arguments: &InspectArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let path = &arguments.path;
    let description =
        describe(path).with_context(|| format!("failed to inspect {}", path.display()))?;
    terminal.result(&description, &serde_json::to_string_pretty(&description)?);
    Ok(match description["intact"] {
        Value::Bool(true) => Ending::Done,
        _ => Ending::OutsideTolerance,
    })
}

fn describe(path: &Path) -> anyhow::Result<Value> {
    if path.is_dir() {
        return if path.join(STATE_FILE).is_file() {
            Ok(describe_checkpoint(path))
        } else if path.join("run.json").is_file() {
            describe_run(path)
        } else {
            bail!(
                "found a folder without {STATE_FILE} or run.json, expected a checkpoint or a run folder"
            )
        };
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match (name, extension) {
        (_, "h5" | "hdf5") => describe_arrays(path),
        // These two mean nothing without the rest of their checkpoint, which knows their digests.
        (STATE_FILE | OPTIMIZER_FILE, _) if path.is_file() => {
            Ok(describe_checkpoint(path.parent().unwrap_or(Path::new("."))))
        }
        (SAMPLES_FILE, _) => {
            let samples = ForecastSamples::read(path)?;
            Ok(json!({
                "format": 1, "kind": "forecast samples", "intact": true, "task": samples.task,
                "trajectories": samples.count, "frames": samples.frames, "frame": samples.shape,
            }))
        }
        (_, "safetensors") => {
            let (model, parameters) = describe_model(path)?;
            Ok(json!({
                "format": 1, "kind": "model", "intact": true, "model": model,
                "parameters": parameters,
            }))
        }
        (_, "csv") => {
            let rows = read_metrics(path)?;
            Ok(
                json!({"format": 1, "kind": "metrics", "intact": true, "rows": rows.len(), "last": rows.last()}),
            )
        }
        (_, "json") => {
            let text = std::fs::read_to_string(path)?;
            let content: Value =
                serde_json::from_str(&text).context("the file is damaged or not JSON")?;
            Ok(json!({"format": 1, "kind": "record", "intact": true, "content": content}))
        }
        _ => bail!(
            "found {name:?}, expected a file that nwm wrote: .h5, .safetensors, .json, metrics.csv, or a folder"
        ),
    }
}

/// The configuration of the model in a parameter file, whatever its task is, and how many numbers it has.
fn describe_model(path: &Path) -> anyhow::Result<(ModelConfig, usize)> {
    if let Ok(model) = SequenceModel::load(path) {
        return Ok((model.config().clone(), model.parameters().count()));
    }
    if let Ok(model) = VariationalModel::load(path) {
        return Ok((model.config().clone(), model.parameters().count()));
    }
    // The most common kind speaks for what is none of them.
    let model = Model::load(path)?;
    Ok((model.config().clone(), model.parameters().count()))
}

/// A data set, or a file of another kind.
fn describe_arrays(path: &Path) -> anyhow::Result<Value> {
    let (kind, integrity, content) = match arrays::kind_of(path)? {
        Some(kind) => {
            let summary = arrays::inspect(path)?;
            (kind.replace('_', " "), summary.integrity, serde_json::to_value(summary)?)
        }
        None => {
            let summary = store::inspect(path)?;
            ("data set".to_owned(), summary.integrity, serde_json::to_value(summary)?)
        }
    };
    let intact = integrity == arrays::Integrity::Intact;
    Ok(json!({"format": 1, "kind": kind, "intact": intact, "content": content}))
}

fn describe_checkpoint(path: &Path) -> Value {
    match Checkpoint::open(path) {
        Ok(checkpoint) => json!({
            "format": 1, "kind": "checkpoint", "intact": true, "step": checkpoint.step(),
            "state": serde_json::from_str::<Value>(checkpoint.state()).unwrap_or_default(),
        }),
        Err(error) => json!({
            "format": 1, "kind": "checkpoint", "intact": false, "problem": error.to_string(),
        }),
    }
}

fn describe_run(path: &Path) -> anyhow::Result<Value> {
    let record = read_run_record(path)?;
    let checkpoints: Vec<Value> = checkpoint_steps(path)?
        .into_iter()
        .map(|step| describe_checkpoint(&checkpoint_directory(path, step)))
        .collect();
    let intact = checkpoints.iter().all(|checkpoint| checkpoint["intact"] == true);
    Ok(json!({
        "format": 1, "kind": "run", "intact": intact, "run": record, "checkpoints": checkpoints,
    }))
}
