//! What the guides tell people to type, typed.
//!
//! The pages that the README leads to are read in its order, and their fenced blocks are run one after another in one
//! folder below the repository, as a newcomer would: files that one block leaves are there for the next. What the
//! first words after a fence mean:
//!
//! | words | meaning |
//! |---|---|
//! | `sh` | commands, run by bash, which stops at the first that fails |
//! | `python` | a script, run by python3 |
//! | `sh not run: REASON`, `python not run: REASON` | for readers alone; the reason is listed |
//! | `text output` | what the block before prints on its standard output; see [`expected`] |
//!
//! Blocks of other languages are left alone, except that commands must not hide in a block without one.

mod block;
mod expected;
mod pages;
mod perform;

use anyhow::Result;

use self::pages::Page;
use self::perform::{Folder, Report};
use crate::console;
use crate::stage::Verdict;
use crate::workspace::Workspace;

/// Runs the guides with the optimised program.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    let pages = match Page::of_repository(workspace.root()) {
        Ok(pages) => pages,
        Err(problems) => return Ok(failed(&problems)),
    };
    let Some(folder) = Folder::new(workspace)? else {
        return Ok(Verdict::Skipped("bash is not here".to_owned()));
    };
    workspace.build_nwm()?;
    let mut report = Report::default();
    for page in &pages {
        folder.follow(page, &mut report)?;
    }
    folder.compare_pictures(&mut report)?;
    console::progress(&report.summary());
    Ok(if report.problems.is_empty() { Verdict::Ok } else { failed(&report.problems) })
}

fn failed(problems: &[String]) -> Verdict {
    for problem in problems {
        console::progress(problem);
    }
    Verdict::Failed(format!("{} problems in the guides", problems.len()))
}
