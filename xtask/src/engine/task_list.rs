//! A file of jobs, one a line, from which a process elsewhere takes its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::runs::{Job, Product, ProductKind, Training, run_folder};

/// Version of the file format.
const FORMAT: u32 = 1;

/// The first line: what holds for all tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    /// The `nwm` program.
    pub(super) program: PathBuf,
    /// The folder it runs in.
    pub(super) folder: PathBuf,
    /// Threads of each run.
    pub(super) threads: usize,
    /// Time limit of each run, if there is one.
    pub(super) minutes: Option<u32>,
}

impl Header {
    pub(super) fn new(
        program: PathBuf,
        folder: &Path,
        threads: usize,
        minutes: Option<u32>,
    ) -> Self {
        Self { format: FORMAT, program, folder: folder.to_owned(), threads, minutes }
    }
}

/// A further line: one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Task {
    /// Name of the run folder, by which it is found in the list.
    pub(super) id: String,
    /// For people.
    pub(super) name: String,
    training: Training,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    products: Vec<ProductKind>,
    /// Folder of the products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    products_dir: Option<PathBuf>,
}

impl Task {
    /// What is left of a job to be done elsewhere.
    pub(super) fn of(job: &Job) -> Self {
        Self {
            id: job.run_dir().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            name: job.name.clone(),
            training: job.training.clone(),
            products: job.products.iter().map(|product| product.kind).collect(),
            products_dir: job.products.first().map(|product| product.folder().to_owned()),
        }
    }

    /// The job, as it is found now.
    pub(super) fn job(&self) -> Job {
        let model = self.training.model().unwrap_or_default();
        let run_dir = &self.training.run_dir;
        let folder = self.products_dir.as_deref().unwrap_or(Path::new(""));
        let product = |kind: &ProductKind| Product::find(*kind, run_dir, model, folder);
        Job {
            name: self.name.clone(),
            kind: String::new(),
            expected_seconds: f64::NAN,
            state: run_folder::state(run_dir),
            products: self.products.iter().map(product).collect(),
            training: self.training.clone(),
        }
    }
}

/// Writes a list.
pub(super) fn write(path: &Path, header: &Header, tasks: &[Task]) -> Result<()> {
    let line = |line: serde_json::Result<String>| line.context("failed to write a task as JSON");
    let mut text = line(serde_json::to_string(header))? + "\n";
    for task in tasks {
        text += &line(serde_json::to_string(task))?;
        text.push('\n');
    }
    files::write(path, &text)
}

/// A list that is read line by line.
pub(super) struct TaskList {
    path: PathBuf,
    pub(super) header: Header,
    lines: Lines<BufReader<File>>,
}

impl TaskList {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let context = || format!("failed to read {}", path.display());
        let mut lines = BufReader::new(File::open(path).with_context(context)?).lines();
        let first = lines.next().transpose().with_context(context)?.unwrap_or_default();
        let header: Header = serde_json::from_str(&first).with_context(context)?;
        ensure!(
            header.format == FORMAT,
            "failed to read {}: format: found {}, expected {FORMAT}",
            path.display(),
            header.format
        );
        Ok(Self { path: path.to_owned(), header, lines })
    }

    /// The tasks that are left, in order.
    pub(super) fn tasks(self) -> impl Iterator<Item = Result<Task>> {
        let path = self.path;
        self.lines.enumerate().map(move |(index, line)| {
            let context = || format!("failed to read {}: line {}", path.display(), index + 2);
            serde_json::from_str(&line.with_context(context)?).with_context(context)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Header, Task, TaskList, write};
    use crate::runs::{Product, ProductKind, RunState, fixtures};

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.jsonl");
        let mut job = fixtures::job("nwm_2d", RunState::Pending { spent: 0.0 });
        let find = |kind| Product::find(kind, job.run_dir(), "nwm_2d", Path::new("products/a"));
        job.products = vec![find(ProductKind::Selectivity), find(ProductKind::Waves)];
        let header = Header::new("bin/nwm".into(), Path::new("here"), 2, Some(30));
        write(&path, &header, &[Task::of(&job)]).unwrap();
        let list = TaskList::open(&path).unwrap();
        assert_eq!(list.header, header);
        let tasks: Vec<Task> = list.tasks().map(Result::unwrap).collect();
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].job().remaining(), job.remaining());
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.jsonl");
        let header = Header::new("nwm".into(), Path::new("."), 1, None);
        write(&path, &header, &[]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap() + "{\"id\":\n";
        std::fs::write(&path, text).unwrap();
        let error = TaskList::open(&path).unwrap().tasks().next().unwrap().unwrap_err();
        assert!(format!("{error:#}").contains("tasks.jsonl: line 2"), "{error:#}");
        std::fs::write(&path, "{\"format\":2,\"program\":\"\",\"folder\":\"\",\"threads\":1}\n")
            .unwrap();
        let error = TaskList::open(&path).err().unwrap();
        assert!(error.to_string().contains("format: found 2, expected 1"), "{error}");
    }
}
