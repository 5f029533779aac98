//! The files that `nwm waves` leaves.

use std::path::{Path, PathBuf};

use nwm_analysis::waves::FramePattern;
use nwm_data::arrays::{self, ArrayLayout, ArraysWriter, Element};
use nwm_data::atomic::write_atomically;
use nwm_data::recording::Recording;
use nwm_train::Error;
use serde_json::json;

use super::analysis::{Analysed, Analysis, Question};
use crate::commands::output::write_file;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// The kind of phase.h5.
const PHASES_KIND: &str = "wave_phases";

/// The columns of per_step.csv.
const COLUMNS: [&str; 13] = [
    "trial",
    "step",
    "time",
    "pattern",
    "row",
    "column",
    "plane_wave_order",
    "synchrony",
    "local_coherence",
    "local_plane_order",
    "gradient_row",
    "gradient_column",
    "direction",
];

/// Where files go.
pub(super) struct OutputFolder<'a> {
    folder: &'a Path,
    has_fields: bool,
}

impl<'a> OutputFolder<'a> {
    pub(super) fn new(folder: &'a Path, has_fields: bool) -> Self {
        Self { folder, has_fields }
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        write_file(&self.folder.join(name), content)
    }

    /// Analyses a recording, and writes per_step.csv and phase.h5 meanwhile.
    pub(super) fn write_steps(
        &self,
        question: &Question,
        recording: &mut Recording,
        terminal: &Terminal,
    ) -> anyhow::Result<Analysis> {
        let rate = question.sampling_rate;
        let path = self.folder.join("per_step.csv");
        let fields = PhaseFile::new(self.folder, question, recording);
        let mut found = None;
        Progress::of(terminal, "stretch", |progress| {
            // The library's errors do not say which file.
            let failed = |error: csv::Error| Error::Io { path: path.clone(), source: error.into() };
            write_atomically(&path, |scratch| {
                let mut table = csv::Writer::from_path(scratch).map_err(failed)?;
                table.write_record(COLUMNS).map_err(failed)?;
                let mut done = 0;
                let mut analyse = |mut file: Option<&mut ArraysWriter<'_>>| {
                    let analysis = question.analyse(recording, |analysed, total| {
                        write_rows(&mut table, analysed, rate).map_err(failed)?;
                        if let Some(file) = &mut file {
                            append(file, analysed)?;
                        }
                        done += 1;
                        progress(done, total);
                        Ok(())
                    })?;
                    found = Some(analysis);
                    Ok::<(), Failure>(())
                };
                if self.has_fields {
                    fields.write(|file| analyse(Some(file)))?;
                } else {
                    analyse(None)?;
                    fields.remove()?;
                }
                table.flush().map_err(|source| Error::Io { path: path.clone(), source })?;
                Ok::<(), Failure>(())
            })
        })
        .map_err(|Failure(error)| error)?;
        found.ok_or_else(|| anyhow::anyhow!("the analysis has no result"))
    }
}

/// An error of any kind, which the functions that write atomically can return.
struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn write_rows<W: std::io::Write>(
    table: &mut csv::Writer<W>,
    analysed: &Analysed<'_>,
    rate: Option<f64>,
) -> csv::Result<()> {
    for (step, pattern) in (analysed.first..).zip(analysed.patterns) {
        let FramePattern { measures, kind, place, .. } = pattern;
        let [row, column] = match place {
            Some([row, column]) => [row.to_string(), column.to_string()],
            None => [String::new(), String::new()],
        };
        let time = step as f64 / rate.unwrap_or(1.0);
        let [down, right] = measures.mean_gradient;
        let numbers = [
            measures.plane_wave_order,
            measures.synchrony,
            measures.local_coherence,
            measures.local_plane_order,
            down,
            right,
            measures.direction(),
        ];
        let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
        let first = [analysed.trial.to_string(), step.to_string(), time.to_string()];
        let pattern = [kind.name().to_owned(), row, column];
        table.write_record(first.into_iter().chain(pattern).chain(numbers.map(number)))?;
    }
    Ok(())
}

/// The fields of all steps.
struct PhaseFile {
    path: PathBuf,
    about: serde_json::Value,
    layouts: Vec<ArrayLayout>,
}

impl PhaseFile {
    fn new(folder: &Path, question: &Question, recording: &Recording) -> Self {
        let [rows, columns] = recording.size();
        let frames = recording.trials() * recording.time();
        let scalar = ["frame", "row", "column"];
        let array = |name, last: &[&'static str], lengths: &[usize]| {
            let axes: Vec<&str> = scalar.iter().chain(last).copied().collect();
            let shape = [&[frames, rows, columns], lengths].concat();
            ArrayLayout::new(name, &axes, &shape, Element::F32)
        };
        Self {
            path: folder.join("phase.h5"),
            about: json!({
                "trials": recording.trials(),
                "time": recording.time(),
                "sampling_rate": question.sampling_rate,
                "band": question.band.edges,
                "grid": question.grid.as_str(),
            }),
            layouts: vec![
                array("analytic", &["part"], &[2]),
                array("generalized_phase", &[], &[]),
                array("gradient", &["axis"], &[2]),
            ],
        }
    }

    /// Removes the file of an earlier analysis, which would be taken for one of this.
    fn remove(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }

    fn write(
        &self,
        fill: impl FnOnce(&mut ArraysWriter<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        arrays::write(&self.path, PHASES_KIND, &self.about, self.layouts.clone(), fill)
    }
}

fn append(file: &mut ArraysWriter<'_>, analysed: &Analysed<'_>) -> nwm_data::Result<()> {
    let Analysed { phases, gradient, .. } = analysed;
    let parts: Vec<f32> =
        phases.analytic.iter().flat_map(|signal| [signal.re, signal.im]).collect();
    file.append("analytic", &parts)?;
    let angles: Vec<f32> = phases.signals.iter().map(|signal| signal.arg()).collect();
    file.append("generalized_phase", &angles)?;
    let components = gradient.row.iter().zip(&gradient.column);
    let components: Vec<f32> = components.flat_map(|(&down, &right)| [down, right]).collect();
    file.append("gradient", &components)
}
