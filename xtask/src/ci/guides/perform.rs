//! Following pages: running their blocks in a folder, and what came out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::block::{Block, Content, Language};
use super::expected::difference;
use super::pages::Page;
use crate::console;
use crate::files;
use crate::workspace::Workspace;

/// What Python scripts of guides need beside Python.
const MODULES: &[&str] = &["h5py", "numpy", "safetensors"];
/// Files of the repository that commands name.
const DESCRIPTIONS: &str = "data/experiments";
/// Pictures of pages lie below this folder of the repository.
const PICTURES: &str = "docs/images";

/// Where blocks run: below the repository, so that cargo finds the workspace from there.
pub(super) struct Folder {
    root: PathBuf,
    path: PathBuf,
    /// With the optimised program first.
    search_path: OsString,
    /// A module that Python lacks, or Python itself.
    lacking: Option<&'static str>,
}

/// What came of all pages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    ran: usize,
    compared: usize,
    pictures: usize,
    not_run: usize,
    /// Where, and why not.
    reasons: Vec<String>,
    /// Each with page and line.
    pub(super) problems: Vec<String>,
}

/// A script that has been run.
struct Outcome {
    /// How it failed, if it did.
    failure: Option<String>,
    output: String,
}

impl Folder {
    /// An empty folder; none if there is no shell to run anything.
    pub(super) fn new(workspace: &Workspace) -> Result<Option<Self>> {
        let programs = workspace.nwm_program();
        let programs = programs.parent().context("the program has no folder")?;
        let Some(mut folder) = Self::in_repository(workspace.root(), programs)? else {
            return Ok(None);
        };
        let missing = |module: &&&str| !folder.succeeds("python3", &format!("import {module}"));
        folder.lacking = MODULES.iter().find(missing).copied();
        Ok(Some(folder))
    }

    /// The same, without a look at Python.
    fn in_repository(root: &Path, programs: &Path) -> Result<Option<Self>> {
        // Not the build folder, which may be elsewhere; this one is ignored all the same.
        let path = root.join("target/guides");
        files::make_empty(&path)?;
        copy_files(&root.join(DESCRIPTIONS), &path.join(DESCRIPTIONS))?;
        let others = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&others));
        let search_path = std::env::join_paths(folders).context("failed to extend PATH")?;
        let folder = Self { root: root.to_owned(), path, search_path, lacking: None };
        Ok(folder.succeeds("bash", "true").then_some(folder))
    }

    /// A program in this folder that gets nothing to read.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("PATH", &self.search_path).stdin(Stdio::null());
        command
    }

    fn succeeds(&self, program: &str, script: &str) -> bool {
        let mut command = self.command(program);
        let status =
            command.args(["-c", script]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Runs the blocks of a page up to the first that fails or cannot be run here.
    pub(super) fn follow(&self, page: &Page, report: &mut Report) -> Result<()> {
        let mut output: Option<String> = None;
        let mut stop: Option<String> = None;
        for block in &page.blocks {
            let place = format!("{}:{}", page.path, block.line);
            match (&block.content, &stop) {
                (Content::Output, _) => {
                    let Some(found) = output.take() else { continue };
                    report.compared += 1;
                    if let Some(difference) = difference(&block.text, &found) {
                        let problem = format!("{place}: the output is another one: {difference}");
                        report.problems.push(format!("{problem}; all of it:\n{found}"));
                    }
                }
                (Content::Script(_, Some(reason)), _) | (Content::Script(..), Some(reason)) => {
                    output = None;
                    report.not_run(&place, block, reason);
                }
                (Content::Script(Language::Python, None), None) if self.lacking.is_some() => {
                    let reason = format!("python3 has no {}", self.lacking.unwrap_or_default());
                    report.not_run(&place, block, &reason);
                    stop = Some(reason);
                }
                (Content::Script(language, None), None) => {
                    console::progress(&format!("{place}:\n{}", block.text.trim_end()));
                    let outcome = self.run(*language, &block.text)?;
                    report.ran += block.commands();
                    output = Some(outcome.output);
                    if let Some(failure) = outcome.failure {
                        report
                            .problems
                            .push(format!("{place}: {failure}:\n{}", block.text.trim_end()));
                        stop = Some(format!("line {} failed", block.line));
                        output = None;
                    }
                }
            }
        }
        Ok(())
    }

    fn run(&self, language: Language, script: &str) -> Result<Outcome> {
        let (program, arguments): (_, &[&str]) = match language {
            Language::Shell => ("bash", &["-euo", "pipefail", "-c"]),
            Language::Python => ("python3", &["-c"]),
        };
        let mut command = self.command(program);
        command.args(arguments).arg(script).stderr(Stdio::inherit());
        let output = command.output().with_context(|| format!("failed to start {program}"))?;
        let failure = (!output.status.success()).then(|| format!("ended with {}", output.status));
        Ok(Outcome { failure, output: String::from_utf8_lossy(&output.stdout).into_owned() })
    }

    /// What the pages draw for themselves is what they show.
    pub(super) fn compare_pictures(&self, report: &mut Report) -> Result<()> {
        let mut folders = vec![PathBuf::from(PICTURES)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(self.path.join(&folder)) else { continue };
            let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            for path in names.iter().map(|name| folder.join(name)) {
                let drawn = self.path.join(&path);
                if drawn.is_dir() {
                    folders.push(path);
                    continue;
                }
                report.pictures += 1;
                let drawn = std::fs::read(&drawn)
                    .with_context(|| format!("failed to read {}", drawn.display()))?;
                if std::fs::read(self.root.join(&path)).ok().as_ref() != Some(&drawn) {
                    report.problems.push(format!(
                        "{}: the guides draw another picture; look at the one in target/guides, and copy it if it is right",
                        path.display()
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Copies the files directly in a folder, if there is one.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("failed to copy {} to {}", from.display(), to.display());
    std::fs::create_dir_all(to).with_context(failed)?;
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).with_context(failed)?;
        }
    }
    Ok(())
}

impl Report {
    fn not_run(&mut self, place: &str, block: &Block, reason: &str) {
        self.not_run += block.commands();
        self.reasons.push(format!("{place}: not run: {reason}"));
    }

    /// What was not run, a block a line, and how many commands were.
    pub(super) fn summary(&self) -> String {
        let Self { ran, compared, pictures, not_run, reasons, problems } = self;
        let counts = format!(
            "{ran} commands of the guides ran, {not_run} did not; {compared} outputs and {pictures} pictures compared, \
             {} problems",
            problems.len()
        );
        reasons.iter().chain([&counts]).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a repository whose README has this text.
    fn follow(readme: &str, prepare: impl FnOnce(&Path)) -> Report {
        let repository = tempfile::tempdir().unwrap();
        let root = repository.path();
        std::fs::write(root.join("README.md"), readme).unwrap();
        prepare(root);
        let folder = Folder::in_repository(root, root).unwrap().unwrap();
        let mut report = Report::default();
        for page in Page::of_repository(root).unwrap() {
            folder.follow(&page, &mut report).unwrap();
        }
        folder.compare_pictures(&mut report).unwrap();
        report
    }

    #[test]
    fn a_broken_command_is_a_problem_and_ends_its_page() {
        let report = follow("```sh\nfalse\ntouch a\n```\n\n```sh\ntrue\n```\n", |_| ());
        assert_eq!((report.ran, report.not_run), (2, 1));
        assert_eq!(report.problems.len(), 1);
        assert!(report.problems[0].starts_with("README.md:1: ended with"), "{report:?}");
        for broken in ["no-such-program", "false | cat", "echo $unset"] {
            let report = follow(&format!("```sh\n{broken}\n```\n"), |_| ());
            assert_eq!(report.problems.len(), 1, "{broken}");
        }
    }

    #[test]
    fn later_blocks_find_the_files_of_earlier_ones_and_programs_their_names() {
        let page = "```sh\necho 1 > a\n```\n```sh\ncat a\nours\n```\n```text output\n1\n2\n```\n";
        let report = follow(page, |root| {
            use std::os::unix::fs::PermissionsExt as _;
            let program = root.join("ours");
            std::fs::write(&program, "#!/bin/sh\necho 2\n").unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        });
        assert_eq!(report.problems, [""; 0]);
        assert_eq!((report.ran, report.compared), (3, 1));
    }

    #[test]
    fn another_output_is_a_problem_unless_nothing_ran() {
        let page = "```sh\necho 1\n```\n```text output\n2\n```\n";
        let report = follow(page, |_| ());
        assert!(report.problems[0].starts_with("README.md:4: the output is another one"));
        let report = follow(&page.replace("```sh", "```sh not run: slow"), |_| ());
        assert_eq!((report.ran, report.not_run, report.compared), (0, 1, 0));
        assert_eq!(report.problems, [""; 0]);
    }

    #[test]
    fn a_picture_that_the_pages_draw_is_the_one_that_they_show() {
        let page = "```sh\nmkdir -p docs/images/a\necho 1 > docs/images/a/b.svg\n```\n";
        let with = |content: Option<&str>| {
            follow(page, |root| {
                std::fs::create_dir_all(root.join("docs/images/a")).unwrap();
                if let Some(content) = content {
                    std::fs::write(root.join("docs/images/a/b.svg"), content).unwrap();
                }
            })
        };
        assert_eq!((with(Some("1\n")).pictures, with(Some("1\n")).problems), (1, Vec::new()));
        for other in [Some("2\n"), None] {
            assert!(with(other).problems[0].starts_with("docs/images/a/b.svg: the guides draw"));
        }
    }

    #[test]
    fn without_the_modules_a_page_ends_at_its_first_script() {
        let repository = tempfile::tempdir().unwrap();
        let root = repository.path();
        std::fs::write(root.join("README.md"), "```python\nx\n```\n```sh\nfalse\n```\n").unwrap();
        let mut folder = Folder::in_repository(root, root).unwrap().unwrap();
        folder.lacking = Some("h5py");
        let mut report = Report::default();
        folder.follow(&Page::of_repository(root).unwrap()[0], &mut report).unwrap();
        assert_eq!((report.ran, report.not_run), (0, 2));
        assert_eq!(
            report.summary(),
            "README.md:1: not run: python3 has no h5py\nREADME.md:4: not run: python3 has no h5py\n\
             0 commands of the guides ran, 2 did not; 0 outputs and 0 pictures compared, 0 problems"
        );
    }
}
