//! `metrics.csv`: one row every `train.log_every` steps, appended and flushed.

use std::fs::File;
use std::path::{Path, PathBuf};

use nwm_data::atomic::write_atomically;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Name of the file in a run folder.
pub const METRICS_FILE: &str = "metrics.csv";

/// One row of `metrics.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsRow {
    /// Optimiser steps taken.
    pub step: u64,
    /// Passes over the training trajectories.
    pub epoch: f64,
    /// Seconds of training, over all starts.
    pub seconds: f64,
    /// Training loss of this step's batch.
    pub loss: f64,
    /// Its mean squared error.
    pub mse: f64,
    /// Divergence of the posterior from the prior in nats; empty for models without a posterior.
    #[serde(default)]
    pub divergence: Option<f64>,
    /// Euclidean norm of all gradients.
    pub gradient_norm: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Effective time step of the cell; empty for models without one.
    pub dt: Option<f64>,
    /// Effective restoring coefficient.
    pub gamma: Option<f64>,
    /// Effective damping coefficient.
    pub alpha: Option<f64>,
    /// Forecast error on the validation trajectories, as `forward_extrapolation_l2_norm`; empty where it was not taken.
    #[serde(default)]
    pub validation: Option<f64>,
}

/// The open file.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl MetricsLog {
    /// Opens the log, dropping rows after `step`: those a resumed run will write again.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read or written.
    pub fn open(run_directory: &Path, step: u64) -> Result<Self> {
        let path = run_directory.join(METRICS_FILE);
        let content = if path.is_file() {
            std::fs::read(&path).map_err(Error::io(&path))?
        } else {
            Vec::new()
        };
        // A row that a crash has damaged must not keep a run from going on.
        let mut rows: Vec<MetricsRow> =
            complete_rows(&content).into_iter().filter_map(std::result::Result::ok).collect();
        rows.retain(|row| row.step <= step);
        write_atomically(&path, |scratch| write_rows(scratch, &rows).map_err(Error::io(&path)))?;
        let file = File::options().append(true).open(&path).map_err(Error::io(&path))?;
        let writer = csv::WriterBuilder::new().has_headers(rows.is_empty()).from_writer(file);
        Ok(Self { path, writer })
    }

    /// Appends one row and flushes it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn append(&mut self, row: &MetricsRow) -> Result<()> {
        self.writer
            .serialize(row)
            .map_err(std::io::Error::from)
            .and_then(|()| self.writer.flush())
            .map_err(Error::io(&self.path))
    }
}

fn write_rows(path: &Path, rows: &[MetricsRow]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()
}

/// Reads a `metrics.csv`; a last row that a kill has cut short is left out.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::File`] naming the row that is damaged.
pub fn read_metrics(path: &Path) -> Result<Vec<MetricsRow>> {
    let content = std::fs::read(path).map_err(Error::io(path))?;
    let damaged = |error: csv::Error| Error::File {
        path: path.to_owned(),
        problem: format!("{error}; the file is damaged or holds something else than metrics"),
    };
    complete_rows(&content).into_iter().map(|row| row.map_err(damaged)).collect()
}

/// The rows up to the last line break: what follows it was being written when the process was killed.
fn complete_rows(content: &[u8]) -> Vec<csv::Result<MetricsRow>> {
    let end = content.iter().rposition(|&byte| byte == b'\n').map_or(0, |position| position + 1);
    csv::Reader::from_reader(&content[..end]).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64) -> MetricsRow {
        MetricsRow {
            step,
            epoch: 0.5,
            seconds: 1.0,
            loss: 0.6,
            mse: 0.03,
            divergence: None,
            gradient_norm: 1e-3,
            learning_rate: 1e-3,
            dt: Some(0.1245),
            gamma: None,
            alpha: None,
            validation: Some(3e-5),
        }
    }

    #[test]
    fn rows_after_the_resumed_step_are_dropped_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), 0).unwrap();
        for step in [1, 5, 10, 15] {
            log.append(&row(step)).unwrap();
        }
        let mut log = MetricsLog::open(folder.path(), 7).unwrap();
        log.append(&row(10)).unwrap();
        let rows = read_metrics(&folder.path().join(METRICS_FILE)).unwrap();
        assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), [1, 5, 10]);
        assert_eq!(rows[0], row(1));
    }

    #[test]
    fn a_row_cut_short_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), 0).unwrap();
        log.append(&row(1)).unwrap();
        let path = folder.path().join(METRICS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}2,0.5,1.")).unwrap();
        assert_eq!(read_metrics(&path).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_row_is_named_by_readers_and_dropped_by_a_resumed_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), 0).unwrap();
        for step in [1, 5] {
            log.append(&row(step)).unwrap();
        }
        let path = folder.path().join(METRICS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\n5,0.5", "\n5,0x5")).unwrap();
        let error = read_metrics(&path).unwrap_err();
        assert!(error.to_string().contains("line: 3"), "{error}");
        MetricsLog::open(folder.path(), 9).unwrap();
        assert_eq!(read_metrics(&path).unwrap(), [row(1)]);
    }
}
