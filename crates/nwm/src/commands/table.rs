//! `nwm table`.

use anyhow::Context as _;
use serde_json::json;

use super::report::samples_of;
use crate::exit::Ending;
use crate::flags::TableArguments;
use crate::pages::{Table, write_table};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Collects the results of a plan and writes the table's files.
pub(crate) fn run(arguments: &TableArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let (plan_dir, out) = (&arguments.plan_dir, &arguments.out);
    Progress::of(terminal, "row", |progress| Table::collect_with(plan_dir, progress))
        .and_then(|table| write_table(&table, plan_dir, out, &samples_of))
        .with_context(|| format!("failed to make the table of {}", plan_dir.display()))?;
    terminal.result(
        &json!({"format": 1, "table": out.join("table.json"), "report": out.join("report.html")}),
        &format!("wrote {}", out.join("report.html").display()),
    );
    Ok(Ending::Done)
}
