//! The pages with something to run, in the order in which a newcomer meets them.

use std::path::Path;

use super::block::{Block, Content};

/// Where people begin, and what leads to all other pages.
const FIRST: &str = "README.md";
/// Where pages are, below the repository.
const FOLDERS: &[&str] = &["docs", "docs/guides"];

/// A page with its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Relative to the repository, with forward slashes.
    pub(super) path: String,
    pub(super) blocks: Vec<Block>,
}

impl Page {
    /// The README and the pages that it links, in the order of its links. What is wrong with them otherwise: a page that
    /// nothing leads to, a block that says what cannot be, an output of nothing.
    pub(super) fn of_repository(root: &Path) -> Result<Vec<Self>, Vec<String>> {
        let mut problems = Vec::new();
        let readme = read(root, FIRST).unwrap_or_else(|problem| {
            problems.push(problem);
            String::new()
        });
        let mut paths = vec![FIRST.to_owned()];
        for path in linked_pages(&readme) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        for folder in FOLDERS {
            let lost = pages_in(root, folder).into_iter().filter(|path| !paths.contains(path));
            problems.extend(lost.map(|path| format!("{path}: no link in {FIRST} leads here")));
        }
        let mut pages = Vec::new();
        for path in paths {
            let text = read(root, &path).map_err(|problem| vec![problem]);
            let blocks = text.and_then(|text| Block::all(&text)).and_then(outputs_follow_scripts);
            match blocks {
                Ok(blocks) => pages.push(Self { path, blocks }),
                Err(found) => problems.extend(found.iter().map(|it| format!("{path}:{it}"))),
            }
        }
        if problems.is_empty() { Ok(pages) } else { Err(problems) }
    }
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path))
        .map_err(|error| format!("failed to read {path}: {error}"))
}

/// The Markdown pages that a page links, without those of other repositories.
fn linked_pages(text: &str) -> impl Iterator<Item = String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| target.ends_with(".md") && !target.contains(':'))
        .map(str::to_owned)
}

/// The pages directly in a folder, sorted.
fn pages_in(root: &Path, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")).collect();
    pages.sort();
    pages
}

/// An output belongs to the script right before it.
fn outputs_follow_scripts(blocks: Vec<Block>) -> Result<Vec<Block>, Vec<String>> {
    let is_output = |block: &Block| block.content == Content::Output;
    let follows =
        |index: usize| index.checked_sub(1).is_some_and(|before| !is_output(&blocks[before]));
    let problems: Vec<String> = (0..blocks.len())
        .filter(|&index| is_output(&blocks[index]) && !follows(index))
        .map(|index| format!("{}: an output without a script before it", blocks[index].line))
        .collect();
    if problems.is_empty() { Ok(blocks) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Page;

    #[test]
    fn the_pages_of_this_repository_say_what_is_run() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let pages = Page::of_repository(root).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(pages.iter().any(|page| page.path == "docs/guides/first-steps.md"));
    }

    #[test]
    fn pages_come_in_the_order_of_the_links_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("docs/guides")).unwrap();
        let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        write("README.md", "[b](docs/guides/b.md) [a](docs/a.md#part) [b](docs/guides/b.md)\n");
        write("docs/a.md", "```sh\ntrue\n```\n");
        write("docs/guides/b.md", "");
        let paths = |pages: Vec<Page>| pages.into_iter().map(|page| page.path).collect::<Vec<_>>();
        let found = paths(Page::of_repository(root).unwrap());
        assert_eq!(found, ["README.md", "docs/guides/b.md", "docs/a.md"]);

        write("docs/guides/lost.md", "");
        write("docs/a.md", "\n```text output\nx\n```\n");
        assert_eq!(
            Page::of_repository(root).unwrap_err(),
            [
                "docs/guides/lost.md: no link in README.md leads here",
                "docs/a.md:2: an output without a script before it",
            ]
        );
    }
}
