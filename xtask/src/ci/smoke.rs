//! The whole pipeline at its smallest, in a folder of its own.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::engine::EngineOptions;
use crate::files;
use crate::flags::{Reproduce, Target};
use crate::stage::Verdict;
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

/// The part of figure.json that is looked at.
#[derive(Deserialize)]
struct Figure {
    format: u32,
    runs: Vec<FigureRun>,
}

#[derive(Deserialize)]
struct FigureRun {
    name: String,
    /// None without a result.
    steps: Option<u64>,
    /// Those that are there.
    products: BTreeMap<String, String>,
}

/// What is reproduced, the part of it if not all, and the check of the file that comes out: what needs no downloads.
type Part = (Target, Option<&'static str>, &'static str, fn(&str) -> Result<Verdict>);
const PARTS: [Part; 4] = [
    (Target::Table1, None, "table.json", check_table),
    (Target::Adding, None, "table.json", check_table),
    (Target::Fig2, Some("gratings,noise,spring"), "figure.json", check_figure),
    (Target::Fig3, Some("gratings"), "figure.json", check_figure),
];

/// Reproduces tables and figures with the smoke preset and checks that they are filled.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    // From an empty folder: yesterday's results would prove nothing.
    let folder = workspace.target().join("ci-smoke");
    files::make_empty(&folder)?;
    for (target, only, file, check) in PARTS {
        let reproduce = Reproduce {
            target,
            preset: "smoke".to_owned(),
            seeds: None,
            only: only.map(str::to_owned),
            collect: false,
            engine: EngineOptions::default(),
            out: Some(folder.join("reports")),
            runs: Some(folder.join("runs")),
            dry_run: false,
        };
        let name = target.name();
        if reproduce.run_in(workspace)? != ExitCode::SUCCESS {
            return Ok(Verdict::Failed(format!("cargo xtask reproduce {name} --preset smoke")));
        }
        let path = folder.join("reports").join(name).join(file);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let verdict = check(&text).with_context(|| format!("failed to read {}", path.display()))?;
        if !matches!(verdict, Verdict::Ok) {
            return Ok(verdict);
        }
    }
    Ok(match folder.join("reports/index.html").is_file() {
        true => Verdict::Ok,
        false => Verdict::Failed("reports/index.html is missing".to_owned()),
    })
}

/// Whether a run of the figure has a result and a product.
fn check_figure(text: &str) -> Result<Verdict> {
    let figure: Figure = serde_json::from_str(text)?;
    if figure.format != 1 {
        return Ok(Verdict::Failed(format!("format: found {}, expected 1", figure.format)));
    }
    let done = |run: &&FigureRun| run.steps.is_some() && !run.products.is_empty();
    Ok(match figure.runs.iter().find(done) {
        Some(_) => Verdict::Ok,
        None => {
            let names: Vec<&str> = figure.runs.iter().map(|run| run.name.as_str()).collect();
            Verdict::Failed(format!("none of {} is done", names.join(", ")))
        }
    })
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
    use crate::stage::Verdict;

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
