//! How the runs of a row learnt to answer.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};

use super::{
    super::{
        figures::{Learner, Learning, learning_comparison},
        html as page_html,
        training_curve::TrainingCurve,
    },
    cells::Table,
};

/// Charts of every run of a row against the training step, on the batches and on the validation set; `None` where no run
/// has a curve.
pub(super) fn learning_curves(
    table: &Table,
    row: &str,
    plan_dir: &Path,
    learning: &Learning,
) -> Result<Option<Markup>> {
    let mut learners = Vec::new();
    for (colour, cell) in table.row(row).enumerate() {
        for seed in &cell.seeds {
            let curve = TrainingCurve::read(&plan_dir.join(&seed.run_dir))?;
            let name = format!("{}, seed {}", cell.column, seed.seed);
            learners.extend(curve.map(|curve| Learner { name, colour, curve }));
        }
    }
    let [batches, validation] = learning_comparison(learning, &learners)?;
    let described = |of: &str| format!("{} of {of} against the training step", learning.quantity);
    let chart = |svg: &Option<String>, of: &str, caption: &str| {
        html! { @if let Some(svg) = svg { (page_html::chart(svg, &described(of), caption)) } }
    };
    Ok((batches.is_some() || validation.is_some()).then(|| {
        html! { div.charts {
            (chart(&batches, "training batches",
                "Training batches of every run, as noisy as they are small; one colour for each model."))
            (chart(&validation, "the validation set",
                "Validation set of every run. The checkpoint with its least error is the one that \
                 the second rule scores."))
        } }
    }))
}
