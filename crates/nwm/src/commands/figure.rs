//! `nwm figure`.

use anyhow::Context as _;
use nwm_train::untrained_film;
use serde_json::json;

use crate::exit::Ending;
use crate::flags::FigureArguments;
use crate::pages::{Figure, FigurePlan, write_figure};
use crate::terminal::Terminal;

/// Collects the runs and products of a plan and writes the figure's files.
pub(crate) fn run(arguments: &FigureArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let (plan, out) = (&arguments.plan, &arguments.out);
    let untrained = |run_dir: &std::path::Path, steps| Ok(untrained_film(run_dir, steps)?);
    let figure = FigurePlan::read(plan)
        .and_then(|plan| Figure::collect(&plan, &untrained))
        .and_then(|figure| write_figure(&figure, out).map(|()| figure))
        .with_context(|| format!("failed to make the figure of {}", plan.display()))?;
    let (file, report) = (out.join("figure.json"), out.join("report.html"));
    let text = format!("{}\nwrote {}", figure.sentence(), report.display());
    let json = json!({
        "format": 1, "figure": file, "report": report, "status": figure.status(),
        "sentence": figure.sentence(),
    });
    terminal.result(&json, &text);
    Ok(Ending::Done)
}
