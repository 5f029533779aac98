//! The files of a figure.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nwm_data::atomic::write_atomically;

use super::figure_file::Figure;
use super::markdown::markdown;
use super::page::figure_page;
use super::pictures::Content;

/// Writes the pictures, then `figure.md`, `report.html` and, last, `figure.json` to `out_dir`, which is made when it does not
/// exist. Each file is replaced atomically.
///
/// # Errors
///
/// When writing fails, or a file of a product cannot be copied.
pub(crate) fn write_figure(figure: &Figure, out_dir: &Path) -> Result<()> {
    fs::create_dir_all(out_dir).with_context(|| format!("create {}", out_dir.display()))?;
    for picture in &figure.pictures {
        write(&out_dir.join(&picture.name), &picture.content)?;
    }
    for (name, text) in [
        ("figure.md", markdown(figure)?),
        ("report.html", figure_page(figure, out_dir)),
        ("figure.json", figure.to_json()?),
    ] {
        write(&out_dir.join(name), &Content::Bytes(text.into_bytes()))?;
    }
    Ok(())
}

fn write(path: &Path, content: &Content) -> Result<()> {
    write_atomically(path, |scratch| {
        match content {
            Content::Bytes(bytes) => fs::write(scratch, bytes),
            Content::Copied(from) => fs::copy(from, scratch).map(|_| ()),
        }
        .with_context(|| format!("write {}", path.display()))
    })
}
