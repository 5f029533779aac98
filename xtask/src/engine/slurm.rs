//! Slurm: a job array whose elements each take a share of the tasks.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::batch::{Batch, Ending};
use super::commands::quoted;
use crate::files;

/// Elements of an array: what Slurm allows where nobody has changed MaxArraySize.
const MOST_ELEMENTS: usize = 1000;
/// Seconds before the time limit at which Slurm warns the script.
const WARNING: u32 = 120;
/// Minutes that an element has beyond the limits of its runs.
const MARGIN: u32 = 5;

/// Writes the script and submits it where there is a Slurm.
pub(super) fn submit(batch: &Batch<'_>) -> Result<Ending> {
    let path = batch.folder.join("slurm.sh");
    files::write(&path, &script(batch))?;
    std::fs::create_dir_all(batch.folder.join("output"))
        .with_context(|| format!("failed to make {}", batch.folder.join("output").display()))?;
    if batch.options.no_submit {
        return Ok(Ending::Left(format!(
            "submit it with sbatch {}",
            quoted(&path.to_string_lossy())
        )));
    }
    let later = "`sweep status` or the same command again says how far they are";
    let output = Command::new("sbatch").arg("--parsable").arg(&path).output();
    match output {
        Ok(output) if output.status.success() => {
            let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Ok(Ending::Left(format!("submitted {} as job {id} of Slurm; {later}", path.display())))
        }
        Ok(output) => bail!(
            "failed to submit {}: sbatch: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ending::Left(format!(
            "there is no sbatch here: submit {} where there is one; {later}",
            path.display()
        ))),
        Err(error) => Err(error).context("failed to run sbatch"),
    }
}

/// The script. Slurm warns it some time before its time limit; it then lets the run save its work and puts itself
/// into the queue again, where it goes on.
fn script(batch: &Batch<'_>) -> String {
    let elements = batch.tasks.len().clamp(1, MOST_ELEMENTS);
    let resources = &batch.resources;
    let mut options = vec![
        format!("--job-name={}", batch.name),
        format!("--array=0-{}", elements - 1),
        format!("--cpus-per-task={}", resources.cores),
        "--ntasks=1".to_owned(),
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        format!("--signal=B:USR1@{WARNING}"),
        format!("--output={}/output/%A_%a.txt", batch.folder.display()),
    ];
    if resources.gpus > 0.0 {
        // Slurm knows whole ones only.
        options.push(format!("--gres=gpu:{}", resources.gpus.ceil()));
    }
    if let Some(mebibytes) = resources.memory_mib() {
        options.push(format!("--mem={mebibytes}M"));
    }
    if let Some(minutes) = resources.minutes {
        let share = u32::try_from(batch.tasks.len().div_ceil(elements)).unwrap_or(u32::MAX);
        let minutes = minutes.saturating_mul(share).saturating_add(MARGIN);
        options.push(format!("--time={minutes}"));
    }
    // Last, so that they count.
    options.extend(batch.options.slurm_option.iter().cloned());
    let options: String = options.iter().map(|it| format!("#SBATCH {it}\n")).collect();
    let command: Vec<String> = batch.task_command().iter().map(|word| quoted(word)).collect();
    let command = command.join(" ");
    format!(
        "#!/usr/bin/env bash\n\
         {options}\n\
         # Every element takes a share of the {count} tasks. A task that is done is left alone, so that all of this\n\
         # may be submitted again.\n\
         go_on_later() {{\n    \
             kill -TERM \"$run\"\n    \
             wait \"$run\"\n    \
             scontrol requeue \"$SLURM_JOB_ID\"\n    \
             exit\n\
         }}\n\
         trap go_on_later USR1\n\
         {command} --share \"$SLURM_ARRAY_TASK_ID\" --of {elements} &\n\
         run=$!\n\
         wait \"$run\"\n",
        count = batch.tasks.len(),
    )
}
