//! `nwm man`.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;
use serde_json::json;

use super::output::write_file;
use crate::exit::Ending;
use crate::flags::Arguments;
use crate::terminal::Terminal;

/// Writes a page for the program and for each command that is not hidden.
pub(super) fn run(dir: &Path, terminal: &Terminal) -> anyhow::Result<Ending> {
    let failed = || format!("failed to write the manual into {}", dir.display());
    std::fs::create_dir_all(dir).with_context(failed)?;
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut names = Vec::new();
    write_pages(&program, dir, &mut names).with_context(failed)?;
    let text = format!(
        "{} pages in {}; man -l {}",
        names.len(),
        dir.display(),
        dir.join("nwm.1").display()
    );
    terminal.result(&json!({"format": 1, "folder": dir, "pages": names}), &text);
    Ok(Ending::Done)
}

/// Names the section of what ends a help by what it is, and keeps its lines apart.
fn with_examples(roff: &str) -> String {
    let Some((before, rest)) = roff.split_once(".SH EXTRA\nExamples:\n") else {
        return roff.to_owned();
    };
    let (examples, after) = rest.split_once("\n.SH ").unwrap_or((rest, ""));
    let heading = if after.is_empty() { "" } else { "\n.SH " };
    format!("{before}.SH EXAMPLES\n.nf\n{examples}\n.fi{heading}{after}")
}

/// The page of a command, then those of the commands below it.
fn write_pages(command: &clap::Command, dir: &Path, names: &mut Vec<String>) -> anyhow::Result<()> {
    let page = Man::new(command.clone());
    let name = page.get_filename();
    let mut roff = Vec::new();
    page.render(&mut roff)?;
    write_file(&dir.join(&name), with_examples(&String::from_utf8_lossy(&roff)).as_bytes())?;
    names.push(name);
    for below in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        write_pages(below, dir, names)?;
    }
    Ok(())
}
