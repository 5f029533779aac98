//! `nwm induce`.

mod summary;

use anyhow::Context as _;
use nwm_train::{Error, InduceRequest, InducedWaves, RequestedCheckpoint, induce};

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
    let checkpoint = requested_checkpoint(arguments.checkpoint.as_deref())?;
    let waves = induced(arguments, checkpoint, terminal)
        .with_context(|| format!("failed to induce waves in {}", arguments.run_dir.display()))?;
    terminal.result(&summary::json(&waves), &summary::text(&waves, &arguments.out));
    Ok(Ending::Done)
}

fn induced(
    arguments: &InduceArguments,
    checkpoint: RequestedCheckpoint,
    terminal: &Terminal,
) -> anyhow::Result<InducedWaves> {
    let request = InduceRequest {
        checkpoint,
        films: arguments.count,
        steps: arguments.steps,
        velocity: arguments.velocity,
        axis: arguments.along.into(),
        device: arguments.device.choice()?.open()?,
        ..InduceRequest::default()
    };
    let (run_directory, folder) = (&arguments.run_dir, &arguments.out);
    let waves =
        Progress::of(terminal, "film", |progress| induce(run_directory, &request, progress))?;
    std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
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
