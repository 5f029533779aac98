//! The whole pipeline at its smallest, in a folder of its own.

use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::stage::Verdict;
use crate::flags::{Reproduce, Target};
use crate::workspace::Workspace;

/// The part of table.json that is looked at.
#[derive(Deserialize)]
struct Table {
    format: u32,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    row: String,
    column: String,
    status: String,
    mean: Option<f64>,
}

/// Reproduces Table 1 with the smoke preset and checks that its cells are filled.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    // From an empty folder: yesterday's results would prove nothing.
    let folder = workspace.target().join("ci-smoke");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("failed to empty {}", folder.display()));
        }
        _ => {}
    }
    let reproduce = Reproduce {
        target: Target::Table1,
        preset: "smoke".to_owned(),
        seeds: 1,
        only: None,
        jobs: 1,
        out: Some(folder.join("reports")),
        runs: Some(folder.join("runs")),
        dry_run: false,
    };
    if reproduce.run_in(workspace)? != ExitCode::SUCCESS {
        return Ok(Verdict::Failed("cargo xtask reproduce table1 --preset smoke".to_owned()));
    }
    let path = folder.join("reports/table1/table.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    check_table(&text).with_context(|| format!("failed to read {}", path.display()))
}

fn check_table(text: &str) -> Result<Verdict> {
    let table: Table = serde_json::from_str(text)?;
    let mut done = 0;
    for cell in &table.cells {
        let number = cell.mean.is_some_and(|mean| mean.is_finite() && mean > 0.0);
        match (cell.status.as_str(), number) {
            ("done", true) => done += 1,
            ("missing", _) => {}
            (status, _) => {
                let Cell { row, column, mean, .. } = cell;
                return Ok(Verdict::Failed(format!("{row}/{column} is {status} with {mean:?}")));
            }
        }
    }
    Ok(match (table.format, done) {
        (1, 1..) => Verdict::Ok,
        (1, 0) => Verdict::Failed("no cell of the table is done".to_owned()),
        (format, _) => Verdict::Failed(format!("format: found {format}, expected 1")),
    })
}

#[cfg(test)]
mod tests {
    use super::check_table;
    use crate::ci::stage::Verdict;

    fn verdict(cells: &str) -> Verdict {
        check_table(&format!(r#"{{"format":1,"cells":[{cells}]}}"#)).unwrap()
    }

    const DONE: &str = r#"{"row":"spring","column":"ar","status":"done","mean":3.5}"#;
    const MISSING: &str = r#"{"row":"spring","column":"hgn","status":"missing","mean":null}"#;

    #[test]
    fn done_and_missing_cells_pass() {
        assert_eq!(verdict(&format!("{DONE},{MISSING}")), Verdict::Ok);
    }

    #[test]
    fn partial_empty_and_absent_numbers_fail() {
        for cells in [
            DONE.replace("done", "partial"),
            DONE.replace("3.5", "null"),
            DONE.replace("3.5", "0.0"),
            MISSING.to_owned(),
            String::new(),
        ] {
            assert!(matches!(verdict(&cells), Verdict::Failed(_)), "{cells}");
        }
    }

    #[test]
    fn another_format_fails() {
        let text = format!(r#"{{"format":2,"cells":[{DONE}]}}"#);
        assert!(matches!(check_table(&text).unwrap(), Verdict::Failed(_)));
    }
}
