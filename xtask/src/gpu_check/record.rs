//! All that was found, in JSON: every line as it was said.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::card::Card;
use super::run::Run;
use crate::bench::{KEPT_IN, Machine, dated_name, slug, today};
use crate::files;

/// Version of the JSON file.
const FORMAT: u32 = 1;
/// What stands in for the card in the name of a page of the emulation.
const EMULATION: &str = "emulation";

/// A check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Record {
    pub(super) format: u32,
    /// UTC, `2026-01-31`.
    pub(super) date: String,
    /// Of the source of the programs.
    pub(super) commit: String,
    pub(super) command: String,
    /// None: the emulation.
    pub(super) card: Option<Card>,
    pub(super) machine: Machine,
    /// Seconds that the whole was allowed to take.
    pub(super) limit: u32,
    pub(super) seconds: f64,
    pub(super) runs: Vec<Run>,
}

impl Record {
    /// One of today, with nothing in it.
    pub(super) fn new(commit: String, command: String, card: Option<Card>, limit: u32) -> Self {
        Self {
            format: FORMAT,
            date: today(),
            commit,
            command,
            card,
            machine: Machine::this(),
            limit,
            seconds: 0.0,
            runs: Vec::new(),
        }
    }

    /// `DATE-CARD-COMMIT-gpu`.
    fn name(&self) -> String {
        let card = self.card.as_ref().map_or_else(|| EMULATION.to_owned(), |card| slug(&card.name));
        format!("{}-gpu", dated_name(&self.date, &card, &self.commit))
    }

    /// Where the page is kept below the folder of a repository. Refuses what cannot be kept, before anything is run.
    pub(super) fn kept(&self, root: &Path) -> Result<PathBuf> {
        let folder = root.join(KEPT_IN);
        ensure!(
            folder.is_dir(),
            "failed to find {}, where --save keeps pages; run this in the repository, or without --save",
            folder.display()
        );
        let page = folder.join(format!("{}.md", self.name()));
        ensure!(
            !page.exists(),
            "{} exists already; move it away to keep another one of that name",
            page.display()
        );
        Ok(page)
    }

    /// Writes the numbers.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let json =
            serde_json::to_string_pretty(self).context("failed to write the numbers as JSON")?;
        files::write(path, &(json + "\n"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Machine, Record};
    use crate::gpu_check::card::Card;

    /// One of a known day, card and machine.
    pub(in crate::gpu_check) fn record() -> Record {
        let card = Card {
            name: "NVIDIA H200".to_owned(),
            driver: "580.95".to_owned(),
            memory: "143771 MiB".to_owned(),
        };
        let command = "cargo xtask gpu-check".to_owned();
        let mut record = Record::new("0123456789abcdef".to_owned(), command, Some(card), 780);
        record.date = "2026-01-31".to_owned();
        record.machine = Machine {
            processor: "Some CPU".to_owned(),
            cores: 16,
            memory: None,
            system: "linux x86_64".to_owned(),
            compiler: "unknown".to_owned(),
        };
        record
    }

    #[test]
    fn the_page_is_named_by_date_card_and_commit() {
        let root = tempfile::tempdir().unwrap();
        let error = record().kept(root.path()).unwrap_err().to_string();
        assert!(error.contains("docs/benchmarks"), "{error}");
        let folder = root.path().join("docs/benchmarks");
        std::fs::create_dir_all(&folder).unwrap();
        let page = record().kept(root.path()).unwrap();
        assert_eq!(page, folder.join("2026-01-31-nvidia-h200-0123456789ab-gpu.md"));
        std::fs::write(&page, "").unwrap();
        assert!(record().kept(root.path()).unwrap_err().to_string().contains("exists already"));
        let emulated = Record { card: None, ..record() };
        assert!(
            emulated
                .kept(root.path())
                .unwrap()
                .ends_with("2026-01-31-emulation-0123456789ab-gpu.md")
        );
    }

    #[test]
    fn numbers_have_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.json");
        record().write(&path).unwrap();
        let json = std::fs::read_to_string(path).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["format"], &json["card"]["driver"]), (&1.into(), &"580.95".into()));
    }
}
