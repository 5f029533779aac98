//! `nwm selectivity`.

mod summary;
mod units;

use std::path::Path;

use anyhow::Context as _;
use nwm_analysis::waves::Surrogates;
use nwm_train::{Error, Selectivity, SelectivityRequest, selectivity, write_selectivity};

pub(crate) use self::summary::sentences;
use super::eval::requested_checkpoint;
use super::output::write_file;
use crate::exit::Ending;
use crate::flags::SelectivityArguments;
use crate::pages::{SelectivityFigures, selectivity_page};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Measures what the units of a run respond to, and leaves what is found.
pub(crate) fn run(arguments: &SelectivityArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let mut request = SelectivityRequest::default();
    request.checkpoint = requested_checkpoint(arguments.checkpoint.as_deref())?;
    request.wavelength = arguments.wavelength;
    request.images = arguments.images;
    request.absolute = arguments.absolute;
    request.surrogates = Surrogates { seed: arguments.seed, ..request.surrogates };
    let (run_dir, out) = (&arguments.run_dir, &arguments.out);
    let mut measured = || {
        request.device = arguments.device.choice()?.open()?;
        in_folder(out, || measure(run_dir, &request, out, terminal))
    };
    let found = measured()
        .with_context(|| format!("failed to measure the selectivity of {}", run_dir.display()))?;
    terminal.result(&summary::json(&found, run_dir), &summary::text(&found, out));
    Ok(Ending::Done)
}

/// Makes the folder before the work, since minutes would be lost if it cannot be made, and takes it away again if nothing
/// comes of that.
fn in_folder<T>(folder: &Path, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let is_new = !folder.exists();
    let io = |source| Error::Io { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    let result = work();
    if result.is_err() && is_new {
        // Whatever else is in it stays.
        let _ = std::fs::remove_dir(folder);
    }
    result
}

fn measure(
    run_directory: &Path,
    request: &SelectivityRequest,
    folder: &Path,
    terminal: &Terminal,
) -> anyhow::Result<Selectivity> {
    let found = Progress::of(terminal, "stimulus", |progress| {
        selectivity(run_directory, request, progress)
    })?;
    write_selectivity(&found, &folder.join("selectivity.h5"))?;
    let write = |name: &str, content: &[u8]| write_file(&folder.join(name), content);
    let figures = SelectivityFigures::of(&found)?;
    for (name, content) in figures.files() {
        write(&name, content)?;
    }
    write("units.csv", &units::table(&found)?)?;
    write("summary.json", summary::file(&found, run_directory).as_bytes())?;
    write("report.html", selectivity_page(&found, &figures, run_directory)?.as_bytes())?;
    Ok(found)
}
