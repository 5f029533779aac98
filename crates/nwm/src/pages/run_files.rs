//! The files of a run folder that pages are made from.
//!
//! They are read by names, not through the types that write them: a page must also show a run that
//! diverged (errors are null), one that was killed, and files with keys and columns of later
//! versions.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};

/// The one version of our JSON files that this program reads.
const FORMAT: u64 = 1;

/// `run.json`: what ran, where, and how it ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RunRecord {
    pub(super) commit: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) features: Vec<String>,
    pub(super) device: String,
    /// The name of the GPU, if the device is one; older records do not say.
    #[serde(default)]
    pub(super) gpu: Option<String>,
    pub(super) threads: usize,
    pub(super) seed: u64,
    pub(super) preset: Option<String>,
    /// Whether every setting is the published one; older records do not say.
    #[serde(default)]
    pub(super) published: bool,
    pub(super) command: Vec<String>,
    pub(super) started: String,
    pub(super) ended: Option<String>,
    pub(super) status: String,
    pub(super) steps: u64,
    pub(super) seconds: f64,
}

impl RunRecord {
    /// The device with the name that a GPU has: `cuda:0 (NVIDIA H200)`.
    pub(super) fn device_text(&self) -> String {
        match &self.gpu {
            Some(gpu) => format!("{} ({gpu})", self.device),
            None => self.device.clone(),
        }
    }
}

/// Errors by key, such as `forward_extrapolation_l2_norm`; null where not finite.
pub(super) type Metrics = BTreeMap<String, Option<f64>>;

/// What runs learnt when results did not say it.
fn forecast() -> String {
    "forecast".to_owned()
}

/// The unit of scores that have none.
fn one() -> f64 {
    1.0
}

/// `result.json`: errors of one checkpoint on one split. What a task does not have is empty.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Evaluation {
    /// `forecast`, `sequence` or `variational`; older results do not say.
    #[serde(default = "forecast")]
    pub(super) task: String,
    pub(super) model: String,
    pub(super) data: String,
    /// Time between frames; older results do not say.
    #[serde(default)]
    pub(super) dt: Option<f64>,
    pub(super) split: String,
    pub(super) preset: Option<String>,
    pub(super) seed: u64,
    pub(super) commit: String,
    pub(super) device: String,
    pub(super) parameters: u64,
    /// Trajectories, films or sequences.
    #[serde(alias = "sequences")]
    pub(super) trajectories: u64,
    pub(super) checkpoint: CheckpointName,
    /// Training steps of the whole run; older results do not say.
    #[serde(default)]
    pub(super) trained_steps: Option<u64>,
    /// Training steps taken and the seconds they took.
    pub(super) steps: u64,
    pub(super) seconds: f64,
    /// Frames the model sees before it must forecast.
    #[serde(default)]
    pub(super) inference_steps: usize,
    #[serde(default)]
    pub(super) horizon: String,
    /// The unit in which `l2_norm` is printed, such as 1e-8.
    #[serde(default = "one")]
    pub(super) unit: f64,
    /// Frames of each slice, first and one past the last.
    #[serde(default)]
    pub(super) slices: BTreeMap<String, [usize; 2]>,
    pub(super) metrics: Metrics,
    /// The same metrics of predictors that know no dynamics.
    #[serde(default)]
    pub(super) references: BTreeMap<String, Metrics>,
    #[serde(default)]
    pub(super) per_step: PerStep,
    /// Errors of every test trajectory, in their order, by key; older results have none.
    #[serde(default)]
    pub(super) per_trajectory: BTreeMap<String, Vec<Option<f64>>>,
    pub(super) valid_time: Option<ValidTime>,
    pub(super) symplecticity: Option<Symplecticity>,
    /// 95 % intervals of metrics; of sequences alone.
    #[serde(default)]
    pub(super) intervals: Intervals,
    /// How often a class (row) was answered with a class (column).
    pub(super) confusion: Option<Vec<Vec<u64>>>,
    pub(super) rules: Option<Rules>,
    /// How the waves of a variational model were measured.
    pub(super) waves: Option<WaveMeasurement>,
}

/// 95 % intervals by the key of their metric.
pub(super) type Intervals = BTreeMap<String, [f64; 2]>;

/// Scores at the checkpoints that published numbers are about.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Rules {
    pub(super) last: Option<RuleScores>,
    pub(super) best: Option<RuleScores>,
}

/// Scores at one checkpoint.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RuleScores {
    pub(super) checkpoint: CheckpointName,
    pub(super) metrics: Metrics,
    pub(super) intervals: Intervals,
}

/// How waves were measured.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WaveMeasurement {
    pub(super) sequences: usize,
    pub(super) skipped_frames: usize,
    pub(super) frames: usize,
    pub(super) band: [f64; 2],
    pub(super) surrogates: usize,
}

/// The checkpoint that was evaluated.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckpointName {
    pub(super) step: u64,
    pub(super) sha256: String,
    /// Whether it is the one that the run's configuration asks for; older results do not say.
    #[serde(default)]
    pub(super) configured: Option<bool>,
}

impl Evaluation {
    /// Whether this is the result of the run as it ended, and not that of an earlier checkpoint that somebody looked at.
    pub(super) fn is_final(&self, record: &RunRecord) -> bool {
        record.status == "done"
            && self.trained_steps.is_none_or(|steps| steps == record.steps)
            && self.checkpoint.configured != Some(false)
    }
}

/// For how many frames after the training window forecasts stay valid.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct ValidTime {
    pub(super) frames: Option<f64>,
    /// In terms of `longest`.
    pub(super) relative: Option<f64>,
    /// The frames that there are after the training window.
    pub(super) longest: u64,
}

/// Whether latent states are canonical coordinates of the true ones.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Symplecticity {
    /// Share of the groups of trajectories in which they are.
    pub(super) symetric: Option<f64>,
    pub(super) sym: Option<f64>,
    pub(super) r_squared: Option<f64>,
}

/// Mean error of every predicted frame, of the model and of the reference predictors.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct PerStep {
    /// Index of the first predicted frame in its window.
    pub(super) first_frame: usize,
    pub(super) l2_norm: Vec<Option<f64>>,
    #[serde(default)]
    pub(super) mean_image_l2_norm: Vec<Option<f64>>,
    #[serde(default)]
    pub(super) last_frame_l2_norm: Vec<Option<f64>>,
}

impl RunRecord {
    /// Reads `run.json`, which every run folder has.
    pub(super) fn read(run_dir: &Path) -> Result<Self> {
        let path = run_dir.join("run.json");
        read_json(&path)?.with_context(|| {
            format!("read {}: not found; expected a run folder made by nwm train", path.display())
        })
    }
}

impl Evaluation {
    /// Reads `result.json`; `None` when the run has not been evaluated.
    pub(super) fn read(run_dir: &Path) -> Result<Option<Self>> {
        read_json(&run_dir.join("result.json"))
    }

    /// A metric of this model; an error that names the keys there are when it is absent.
    pub(super) fn metric(&self, key: &str, run_dir: &Path) -> Result<Option<f64>> {
        self.metrics.get(key).copied().with_context(|| {
            let found = self.metrics.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!(
                "read {}: metrics: found {found}, expected {key}; run nwm eval again",
                run_dir.join("result.json").display()
            )
        })
    }
}

/// The resolved configuration as text; `None` when there is none.
pub(super) fn read_resolved_config(run_dir: &Path) -> Result<Option<String>> {
    read_text(&run_dir.join("resolved.toml"))
}

/// A versioned JSON file; `None` when it does not exist.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u64,
    }

    let Some(text) = read_text(path)? else { return Ok(None) };
    let broken = || {
        format!("read {}: broken; delete the file and run again to regenerate it", path.display())
    };
    let Versioned { format } = serde_json::from_str(&text).with_context(broken)?;
    if format != FORMAT {
        bail!(
            "read {}: found format {format}, expected {FORMAT}; \
             it was written by another version of nwm",
            path.display()
        );
    }
    serde_json::from_str(&text).with_context(broken).map(Some)
}

/// A text file; `None` when it does not exist.
pub(super) fn read_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_other_tasks_are_read() {
        let text = r#"{"format":1,"task":"sequence","model":"cornn","data":"smnist","split":"test","preset":null,
            "seed":0,"commit":"c","device":"cpu","parameters":9,"checkpoint":{"step":4,"configured":true,
            "sha256":"ab"},"steps":4,"trained_steps":4,"seconds":1.0,"sequences":20,
            "metrics":{"accuracy":0.9,"loss":0.3},"intervals":{"accuracy":[0.7,0.95]},"confusion":[[1]],
            "rules":{"last":null,"best":null},"per_trajectory":{"accuracy":[1.0]}}"#;
        let result: Evaluation = serde_json::from_str(text).unwrap();
        assert_eq!((result.trajectories, result.unit), (20, 1.0));
        assert_eq!(result.metric("accuracy", Path::new("run")).unwrap(), Some(0.9));
        assert_eq!(result.per_trajectory["accuracy"], [Some(1.0)]);
    }

    #[test]
    fn json_files_name_path_format_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        assert!(read_json::<RunRecord>(&path).unwrap().is_none());
        let error = RunRecord::read(folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("not found; expected a run folder"), "{error:#}");

        for (text, expected) in [
            ("{\"format\":1,", "broken; delete the file and run again to regenerate it: EOF"),
            ("{\"format\":2}", "found format 2, expected 1"),
            ("{\"format\":1}", "missing field `commit`"),
            ("[]", "broken"),
        ] {
            fs::write(&path, text).unwrap();
            let message = format!("{:#}", RunRecord::read(folder.path()).unwrap_err());
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("run.json"), "{message}");
        }
    }
}
