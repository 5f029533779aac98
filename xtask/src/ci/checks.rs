//! Rules about the repository's own text that no compiler checks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::toolchain;
use crate::console;
use crate::files::{below, entries};
use crate::stage::Verdict;

/// Lines of a source file that are best not exceeded.
const LONG_FILE: usize = 400;
/// Lines of a source file that are too many.
const TOO_LONG_FILE: usize = 600;

/// What a reader of the README is told to type.
const README_COMMANDS: &[&str] = &["cargo xtask reproduce table1", "cargo test --workspace"];

/// The cell is a pure function of its arguments.
const FORBIDDEN_IN_CORE: &[&str] =
    &["std::fs", "std::env", "std::time", "std::net", "std::process", "rand::rng"];

/// Pages that are made by running something.
const GENERATED_PAGES: &[&str] = &["table.md", "figure.md", "soak.md"];

/// Folders on somebody's machine: a path that starts with one of them works nowhere else. Without
/// their slashes here, so that this list does not find itself.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "work", "Users", "mnt", "scratch"];

/// Marks of unfinished work, in two parts for the same reason.
const UNFINISHED: &[(&str, &str)] = &[("FIX", "ME"), ("XX", "X:"), ("lorem ", "ipsum")];

/// What is looked at, relative to the repository.
const FOLDERS: &[&str] = &["crates", "xtask", "docs", "data/experiments", ".ci", ".config"];

/// A text file of the repository.
struct TextFile {
    /// Relative to the repository, with forward slashes.
    path: String,
    text: String,
}

/// Runs every check and lists all that is wrong.
pub(super) fn run(root: &Path) -> Result<Verdict> {
    let files = text_files(root)?;
    let mut problems = Vec::new();
    problems.extend(readme(&files));
    problems.extend(untested_examples(&files));
    problems.extend(front_pages(&files));
    problems.extend(core_is_pure(&files));
    problems.extend(foreign_text(&files));
    problems.extend(broken_links(root, &files));
    problems.extend(dangling_pages(&files));
    problems.extend(toolchain::disagreement(root)?);
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let lines = file.text.lines().count();
        if lines > TOO_LONG_FILE {
            problems.push(format!("{}: {lines} lines, at most {TOO_LONG_FILE}", file.path));
        } else if lines > LONG_FILE {
            console::progress(&format!(
                "warning: {}: {lines} lines, best under {LONG_FILE}",
                file.path
            ));
        }
    }
    for problem in &problems {
        console::progress(problem);
    }
    Ok(match problems.len() {
        0 => Verdict::Ok,
        count => Verdict::Failed(format!("{count} problems")),
    })
}

/// The README promises two commands.
fn readme(files: &[TextFile]) -> Vec<String> {
    let Some(readme) = files.iter().find(|file| file.path == "README.md") else {
        return vec!["README.md: absent".to_owned()];
    };
    README_COMMANDS
        .iter()
        .filter(|command| !readme.text.lines().any(|line| line.trim() == **command))
        .map(|command| format!("README.md: no line with only `{command}`"))
        .collect()
}

/// What the README and the pages show of Rust stands somewhere else, too, where it is compiled: in the README of a crate,
/// whose doc tests do, or in an example. Indentation does not count.
fn untested_examples(files: &[TextFile]) -> Vec<String> {
    let is_page = |file: &&TextFile| {
        file.path.ends_with(".md") && (file.path == "README.md" || file.path.starts_with("docs/"))
    };
    let of = |path: &str| files.iter().find(|file| file.path == path).map(|file| &*file.text);
    let readmes = files
        .iter()
        .filter(|file| file.path.ends_with("/src/lib.rs"))
        .filter(|file| file.text.contains("include_str!(\"../README.md\")"))
        .filter_map(|file| of(&file.path.replace("src/lib.rs", "README.md")))
        .flat_map(rust_examples);
    let programs = files.iter().filter(|file| file.path.contains("/examples/"));
    let compiled: Vec<String> =
        readmes.chain(programs.map(|file| &*file.text)).map(without_indentation).collect();
    let mut problems = Vec::new();
    for page in files.iter().filter(is_page) {
        for example in rust_examples(&page.text) {
            let lines = without_indentation(example);
            if !compiled.iter().any(|compiled| compiled.contains(&lines)) {
                problems.push(format!(
                    "{}: neither a crate's README nor an example has the lines that start with {:?}",
                    page.path,
                    example.lines().next().unwrap_or_default()
                ));
            }
        }
    }
    problems
}

/// Lines without what they begin and end with, each after a line break.
fn without_indentation(text: &str) -> String {
    text.lines().flat_map(|line| ["\n", line.trim()]).chain(["\n"]).collect()
}

/// The Rust code blocks of a Markdown page.
fn rust_examples(text: &str) -> impl Iterator<Item = &str> {
    text.split("```rust")
        .skip(1)
        .filter_map(|rest| rest.split_once('\n'))
        .filter_map(|(_attributes, code)| code.split("```").next())
}

/// Every library has an example on its front page.
fn front_pages(files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/src/lib.rs"))
        .filter(|file| !file.text.contains("//! ```"))
        .map(|file| format!("{}: no example on the front page", file.path))
        .collect()
}

/// nwm-core opens no file and reads no clock and no environment.
fn core_is_pure(files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("crates/nwm-core/src/"))
        .flat_map(|file| {
            let forbidden = FORBIDDEN_IN_CORE.iter();
            forbidden
                .filter(|name| file.text.contains(**name))
                .map(|name| format!("{}: {name}", file.path))
        })
        .collect()
}

/// Paths of one machine, and marks of unfinished work.
fn foreign_text(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let mut report = |what: &str| {
                problems.push(format!("{}:{}: {what}", file.path, index + 1));
            };
            if let Some(folder) = MACHINE_FOLDERS.iter().find(|name| has_absolute_path(line, name))
            {
                report(&format!("absolute path into /{folder}"));
            }
            for (first, second) in UNFINISHED {
                if line.contains(&format!("{first}{second}")) {
                    report(&format!("unfinished: {first}{second}"));
                }
            }
        }
    }
    problems
}

/// Whether a line has `/FOLDER/` where an absolute path begins, not in the middle of a longer path
/// or of an address.
fn has_absolute_path(line: &str, folder: &str) -> bool {
    let pattern = format!("/{folder}/");
    line.match_indices(&pattern).any(|(position, _)| {
        let before = line[..position].chars().next_back();
        !before.is_some_and(|it| it.is_alphanumeric() || "._-/}".contains(it))
    })
}

/// Relative links of the Markdown pages lead somewhere.
fn broken_links(root: &Path, files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root.join(&file.path);
        let folder = folder.parent().unwrap_or(root);
        for target in link_targets(&file.text) {
            if !folder.join(target).exists() {
                problems.push(format!("{}: broken link to {target}", file.path));
            }
        }
    }
    problems
}

/// The files that `[text](target)` links of a page point to.
pub(crate) fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

/// A page that a comment refers to by name is a page of this repository.
fn dangling_pages(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let comments = file.text.lines().enumerate();
        for (index, line) in comments.filter(|(_, line)| line.trim_start().starts_with("//")) {
            for page in page_names(line) {
                let known = files
                    .iter()
                    .any(|other| other.path == page || other.path.ends_with(&format!("/{page}")));
                if !known && !GENERATED_PAGES.contains(&page) {
                    problems.push(format!("{}:{}: no page {page}", file.path, index + 1));
                }
            }
        }
    }
    problems
}

/// The names of Markdown files in a line of text.
fn page_names(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !(it.is_alphanumeric() || "._-/".contains(it)))
        .map(|word| word.trim_end_matches('.').trim_start_matches("../"))
        .filter(|word| word.len() > ".md".len() && word.ends_with(".md"))
}

/// The text files of the repository in the order of their names; others are left out.
fn text_files(root: &Path) -> Result<Vec<TextFile>> {
    let mut paths = Vec::new();
    for entry in entries(root)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_file() && [".md", ".toml", ".cff"].iter().any(|end| name.ends_with(end)) {
            paths.push(entry);
        }
    }
    for folder in FOLDERS {
        paths.extend(below(&root.join(folder))?);
    }
    let mut files = Vec::new();
    for path in paths {
        let bytes =
            fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let path = relative.to_string_lossy().replace('\\', "/");
        files.push(TextFile { path, text });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::{
        TextFile, core_is_pure, dangling_pages, foreign_text, front_pages, has_absolute_path,
        link_targets, readme, untested_examples,
    };

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_readme_needs_both_commands_on_lines_of_their_own() {
        let both = "```\ncargo xtask reproduce table1\n```\n```\ncargo test --workspace\n```\n";
        assert!(readme(&[file("README.md", both)]).is_empty());
        let one = both.replace("--workspace", "");
        assert_eq!(readme(&[file("README.md", &one)]).len(), 1);
        assert_eq!(readme(&[file("docs/README.md", both)]), ["README.md: absent"]);
    }

    #[test]
    fn an_example_that_no_doc_test_compiles_is_named() {
        let page = |code: &str| format!("Words.\n```rust,no_run\n{code}\n```\n");
        let tested = file("crates/a/src/lib.rs", "#[doc = include_str!(\"../README.md\")]\n");
        let files = [
            file("README.md", &page("let a = 1;")),
            file("crates/a/README.md", &page("let a = 1;")),
            tested,
        ];
        assert!(untested_examples(&files).is_empty());
        let [_, other, tested] = files;
        let program = file("crates/a/examples/01_c.rs", "fn main() {\n    let c = 3;\n}\n");
        let pages = [
            file("README.md", &page("let b = 2;")),
            file("docs/guides/c.md", &page("let c = 3;")),
            file("docs/guides/d.md", &page("let c = 3")),
        ];
        let files: Vec<_> = pages.into_iter().chain([other, tested, program]).collect();
        let problems = untested_examples(&files);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].contains("let b = 2;"), "{problems:?}");
        assert!(problems[1].starts_with("docs/guides/d.md: "), "{problems:?}");
    }

    #[test]
    fn a_library_without_an_example_is_named() {
        let files = [
            file("crates/a/src/lib.rs", "//! Words.\n//! ```\n//! ```\n"),
            file("crates/b/src/lib.rs", "//! Words.\n"),
        ];
        assert_eq!(front_pages(&files), ["crates/b/src/lib.rs: no example on the front page"]);
    }

    #[test]
    fn only_the_core_is_kept_from_the_file_system() {
        let text = "use std::fs::File;\n";
        assert_eq!(core_is_pure(&[file("crates/nwm-core/src/cell.rs", text)]).len(), 1);
        assert!(core_is_pure(&[file("crates/nwm-data/src/store.rs", text)]).is_empty());
        assert!(core_is_pure(&[file("crates/nwm-core/tests/golden.rs", text)]).is_empty());
    }

    #[test]
    fn absolute_paths_are_told_from_addresses_and_relative_paths() {
        // Put together here, so that this check does not find its own test.
        let path = format!("/{}/me", "home");
        for line in [format!("see {path}/x"), format!("\"{path}\""), format!("({path})")] {
            assert!(has_absolute_path(&line, "home"), "{line}");
        }
        for line in ["https://x.org/home/me", "a/home/b", "../home/b", "/homes/", "{root}/home/"] {
            assert!(!has_absolute_path(line, "home"), "{line}");
        }
    }

    #[test]
    fn unfinished_work_is_reported_with_its_line() {
        let text = format!("fine\n// {}ME later\n", "FIX");
        let problems = foreign_text(&[file("a.rs", &text)]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("a.rs:2: unfinished"), "{problems:?}");
    }

    #[test]
    fn links_are_found_without_addresses_and_anchors() {
        let text = "[a](docs/a.md) [b](https://b.org) [c](#here) ![d](d.gif) [e](e.md#part)";
        assert_eq!(link_targets(text).collect::<Vec<_>>(), ["docs/a.md", "d.gif", "e.md"]);
    }

    #[test]
    fn comments_refer_to_pages_that_exist() {
        let files = [
            file("docs/formats.md", ""),
            file("a.rs", "//! See docs/formats.md, formats.md.\n/// As in other.md 3.2.\n"),
        ];
        assert_eq!(dangling_pages(&files), ["a.rs:2: no page other.md"]);
        assert!(dangling_pages(&[file("a.rs", "let path = \"other.md\";")]).is_empty());
    }
}
