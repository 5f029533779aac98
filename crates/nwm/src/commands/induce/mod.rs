//! `nwm induce`.

mod summary;

use std::path::Path;

use anyhow::Context as _;
use nwm_train::{Error, InduceRequest, InducedWaves, induce};

pub(crate) use self::summary::{sentence, sentence_on_control};
use super::eval::requested_checkpoint;
use super::output::write_file;
use crate::exit::Ending;
use crate::flags::InduceArguments;
use crate::pages::{InducedFigures, induced_page};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Induces waves in the states of a run, and leaves what is found.
pub(crate) fn run(arguments: &InduceArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let request = InduceRequest {
        checkpoint: requested_checkpoint(arguments.checkpoint.as_deref())?,
        films: arguments.count,
        steps: arguments.steps,
        velocity: arguments.velocity,
        axis: arguments.along.into(),
        ..InduceRequest::default()
    };
    let run_dir = &arguments.run_dir;
    let waves = induced(run_dir, &request, &arguments.out, terminal)
        .with_context(|| format!("failed to induce waves in {}", run_dir.display()))?;
    terminal.result(&summary::json(&waves), &summary::text(&waves, &arguments.out));
    Ok(Ending::Done)
}

fn induced(
    run_directory: &Path,
    request: &InduceRequest,
    folder: &Path,
    terminal: &Terminal,
) -> anyhow::Result<InducedWaves> {
    let waves =
        Progress::of(terminal, "film", |progress| induce(run_directory, request, progress))?;
    std::fs::create_dir_all(folder)
        .map_err(|source| Error::Io { path: folder.to_owned(), source })?;
    let figures = InducedFigures::of(&waves)?;
    waves.write(&folder.join("induced.h5"))?;
    let page = induced_page(&waves, &figures);
    let files: [(&str, &[u8]); 8] = [
        ("summary.json", &summary::file(&waves)),
        ("per_shift.csv", &summary::table(&waves)?),
        ("induced.svg", figures.strips.as_bytes()),
        ("induced.png", &figures.sheet),
        ("induced.gif", &figures.film),
        ("matches.svg", figures.matches.as_bytes()),
        ("errors.svg", figures.errors.as_bytes()),
        ("report.html", page.as_bytes()),
    ];
    for (name, content) in files {
        write_file(&folder.join(name), content)?;
    }
    Ok(waves)
}
