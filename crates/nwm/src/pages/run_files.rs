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

/// Errors by key, such as `forward_extrapolation_l2_norm`; null where not finite.
pub(super) type Metrics = BTreeMap<String, Option<f64>>;

/// `result.json`: errors of one checkpoint on one split.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Evaluation {
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
    pub(super) trajectories: u64,
    pub(super) checkpoint: CheckpointName,
    /// Training steps of the whole run; older results do not say.
    #[serde(default)]
    pub(super) trained_steps: Option<u64>,
    /// Training steps taken and the seconds they took.
    pub(super) steps: u64,
    pub(super) seconds: f64,
    /// Frames the model sees before it must forecast.
    pub(super) inference_steps: usize,
    pub(super) horizon: String,
    /// The unit in which `l2_norm` is printed, such as 1e-8.
    pub(super) unit: f64,
    /// Frames of each slice, first and one past the last.
    pub(super) slices: BTreeMap<String, [usize; 2]>,
    pub(super) metrics: Metrics,
    /// The same metrics of predictors that know no dynamics.
    pub(super) references: BTreeMap<String, Metrics>,
    pub(super) per_step: PerStep,
    /// Errors of every test trajectory, in their order, by key; older results have none.
    #[serde(default)]
    pub(super) per_trajectory: BTreeMap<String, Vec<Option<f64>>>,
    pub(super) valid_time: Option<ValidTime>,
    pub(super) symplecticity: Option<Symplecticity>,
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
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PerStep {
    /// Index of the first predicted frame in its window.
    pub(super) first_frame: usize,
    pub(super) l2_norm: Vec<Option<f64>>,
    #[serde(default)]
    pub(super) mean_image_l2_norm: Vec<Option<f64>>,
    #[serde(default)]
    pub(super) last_frame_l2_norm: Vec<Option<f64>>,
}

/// The columns of `metrics.csv` that are drawn; empty fields are NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrainingCurve {
    pub(super) step: Vec<f64>,
    pub(super) loss: Vec<f64>,
    pub(super) mse: Vec<f64>,
    /// Metrics of the hidden state's waves, in the order of their columns; runs of models without a sheet have none.
    pub(super) waves: Vec<WaveCurve>,
}

/// One metric of the hidden state's waves and its mean in recordings without waves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WaveCurve {
    /// The column without `waves_`.
    pub(super) name: String,
    pub(super) value: Vec<f64>,
    pub(super) null: Vec<f64>,
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

impl TrainingCurve {
    /// Reads `metrics.csv`; `None` when there is none, or none with a line yet. A last line that a
    /// killed process left half-written is ignored.
    pub(super) fn read(run_dir: &Path) -> Result<Option<Self>> {
        let path = run_dir.join("metrics.csv");
        match read_text(&path)? {
            Some(text) if text.contains('\n') => {
                Self::parse(&text).with_context(|| format!("read {}", path.display())).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut reader = csv::Reader::from_reader(complete.as_bytes());
        let header = reader.headers()?.clone();
        let place = |name: &str| {
            header.iter().position(|column| column == name).with_context(|| {
                format!("found columns {:?}, expected {name}", header.iter().collect::<Vec<_>>())
            })
        };
        let mut places = vec![place("step")?, place("loss")?, place("mse")?];
        // Each metric that has a mean without waves.
        let waves: Vec<String> = header
            .iter()
            .filter_map(|column| column.strip_prefix("waves_")?.strip_suffix("_null"))
            .map(str::to_owned)
            .collect();
        for name in &waves {
            places
                .extend([place(&format!("waves_{name}"))?, place(&format!("waves_{name}_null"))?]);
        }
        let mut columns = vec![Vec::new(); places.len()];
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            for (column, place) in columns.iter_mut().zip(&places) {
                let field = record.get(*place).unwrap_or_default();
                let value = match field {
                    "" => f64::NAN,
                    _ => field.parse().with_context(|| {
                        format!("line {line}: found {field:?}, expected a number")
                    })?,
                };
                column.push(value);
            }
        }
        let mut columns = columns.into_iter();
        let mut next = || columns.next().unwrap_or_default();
        let (step, loss, mse) = (next(), next(), next());
        let waves =
            waves.into_iter().map(|name| WaveCurve { name, value: next(), null: next() }).collect();
        Ok(Self { step, loss, mse, waves })
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
fn read_text(path: &Path) -> Result<Option<String>> {
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
    fn curves_tolerate_more_columns_and_a_half_written_end() {
        let text =
            "step,epoch,loss,seconds,mse,synchrony\n1,0,0.5,1.0,0.4,\n2,0,,2.0,0.3,0.9\n3,0,0.";
        let curve = TrainingCurve::parse(text).unwrap();
        assert_eq!(curve.step, [1.0, 2.0]);
        assert_eq!(curve.mse, [0.4, 0.3]);
        assert!(curve.loss[0] == 0.5 && curve.loss[1].is_nan());
        assert!(curve.waves.is_empty());
    }

    #[test]
    fn curves_have_the_waves_that_have_a_mean_without_waves() {
        let text = "step,loss,mse,waves_pgd,waves_pgd_null,waves_pgd_p,waves_shift\n\
                    1,0.5,0.4,,,,\n2,0.4,0.3,0.25,0.125,0.05,3\n";
        let curve = TrainingCurve::parse(text).unwrap();
        assert_eq!(curve.waves.len(), 1);
        let WaveCurve { name, value, null } = &curve.waves[0];
        assert_eq!((name.as_str(), value[1], null[1]), ("pgd", 0.25, 0.125));
        assert!(value[0].is_nan() && null[0].is_nan());
        let error = TrainingCurve::parse("step,loss,mse,waves_pgd_null\n").unwrap_err();
        assert!(format!("{error:#}").contains("expected waves_pgd"), "{error:#}");
    }

    #[test]
    fn curves_name_the_bad_line() {
        let error = TrainingCurve::parse("step,loss,mse\n1,0.5,0.4\n2,high,0.3\n").unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("line 3: found \"high\", expected a number"), "{message}");
        let error = TrainingCurve::parse("step,loss\n1,0.5\n").unwrap_err();
        assert!(format!("{error:#}").contains("expected mse"), "{error:#}");
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
