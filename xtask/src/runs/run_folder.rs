//! How far a run has come, told from its folder.

use std::path::Path;

use serde::Deserialize;

/// Version of result.json and run.json that is understood.
const FORMAT: u32 = 1;

/// The state of one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunState {
    /// The training has ended, and result.json is there, readable and about the run as it is.
    Done {
        /// Time that the training took, if the file says so.
        seconds: Option<f64>,
        /// The commit that made it.
        commit: String,
        /// Whether report.html is there as well.
        reported: bool,
    },
    /// Not started, or interrupted.
    Pending {
        /// Seconds already spent on training, if any.
        spent: f64,
    },
    /// Trained, but not evaluated.
    Trained,
    /// result.json is there but cannot be used, for this reason; it will be made again.
    Unusable { reason: String },
}

impl RunState {
    /// Whether the number of this run exists.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}

/// The part of result.json that is used.
#[derive(Deserialize)]
struct RunResult {
    format: u32,
    trained_steps: Option<u64>,
    checkpoint: Option<EvaluatedCheckpoint>,
    seconds: Option<f64>,
    #[serde(default)]
    commit: String,
}

#[derive(Deserialize)]
struct EvaluatedCheckpoint {
    configured: Option<bool>,
}

impl RunResult {
    /// Why this is not about the run after all its steps.
    fn problem(&self, record: &RunRecord) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format: found {}, expected {FORMAT}", self.format));
        }
        if self.trained_steps != record.steps {
            let text = |steps: Option<u64>| steps.map_or("none".to_owned(), |it| it.to_string());
            let (found, expected) = (text(self.trained_steps), text(record.steps));
            return Some(format!("trained_steps: found {found}, expected {expected}"));
        }
        None
    }

    /// Whether it is about another checkpoint than eval.checkpoint asks for: one that was named, or
    /// an older one since the last is damaged.
    fn is_of_another_checkpoint(&self) -> bool {
        self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.configured == Some(false))
    }
}

/// The part of run.json that is used.
#[derive(Deserialize)]
struct RunRecord {
    format: u32,
    status: String,
    steps: Option<u64>,
    seconds: Option<f64>,
}

/// Looks into a run folder, which need not exist.
///
/// A result counts only if run.json says that the training has ended, after as many steps as when
/// it was evaluated: somebody may have evaluated an unfinished run or an older checkpoint to see
/// how it goes, or trained on since.
pub(crate) fn state(run_dir: &Path) -> RunState {
    let record = match run_record(run_dir) {
        Some(record) if record.status == "done" => record,
        record => {
            let spent = record.and_then(|record| record.seconds).unwrap_or(0.0);
            return RunState::Pending { spent };
        }
    };
    let text = match std::fs::read_to_string(run_dir.join("result.json")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return RunState::Trained,
        Err(error) => return RunState::Unusable { reason: error.to_string() },
    };
    match serde_json::from_str::<RunResult>(&text) {
        Ok(result) => match result.problem(&record) {
            Some(reason) => RunState::Unusable { reason },
            // If there is nothing left to train, that is found at once.
            None if result.is_of_another_checkpoint() => {
                RunState::Pending { spent: record.seconds.unwrap_or(0.0) }
            }
            None => RunState::Done {
                seconds: result.seconds,
                commit: result.commit,
                reported: run_dir.join("report.html").is_file(),
            },
        },
        Err(error) => RunState::Unusable { reason: error.to_string() },
    }
}

/// run.json, if it is there and understood. Otherwise `nwm train` is asked, which says what is
/// wrong with it.
fn run_record(run_dir: &Path) -> Option<RunRecord> {
    let text = std::fs::read_to_string(run_dir.join("run.json")).ok()?;
    let record: RunRecord = serde_json::from_str(&text).ok()?;
    (record.format == FORMAT).then_some(record)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{RunState, state};
    use crate::runs::fixtures;

    #[test]
    fn an_absent_folder_is_pending() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(state(&folder.path().join("none")), RunState::Pending { spent: 0.0 });
    }

    fn write_run_json(folder: &Path, status: &str) {
        let text = format!(r#"{{"format":1,"status":"{status}","seconds":42.5}}"#);
        std::fs::write(folder.join("run.json"), text).unwrap();
    }

    fn write_result(folder: &Path) {
        let result = fixtures::result_json("mass_spring", "ar", 0);
        std::fs::write(folder.join("result.json"), result).unwrap();
    }

    #[test]
    fn an_interrupted_run_knows_the_time_spent() {
        let folder = tempfile::tempdir().unwrap();
        write_run_json(folder.path(), "interrupted");
        assert_eq!(state(folder.path()), RunState::Pending { spent: 42.5 });
    }

    #[test]
    fn an_early_evaluation_does_not_finish_a_run() {
        let folder = tempfile::tempdir().unwrap();
        write_result(folder.path());
        assert_eq!(state(folder.path()), RunState::Pending { spent: 0.0 });
        write_run_json(folder.path(), "running");
        assert_eq!(state(folder.path()), RunState::Pending { spent: 42.5 });
    }

    #[test]
    fn a_trained_run_without_result_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        write_run_json(folder.path(), "done");
        assert_eq!(state(folder.path()), RunState::Trained);
    }

    #[test]
    fn a_result_is_done_with_or_without_its_report() {
        let folder = tempfile::tempdir().unwrap();
        write_run_json(folder.path(), "done");
        write_result(folder.path());
        let done = |reported| RunState::Done {
            seconds: Some(120.0),
            commit: "c0ffee".to_owned(),
            reported,
        };
        assert_eq!(state(folder.path()), done(false));
        std::fs::write(folder.path().join("report.html"), "").unwrap();
        assert_eq!(state(folder.path()), done(true));
    }

    #[test]
    fn a_result_of_another_checkpoint_or_a_shorter_training_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let run = r#"{"format":1,"status":"done","steps":1000}"#;
        std::fs::write(folder.path().join("run.json"), run).unwrap();
        for (steps, configured, done) in
            [(900, true, false), (1000, true, true), (1000, false, false)]
        {
            let pending = RunState::Pending { spent: 0.0 };
            // The best checkpoint may be an early one.
            let result = format!(
                r#"{{"format":1,"steps":300,"trained_steps":{steps},"checkpoint":{{"configured":{configured}}}}}"#
            );
            std::fs::write(folder.path().join("result.json"), result).unwrap();
            let found = state(folder.path());
            assert_eq!(found.is_done(), done, "{steps} {configured}");
            // Training may have to be repeated from the checkpoint that was scored.
            assert_eq!(found == pending, !configured, "{steps} {configured}");
        }
    }

    #[test]
    fn a_truncated_or_newer_result_is_not_done() {
        let folder = tempfile::tempdir().unwrap();
        write_run_json(folder.path(), "done");
        for text in ["", "{\"format\":1,", "{\"format\":2}"] {
            std::fs::write(folder.path().join("result.json"), text).unwrap();
            assert!(matches!(state(folder.path()), RunState::Unusable { .. }), "{text:?}");
        }
    }
}
