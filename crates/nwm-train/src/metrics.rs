//! `metrics.csv`: one row every `train.log_every` steps, appended and flushed.

use std::fs::File;
use std::path::{Path, PathBuf};

use nwm_analysis::waves::WaveMetrics;
use nwm_data::atomic::write_atomically;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Name of the file in a run folder.
pub const METRICS_FILE: &str = "metrics.csv";

/// What precedes the names of wave metrics in the header.
const WAVES: &str = "waves_";

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
    /// Its mean squared error; empty for models that predict classes.
    pub mse: Option<f64>,
    /// Share of it whose class is predicted right; empty for all other models.
    #[serde(default)]
    pub accuracy: Option<f64>,
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
    /// Waves of the hidden state by the names of [`WaveMetrics::column_names`], in the columns `waves_*`; without those that
    /// are not finite, and empty where nothing was measured.
    #[serde(skip)]
    pub waves: Vec<(String, f64)>,
}

/// The open file.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    writer: csv::Writer<File>,
    /// Names of wave metrics that have a column.
    waves: Vec<String>,
    has_header: bool,
}

impl MetricsLog {
    /// Opens the log, dropping rows after `step`: those a resumed run will write again. It has columns of waves if the run
    /// measures them, or has measured them before.
    ///
    /// What the file held is replaced by `kept`, the content that the checkpoint has saved, if it has: bytes of the file
    /// that were lost or changed meanwhile are back.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read or written.
    pub fn open(
        run_directory: &Path,
        kept: Option<Vec<u8>>,
        step: u64,
        measures_waves: bool,
    ) -> Result<Self> {
        let path = run_directory.join(METRICS_FILE);
        let content = match kept {
            Some(content) => content,
            None if path.is_file() => std::fs::read(&path).map_err(Error::io(&path))?,
            None => Vec::new(),
        };
        // A row that a crash has damaged must not keep a run from going on.
        let mut rows: Vec<MetricsRow> =
            complete_rows(&content).into_iter().filter_map(std::result::Result::ok).collect();
        rows.retain(|row| row.step <= step);
        let has_waves = measures_waves || rows.iter().any(|row| !row.waves.is_empty());
        let waves: Vec<String> =
            if has_waves { WaveMetrics::column_names().collect() } else { Vec::new() };
        write_atomically(&path, |scratch| {
            write_rows(scratch, &rows, &waves).map_err(Error::io(&path))
        })?;
        let file = File::options().append(true).open(&path).map_err(Error::io(&path))?;
        Ok(Self {
            path,
            writer: csv::Writer::from_writer(file),
            waves,
            has_header: !rows.is_empty(),
        })
    }

    /// Appends one row and flushes it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn append(&mut self, row: &MetricsRow) -> Result<()> {
        write_row(&mut self.writer, row, &self.waves, &mut self.has_header)
            .and_then(|()| self.writer.flush())
            .map_err(Error::io(&self.path))
    }

    /// What the file holds now.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn content(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.path).map_err(Error::io(&self.path))
    }
}

fn write_rows(path: &Path, rows: &[MetricsRow], waves: &[String]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    let mut has_header = false;
    for row in rows {
        write_row(&mut writer, row, waves, &mut has_header)?;
    }
    writer.flush()
}

fn write_row(
    writer: &mut csv::Writer<File>,
    row: &MetricsRow,
    waves: &[String],
    has_header: &mut bool,
) -> std::io::Result<()> {
    let [header, fields] = own_columns(row)?;
    if !*has_header {
        let names = waves.iter().map(|name| format!("{WAVES}{name}"));
        writer.write_record(header.iter().map(str::to_owned).chain(names))?;
        *has_header = true;
    }
    let of_name = |name: &String| row.waves.iter().find(|wave| wave.0 == *name);
    let waves =
        waves.iter().map(|name| of_name(name).map_or(String::new(), |it| format!("{:?}", it.1)));
    Ok(writer.write_record(fields.iter().map(str::to_owned).chain(waves))?)
}

/// Names and fields of a row but for its waves.
fn own_columns(row: &MetricsRow) -> std::io::Result<[csv::StringRecord; 2]> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(row)?;
    let text = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&text[..]);
    let mut records = [csv::StringRecord::new(), csv::StringRecord::new()];
    for record in &mut records {
        reader.read_record(record)?;
    }
    Ok(records)
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
    let mut reader = csv::Reader::from_reader(&content[..end]);
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return vec![Err(error)],
    };
    let rows = reader.into_records().map(|record| {
        let record = record?;
        let mut row: MetricsRow = record.deserialize(Some(&header))?;
        row.waves = waves_of(&header, &record)?;
        Ok(row)
    });
    rows.collect()
}

fn waves_of(
    header: &csv::StringRecord,
    record: &csv::StringRecord,
) -> std::io::Result<Vec<(String, f64)>> {
    let columns = header.iter().zip(record);
    let waves = columns.filter_map(|(name, field)| Some((name.strip_prefix(WAVES)?, field)));
    waves
        .filter(|(_, field)| !field.is_empty())
        .map(|(name, field)| match field.parse() {
            Ok(value) => Ok((name.to_owned(), value)),
            Err(error) => {
                let line = record.position().map_or(0, csv::Position::line);
                let problem = format!("line {line}: {WAVES}{name}: found {field:?}: {error}");
                Err(std::io::Error::new(std::io::ErrorKind::InvalidData, problem))
            }
        })
        .collect()
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
            mse: Some(0.03),
            accuracy: None,
            divergence: None,
            gradient_norm: 1e-3,
            learning_rate: 1e-3,
            dt: Some(0.1245),
            gamma: None,
            alpha: None,
            validation: Some(3e-5),
            waves: Vec::new(),
        }
    }

    #[test]
    fn rows_after_the_resumed_step_are_dropped_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), None, 0, false).unwrap();
        for step in [1, 5, 10, 15] {
            log.append(&row(step)).unwrap();
        }
        let mut log = MetricsLog::open(folder.path(), None, 7, false).unwrap();
        log.append(&row(10)).unwrap();
        let rows = read_metrics(&folder.path().join(METRICS_FILE)).unwrap();
        assert_eq!(rows.iter().map(|row| row.step).collect::<Vec<_>>(), [1, 5, 10]);
        assert_eq!(rows[0], row(1));
    }

    #[test]
    fn a_row_of_a_classifier_has_an_accuracy_in_the_place_of_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), None, 0, false).unwrap();
        let written = MetricsRow { mse: None, accuracy: Some(0.75), ..row(1) };
        log.append(&written).unwrap();
        let path = folder.path().join(METRICS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("step,epoch,seconds,loss,mse,accuracy,divergence,"), "{text}");
        assert!(text.contains("\n1,0.5,1.0,0.6,,0.75,,"), "{text}");
        assert_eq!(read_metrics(&path).unwrap(), [written]);
    }

    #[test]
    fn a_file_without_the_columns_of_later_versions_is_read_and_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(METRICS_FILE);
        let old = "step,epoch,seconds,loss,mse,gradient_norm,learning_rate,dt,gamma,alpha\n\
                   1,0.5,1.0,0.6,0.03,0.001,0.001,0.1245,,\n";
        std::fs::write(&path, old).unwrap();
        let expected = MetricsRow { validation: None, ..row(1) };
        assert_eq!(read_metrics(&path).unwrap(), std::slice::from_ref(&expected));
        let mut log = MetricsLog::open(folder.path(), None, 1, false).unwrap();
        log.append(&row(2)).unwrap();
        assert_eq!(read_metrics(&path).unwrap(), [expected, row(2)]);
    }

    #[test]
    fn a_row_cut_short_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), None, 0, false).unwrap();
        log.append(&row(1)).unwrap();
        let path = folder.path().join(METRICS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}2,0.5,1.")).unwrap();
        assert_eq!(read_metrics(&path).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_row_is_named_by_readers_and_dropped_by_a_resumed_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), None, 0, false).unwrap();
        for step in [1, 5] {
            log.append(&row(step)).unwrap();
        }
        let path = folder.path().join(METRICS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\n5,0.5", "\n5,0x5")).unwrap();
        let error = read_metrics(&path).unwrap_err();
        assert!(error.to_string().contains("line: 3"), "{error}");
        MetricsLog::open(folder.path(), None, 9, false).unwrap();
        assert_eq!(read_metrics(&path).unwrap(), [row(1)]);
    }

    #[test]
    fn what_a_checkpoint_has_kept_replaces_a_damaged_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), None, 0, false).unwrap();
        for step in [1, 5] {
            log.append(&row(step)).unwrap();
        }
        let kept = log.content().unwrap();
        log.append(&row(10)).unwrap();
        let path = folder.path().join(METRICS_FILE);
        // A digit that is another digit is no damage that a reader could see.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("5,0.5,1.0,0.6", "5,0.5,1.0,0.7")).unwrap();
        MetricsLog::open(folder.path(), Some(kept.clone()), 5, false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), kept);
    }

    #[test]
    fn waves_have_columns_of_their_own_that_are_empty_in_other_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(METRICS_FILE);
        let measured = MetricsRow {
            waves: vec![("pgd".into(), 0.1), ("travel_index_z".into(), -1.0 / 3.0)],
            ..row(5)
        };
        let mut log = MetricsLog::open(folder.path(), None, 0, true).unwrap();
        log.append(&row(1)).unwrap();
        log.append(&measured).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains(",validation,waves_pgd,waves_pgd_null,"), "{text}");
        assert!(lines[1].contains(",0.00003,,,") || lines[1].contains(",3e-5,,,"), "{text}");
        assert_eq!(read_metrics(&path).unwrap(), [row(1), measured]);
        // A later start keeps them, whether it measures or not, and writes the same bytes.
        for measures_waves in [true, false] {
            MetricsLog::open(folder.path(), None, 5, measures_waves).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(&path, text.replace(",0.1,", ",wavy,")).unwrap();
        let error = read_metrics(&path).unwrap_err().to_string();
        assert!(error.contains("line 3: waves_pgd: found \"wavy\""), "{error}");
        // Without any there are no columns.
        MetricsLog::open(folder.path(), None, 1, false).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains(WAVES));
    }
}
