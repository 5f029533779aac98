//! A measurement that is kept: `docs/benchmarks/DATE-PROCESSOR-COMMIT[-SUBJECT][-CASE].md`, with all numbers beside it in JSON.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use super::line::Line;
use super::machine::Machine;
use crate::files;

/// Version of the JSON file.
const FORMAT: u32 = 1;
/// Digits of a commit in a file name.
const COMMIT_DIGITS: usize = 12;

/// Everything that was measured at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Record {
    format: u32,
    /// UTC, `2026-01-31`.
    date: String,
    commit: String,
    command: String,
    machine: Machine,
    threads: usize,
    /// What was asked for, as it stands in the name; empty if nothing in particular.
    #[serde(skip)]
    subjects: String,
    /// Every line, also those of slower formulations.
    pub(super) lines: Vec<Line>,
    /// What failed or disagreed.
    pub(super) problems: Vec<String>,
    /// Titles with their tables.
    #[serde(skip)]
    pub(super) sections: Vec<(String, String)>,
    /// Files that are saved beside it: the end of their name, and their content.
    #[serde(skip)]
    attachments: Vec<(String, String)>,
}

impl Record {
    /// An empty one, of today. `subjects`, and the cases that they are confined to, end its name.
    pub(super) fn new(
        commit: String,
        command: String,
        threads: usize,
        subjects: &[String],
    ) -> Self {
        Self {
            format: FORMAT,
            date: today(),
            commit,
            command,
            machine: Machine::this(),
            threads,
            subjects: subjects.iter().map(|subject| format!("-{subject}")).collect(),
            lines: Vec::new(),
            problems: Vec::new(),
            sections: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// Adds a file that is saved beside the page, under its name with this suffix.
    pub(super) fn attach(&mut self, suffix: &str, text: String) {
        self.attachments.push((suffix.to_owned(), text));
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        format!("{}{}", dated_name(&self.date, &self.machine.slug(), &self.commit), self.subjects)
    }

    /// Libraries of the peers, each once.
    fn versions(&self) -> Vec<String> {
        let version = |line: &Line| Some(format!("{} {}", line.by, line.version.as_ref()?));
        let mut versions: Vec<String> = self.lines.iter().filter_map(version).collect();
        versions.sort();
        versions.dedup();
        versions
    }

    /// The page.
    pub(super) fn page(&self) -> String {
        let Self { date, commit, command, threads, .. } = self;
        let mut page = format!(
            "# Benchmark of {date}\n\n\
             - machine: {}\n- commit: {commit}\n- command: `{command}`\n- threads: {threads}\n",
            self.machine.describe()
        );
        let versions = self.versions();
        if !versions.is_empty() {
            page.push_str(&format!("- peers: {}\n", versions.join(", ")));
        }
        page.push_str("\nHow to read the tables: [performance.md](../performance.md).\n");
        for (title, text) in &self.sections {
            page.push_str(&format!("\n## {title}\n\n{text}\n"));
        }
        if !self.attachments.is_empty() {
            page.push_str("\n## Files\n\n");
        }
        for (suffix, _) in &self.attachments {
            let file = format!("{}-{suffix}", self.name());
            page.push_str(&format!("- [{file}]({file})\n"));
        }
        if !self.problems.is_empty() {
            page.push_str("\n## Problems\n\n");
            self.problems.iter().for_each(|problem| page.push_str(&format!("- {problem}\n")));
        }
        page
    }

    /// Refuses to replace a page that is there, which may hold other cases or peers.
    pub(super) fn check_absent(&self, folder: &Path) -> Result<()> {
        let page = folder.join(format!("{}.md", self.name()));
        anyhow::ensure!(
            !page.exists(),
            "{} exists already; move it away to keep another measurement of that name",
            page.display()
        );
        Ok(())
    }

    /// Writes the page, its numbers and its attachments into a folder, and returns the path of the page.
    pub(super) fn save(&self, folder: &Path) -> Result<PathBuf> {
        let name = self.name();
        let json =
            serde_json::to_string_pretty(self).context("failed to write the numbers as JSON")?;
        for (suffix, text) in &self.attachments {
            files::write(&folder.join(format!("{name}-{suffix}")), text)?;
        }
        files::write(&folder.join(format!("{name}.json")), &(json + "\n"))?;
        let page = folder.join(format!("{name}.md"));
        files::write(&page, &self.page())?;
        Ok(page)
    }
}

/// What a measurement is called: `DATE-HARDWARE-COMMIT`, with `-dirty` behind it if tracked files differed.
pub(crate) fn dated_name(date: &str, hardware: &str, commit: &str) -> String {
    let (hash, dirty) = match commit.strip_suffix("-dirty") {
        Some(hash) => (hash, "-dirty"),
        None => (commit, ""),
    };
    let short: String = hash.chars().take(COMMIT_DIGITS).collect();
    format!("{date}-{hardware}-{short}{dirty}")
}

/// Today, UTC.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::bench::line::tests::line;

    fn record(commit: &str) -> Record {
        let command = "cargo xtask bench cell".to_owned();
        let mut record = Record::new(commit.to_owned(), command, 2, &[]);
        record.machine.processor = "Some(R) CPU".to_owned();
        record.date = "2026-01-31".to_owned();
        record
    }

    #[test]
    fn the_name_has_date_processor_and_commit() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(record(hash).name(), "2026-01-31-some-cpu-0123456789ab");
        let dirty = record(&format!("{hash}-dirty"));
        assert_eq!(dirty.name(), "2026-01-31-some-cpu-0123456789ab-dirty");
        let mut record = record("unknown");
        assert_eq!(record.name(), "2026-01-31-some-cpu-unknown");
        record.subjects = "-cell-conv".to_owned();
        assert_eq!(record.name(), "2026-01-31-some-cpu-unknown-cell-conv");
    }

    #[test]
    fn the_page_says_how_it_was_made_and_what_went_wrong() {
        let mut record = record("abc");
        let mut torch = line("torch", "rings", "eager", 2.0);
        torch.version = Some("2.0".to_owned());
        record.lines = vec![torch.clone(), torch];
        record.sections.push(("The cell".to_owned(), "| table |".to_owned()));
        record.problems.push("jax: no python".to_owned());
        let page = record.page();
        for part in [
            "- machine: Some(R) CPU",
            "- commit: abc\n",
            "`cargo xtask bench cell`",
            "- peers: torch 2.0\n",
            "## The cell\n\n| table |",
            "- jax: no python",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn page_numbers_and_attachments_are_saved_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut record = record("abc");
        record.lines.push(line("nwm", "rings", "avx2", 2.0));
        record.attach("scaling.csv", "a,b\n".to_owned());
        let page = record.save(folder.path()).unwrap();
        assert!(page.ends_with("2026-01-31-some-cpu-abc.md"));
        let json = std::fs::read_to_string(page.with_extension("json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["format"], 1);
        assert_eq!(json["lines"][0]["case"], "rings");
        assert!(folder.path().join("2026-01-31-some-cpu-abc-scaling.csv").exists());
    }
}
