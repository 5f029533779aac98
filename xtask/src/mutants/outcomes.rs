//! What became of mutants, as cargo-mutants leaves it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// How many mutants met which end, and which of them nobody noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    /// Noticed by a test.
    pub(super) caught: usize,
    /// Noticed since a test did not end.
    pub(super) timeout: usize,
    /// Not accepted by the compiler.
    pub(super) unviable: usize,
    /// Noticed by none.
    pub(super) missed: Vec<String>,
    /// Caught or unviable in an earlier run that was interrupted, and not tried again.
    pub(super) earlier: usize,
}

/// The part of `outcomes.json` that is read.
#[derive(Deserialize)]
struct File {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: String,
}

/// The unchanged source, or a mutant.
#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant { name: String },
}

impl Outcomes {
    /// Reads the outcomes of the drawn mutants in a folder `mutants.out`; none if nothing has been tried.
    pub(super) fn read(folder: &Path, drawn: &[&String]) -> Result<Self> {
        let path = folder.join("outcomes.json");
        let outcomes = match read(&path)? {
            Some(text) => Self::parse(&text, drawn)
                .with_context(|| format!("failed to read {}", path.display()))?,
            None => Self::default(),
        };
        let earlier = read(&folder.join("previously_caught.txt"))?;
        Ok(Self {
            earlier: earlier
                .map_or(0, |text| text.lines().filter(|line| is_drawn(drawn, line)).count()),
            ..outcomes
        })
    }

    fn parse(text: &str, drawn: &[&String]) -> Result<Self> {
        let mut outcomes = Self::default();
        for Outcome { scenario, summary } in serde_json::from_str::<File>(text)?.outcomes {
            let Scenario::Mutant { name } = scenario else { continue };
            if !is_drawn(drawn, &name) {
                continue;
            }
            match summary.as_str() {
                "CaughtMutant" => outcomes.caught += 1,
                "Timeout" => outcomes.timeout += 1,
                "Unviable" => outcomes.unviable += 1,
                "MissedMutant" => outcomes.missed.push(name),
                _ => {}
            }
        }
        Ok(outcomes)
    }

    /// One line of figures.
    pub(super) fn line(&self) -> String {
        let Self { caught, timeout, unviable, missed, earlier } = self;
        let all = caught + timeout + unviable + missed.len() + earlier;
        let earlier = match earlier {
            0 => String::new(),
            earlier => format!(", {earlier} caught or unviable in an earlier run"),
        };
        format!(
            "{all} mutants: {caught} caught, {} missed, {timeout} timeouts, {unviable} unviable{earlier}",
            missed.len()
        )
    }
}

/// Whether a mutant was asked for. cargo-mutants takes those that delete a field whatever it is told.
fn is_drawn(drawn: &[&String], name: &str) -> bool {
    drawn.iter().any(|other| *other == name)
}

/// A text file, if there is one.
fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_and_the_missed_ones_named() {
        let text = r#"{"outcomes":[{"scenario":"Baseline","summary":"Success"},
            {"scenario":{"Mutant":{"name":"a.rs:1:2: replace + with -","package":"p"}},"summary":"MissedMutant"},
            {"scenario":{"Mutant":{"name":"b"}},"summary":"CaughtMutant"},
            {"scenario":{"Mutant":{"name":"c"}},"summary":"Timeout"},
            {"scenario":{"Mutant":{"name":"delete field"}},"summary":"MissedMutant"}],"missed":1}"#;
        let drawn = ["a.rs:1:2: replace + with -", "b", "c", "d", "e"].map(str::to_owned);
        let drawn: Vec<&String> = drawn.iter().collect();
        let outcomes = Outcomes::parse(text, &drawn).unwrap();
        assert_eq!(outcomes.missed, ["a.rs:1:2: replace + with -"]);
        assert_eq!(outcomes.line(), "3 mutants: 1 caught, 1 missed, 1 timeouts, 0 unviable");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Outcomes::read(folder.path(), &drawn).unwrap(), Outcomes::default());
        std::fs::write(folder.path().join("outcomes.json"), text).unwrap();
        std::fs::write(folder.path().join("previously_caught.txt"), "d\ne\nanother\n").unwrap();
        let line = Outcomes::read(folder.path(), &drawn).unwrap().line();
        assert!(
            line.starts_with("5 mutants: 1 caught")
                && line.ends_with("2 caught or unviable in an earlier run"),
            "{line}"
        );
    }
}
