//! `nwm gallery`.

use anyhow::Context as _;
use serde_json::json;

use crate::exit::Ending;
use crate::flags::GalleryArguments;
use crate::pages::Gallery;
use crate::terminal::Terminal;

/// Writes the page that leads to all tables and figures of a folder.
pub(crate) fn run(arguments: &GalleryArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let folder = &arguments.reports_dir;
    let gallery = Gallery::of(folder)
        .and_then(|gallery| gallery.write(folder).map(|()| gallery))
        .with_context(|| format!("failed to make the gallery of {}", folder.display()))?;
    let page = folder.join("index.html");
    let [found, missing] = gallery.counts();
    terminal.result(
        &json!({"format": 1, "gallery": page, "found": found, "missing": missing}),
        &format!("wrote {}: {found} of {} tables and figures", page.display(), found + missing),
    );
    Ok(Ending::Done)
}
