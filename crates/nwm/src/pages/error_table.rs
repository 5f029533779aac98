//! The errors of one run beside those of reference predictors.

use maud::{Markup, html};

use super::{
    number::{in_unit, quotient, ratio, scientific},
    run_files::Evaluation,
};

/// Slices of the forecast in the order of the table, as named in keys of metrics.
const SLICES: [&str; 3] = ["train", "extrapolation", "full"];

/// Errors of the model beside those of predictors that know no dynamics.
pub(super) fn error_table(result: &Evaluation) -> Markup {
    let unit = format!("{:e}", result.unit);
    let frames = |slice: &str| match result.slices.get(slice) {
        Some([first, end]) => format!("frames {first} to {}", end.saturating_sub(1)),
        None => String::new(),
    };
    let row = |slice: &str, suffix: &str, show: &dyn Fn(Option<f64>) -> String| {
        let key = format!("forward_{slice}_{suffix}");
        let own = metric(result, &key);
        let references = ["mean_image", "last_frame"].map(|name| reference(result, name, &key));
        html! { tr {
            th { (slice) } td.quiet { (frames(slice)) }
            td.number { (show(own)) }
            @for reference in references { td.number { (show(reference)) } }
            @for reference in references { td.number { (ratio(quotient(own, reference))) } }
        } }
    };
    let in_units = |value: Option<f64>| in_unit(value.map(|value| value / result.unit));
    html! {
        div.scroll { table {
            thead { tr {
                th { "slice" } th { }
                th.number { (result.model) } th.number { "mean image" } th.number { "last frame" }
                th.number { "÷ mean image" } th.number { "÷ last frame" }
            } }
            tbody {
                tr.group { th colspan="7" {
                    "l2_norm, relative squared error per value, in units of " (unit)
                } }
                @for slice in SLICES { (row(slice, "l2_norm", &in_units)) }
                tr.group { th colspan="7" { "l2, mean squared error per value" } }
                @for slice in SLICES { (row(slice, "l2", &scientific)) }
            }
        } }
        p.quiet {
            "Mean image: the mean of the training set, at every step. Last frame: the last true "
            "frame seen, repeated. A ratio below 1 beats the reference."
         }
    }
}

/// A metric of the model; `None` when it is absent or not finite.
pub(super) fn metric(result: &Evaluation, key: &str) -> Option<f64> {
    result.metrics.get(key).copied().flatten()
}

/// A metric of a reference predictor; `None` when it is absent or not finite.
pub(super) fn reference(result: &Evaluation, name: &str, key: &str) -> Option<f64> {
    result.references.get(name)?.get(key).copied().flatten()
}
