//! The job file of HyperQueue: what the program `hq` and the submitter here are given.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::resources::Resources;
use super::task_list::Task;

/// How many workers may be lost under a task before it counts as failed.
const CRASH_LIMIT: u32 = 20;

/// A job definition file, as `hq job submit-file` reads it: the keys that are used here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobFile {
    name: String,
    #[serde(rename = "task")]
    tasks: Vec<TaskDefinition>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskDefinition {
    id: u32,
    command: Vec<String>,
    cwd: String,
    stdout: Stream,
    stderr: Stream,
    crash_limit: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_limit: Option<String>,
    /// Alternatives, of which there is one.
    request: Vec<Request>,
}

/// Where a stream goes. It is removed unless the task fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    path: String,
    mode: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Amounts by name, as text: a number would be rounded.
    resources: BTreeMap<String, String>,
}

impl JobFile {
    pub(super) fn of(batch: &Batch<'_>) -> Result<Self> {
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let stream = |id: u32| Stream {
            path: text(&batch.folder.join("output").join(format!("{id}.txt"))),
            mode: "rm-if-finished".to_owned(),
        };
        // The run ends by itself then; this is for one that does not.
        let margin = |minutes: u32| format!("{}m", minutes.saturating_add(10));
        let define = |(index, task): (usize, &Task)| {
            let id = u32::try_from(index).context("too many tasks for one job of HyperQueue")?;
            Ok(TaskDefinition {
                id,
                command: batch.command(task),
                cwd: text(&batch.folder),
                stdout: stream(id),
                stderr: stream(id),
                crash_limit: CRASH_LIMIT,
                time_limit: batch.resources.minutes.map(margin),
                request: vec![Request { resources: amounts(&batch.resources) }],
            })
        };
        let tasks = batch.tasks.iter().enumerate().map(define).collect::<Result<_>>()?;
        Ok(Self { name: batch.name.to_owned(), tasks })
    }

    /// The text of the file.
    pub(super) fn to_toml(&self) -> Result<String> {
        toml::to_string(self).context("failed to write the job file of HyperQueue as TOML")
    }
}

/// The amounts of a request by HyperQueue's names of resources.
fn amounts(resources: &Resources) -> BTreeMap<String, String> {
    let mut amounts = BTreeMap::from([("cpus".to_owned(), resources.cores.to_string())]);
    if resources.gpus > 0.0 {
        amounts.insert("gpus/nvidia".to_owned(), resources.gpus.to_string());
    }
    if let Some(mebibytes) = resources.memory_mib() {
        amounts.insert("mem".to_owned(), mebibytes.to_string());
    }
    amounts
}

#[cfg(test)]
mod tests {
    use super::{JobFile, Resources, amounts};

    #[test]
    fn amounts_have_the_names_of_the_scheduler() {
        let resources =
            Resources { cores: 2, gpus: 0.5, memory: Some(4.0), ..Resources::default() };
        let amounts: Vec<_> = amounts(&resources).into_iter().collect();
        let expected = [("cpus", "2"), ("gpus/nvidia", "0.5"), ("mem", "4096")];
        assert_eq!(amounts, expected.map(|(name, amount)| (name.to_owned(), amount.to_owned())));
    }

    /// The keys of the job file in version 0.27 of HyperQueue, from its documentation; the types in this file refuse
    /// all others, so that what is written can be held against them.
    #[test]
    fn the_documented_example_is_read() {
        let text = r#"
            name = "test-job"
            [[task]]
            id = 10
            command = ["/bin/bash", "-c", "echo $ABC"]
            cwd = "/tmp"
            stdout = { path = "out", mode = "rm-if-finished" }
            stderr = { path = "err", mode = "rm-if-finished" }
            time_limit = "1m 10s"
            crash_limit = 12
            [[task.request]]
            resources = { "cpus" = "4", "gpus/nvidia" = "0.5" }
        "#;
        let file: JobFile = toml::from_str(text).unwrap();
        let again: JobFile = toml::from_str(&file.to_toml().unwrap()).unwrap();
        assert_eq!(again, file);
    }
}
