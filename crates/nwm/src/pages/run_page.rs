//! The page of one training run, and of several beside each other.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maud::{Markup, html};

use super::{
    figures::{loss_chart, per_step_chart},
    forecast::ForecastSamples,
    html as page_html,
    number::{count, duration, in_unit, quotient, ratio, scientific},
    run_files::{Evaluation, RunRecord, TrainingCurve, read_resolved_config},
    scale::Scale,
};

/// Slices of the forecast in the order of the table, as named in keys of metrics.
const SLICES: [&str; 3] = ["train", "extrapolation", "full"];
/// Frames in the strip of a trajectory.
const STRIP_FRAMES: usize = 10;
const CHART_SIZE: [u32; 2] = [760, 320];

/// All that is known about a run from its folder.
struct Run<'a> {
    name: String,
    record: RunRecord,
    evaluation: Option<Evaluation>,
    curve: Option<TrainingCurve>,
    config: Option<String>,
    samples: Option<&'a ForecastSamples>,
}

impl<'a> Run<'a> {
    fn read(run_dir: &Path, samples: Option<&'a ForecastSamples>) -> Result<Self> {
        let name = match run_dir.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => run_dir.display().to_string(),
        };
        Ok(Self {
            name,
            record: RunRecord::read(run_dir)?,
            evaluation: Evaluation::read(run_dir)?,
            curve: TrainingCurve::read(run_dir)?,
            config: read_resolved_config(run_dir)?,
            samples,
        })
    }

    fn title(&self) -> String {
        match &self.evaluation {
            Some(result) => format!("{} on {}", result.model, result.data),
            None => self.name.clone(),
        }
    }

    fn scale(&self) -> Scale<'_> {
        Scale::of(self.record.preset.as_deref(), self.record.published)
    }
}

/// The page of one run; or of several, an overview and then each run. A run that has not been
/// evaluated, or not even trained to its end, shows what there is.
///
/// # Errors
///
/// Without any run; when a `run.json` is missing, a file is broken or of another format, or
/// forecasts do not have the shape they claim.
pub(crate) fn runs_page(runs: &[(&Path, Option<&ForecastSamples>)]) -> Result<String> {
    ensure!(!runs.is_empty(), "show runs: found none, expected at least one run folder");
    let read = runs
        .iter()
        .map(|(run_dir, samples)| Run::read(run_dir, *samples))
        .collect::<Result<Vec<_>>>()?;
    if let [run] = &read[..] {
        return Ok(page_html::page(&run.title(), run.scale(), &run_body(run, section_heading)?));
    }
    let mut sections = Vec::with_capacity(read.len());
    for run in &read {
        let body =
            run_body(run, nested_heading).with_context(|| format!("show run {}", run.name))?;
        let heading = format!("{}: {}", run.name, run.title());
        sections.push(html! { section { (section_heading(&heading, run.scale())) (body) } });
    }
    let body = html! {
        (overview(&read))
        @for section in &sections { (section) }
    };
    let scale = common_scale(&read);
    Ok(page_html::page(&format!("{} runs", read.len()), scale, &body))
}

/// The scale of the first run that is not of the published setting, if any.
fn common_scale<'a>(runs: &'a [Run<'_>]) -> Scale<'a> {
    let mut scales = runs.iter().map(Run::scale);
    scales.find(|scale| *scale != Scale::Published).unwrap_or(Scale::Published)
}

fn preset(run: &Run<'_>) -> String {
    run.record.preset.clone().unwrap_or_else(|| "none".to_owned())
}

/// One line for each run.
fn overview(runs: &[Run<'_>]) -> Markup {
    const METRIC: &str = "forward_extrapolation_l2_norm";
    let in_units_of = |unit: f64, value: Option<f64>| {
        format!("{} × {unit:e}", in_unit(value.map(|value| value / unit)))
    };
    html! {
        div.scroll { table {
            caption {
                "Extrapolation error"
                (page_html::label(common_scale(runs)))
            }
            thead { tr {
                th { "run" } th { "model" } th { "data" } th { "preset" } th.number { "seed" }
                th.number { "steps" } th.number { "l2_norm" } th.number { "÷ mean image" }
                th { "status" }
            } }
            tbody { @for run in runs {
                tr {
                    th { (run.name) }
                    @match &run.evaluation {
                        Some(result) => { td { (result.model) } td { (result.data) } }
                        None => { td.missing { "–" } td.missing { "–" } }
                    }
                    td { (preset(run)) }
                    td.number { (run.record.seed) }
                    td.number { (count(run.record.steps)) }
                    @match &run.evaluation {
                        Some(result) => {
                            @let own = metric(result, METRIC);
                            @let mean_image = reference(result, "mean_image", METRIC);
                            td.number { (in_units_of(result.unit, own)) }
                            td.number { (ratio(quotient(own, mean_image))) }
                        }
                        None => { td.missing { "–" } td.missing { "–" } }
                    }
                    td { (run.record.status) }
                }
            } }
        } }
    }
}

/// A heading of a part of a run, with the label of reduced numbers or nothing.
type Heading = fn(&str, Scale<'_>) -> Markup;

/// The heading where the page is about one run.
fn section_heading(text: &str, scale: Scale<'_>) -> Markup {
    html! { h2 { (text) (page_html::label(scale)) } }
}

/// The heading below the name of one run of several.
fn nested_heading(text: &str, scale: Scale<'_>) -> Markup {
    html! { h3 { (text) (page_html::label(scale)) } }
}

fn run_body(run: &Run<'_>, heading: Heading) -> Result<Markup> {
    let heading = |text| heading(text, run.scale());
    let loss = run.curve.as_ref().map(|curve| loss_chart(curve, CHART_SIZE)).transpose()?.flatten();
    let per_step = run.evaluation.as_ref().map(per_step_chart).transpose()?.flatten();
    let forecasts = run.samples.map(forecasts).transpose()?;
    Ok(html! {
        (run_facts(run))
        @match &run.evaluation {
            Some(result) => { (heading("Forecast error")) (error_table(result)) }
            None => p.notice { "This run has not been evaluated: nwm eval writes its errors." }
        }
        @if let Some(svg) = &per_step {
            (heading("Error of every frame"))
            (page_html::chart(svg,
                "Relative squared error against the predicted frame, logarithmic",
                "Mean over the test trajectories. Left of the line the model still sees the true \
                 frames; right of it, it forecasts."))
        }
        @if let Some(svg) = &loss {
            (heading("Training"))
            (page_html::chart(svg,
                "Loss against training step, logarithmic", "Loss of the training batches."))
        }
        @if let Some(forecasts) = &forecasts {
            (heading("Forecasts"))
            (forecasts)
        }
        @if let Some(config) = &run.config {
            details { summary { "Resolved configuration" } pre { (config) } }
        }
    })
}

fn run_facts(run: &Run<'_>) -> Markup {
    let record = &run.record;
    let result = run.evaluation.as_ref();
    let of_result = |value: &dyn Fn(&Evaluation) -> String| result.map(value).unwrap_or_default();
    page_html::facts(&[
        ("model", of_result(&|result| result.model.clone())),
        ("data", of_result(&|result| format!("{}, {} split", result.data, result.split))),
        ("preset", preset(run)),
        ("seed", record.seed.to_string()),
        ("status", record.status.clone()),
        ("training steps", count(record.steps)),
        ("training time", duration(record.seconds)),
        ("parameters", of_result(&|result| count(result.parameters))),
        ("test trajectories", of_result(&|result| count(result.trajectories))),
        ("frames seen", of_result(&|result| result.inference_steps.to_string())),
        ("horizon", of_result(&|result| result.horizon.clone())),
        (
            "checkpoint",
            of_result(&|result| {
                let hash: String = result.checkpoint.sha256.chars().take(12).collect();
                format!("step {}, sha-256 {hash}", result.checkpoint.step)
            }),
        ),
        ("commit", page_html::short_commit(&record.commit)),
        ("version", record.version.clone()),
        ("features", record.features.join(", ")),
        ("device", format!("{}, {} threads", record.device, record.threads)),
        ("started", record.started.clone()),
        ("ended", record.ended.clone().unwrap_or_default()),
        ("command", record.command.join(" ")),
    ])
}

/// Errors of the model beside those of predictors that know no dynamics.
fn error_table(result: &Evaluation) -> Markup {
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
fn metric(result: &Evaluation, key: &str) -> Option<f64> {
    result.metrics.get(key).copied().flatten()
}

/// A metric of a reference predictor; `None` when it is absent or not finite.
fn reference(result: &Evaluation, name: &str, key: &str) -> Option<f64> {
    result.references.get(name)?.get(key).copied().flatten()
}

/// A movie and a strip of frames for each trajectory.
fn forecasts(samples: &ForecastSamples) -> Result<Markup> {
    let trajectories = samples.trajectories()?;
    let selected = samples.selected(STRIP_FRAMES);
    let numbers: Vec<String> =
        selected.iter().map(|time| (samples.first_frame + time).to_string()).collect();
    let mut figures = Vec::with_capacity(trajectories);
    for trajectory in 0..trajectories {
        let movie = page_html::picture(
            "image/gif",
            &samples.movie(trajectory, 1, 2)?,
            samples.columns * 12,
            &format!("Movie of test trajectory {trajectory}: true, predicted, difference"),
            "True, predicted, absolute difference. The bar turns orange when the forecast begins.",
        );
        let strip = page_html::picture(
            "image/png",
            &samples.strip(trajectory, &selected)?,
            selected.len() * (samples.columns * 2 + 2),
            &format!("Frames {} of test trajectory {trajectory}", numbers.join(", ")),
            &format!("True above predicted above difference: frames {}.", numbers.join(", ")),
        );
        figures.push(html! { (movie) (strip) });
    }
    Ok(html! { @for figure in &figures { (figure) } })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::pages::fixtures::{three_seeds, tiny_samples};

    fn run_page(run_dir: &Path, samples: Option<&ForecastSamples>) -> Result<String> {
        runs_page(&[(run_dir, samples)])
    }

    #[test]
    fn a_run_page_shows_errors_charts_pictures_and_configuration() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        let page = run_page(&run_dir, Some(&tiny_samples(5))).unwrap();
        for expected in [
            "<h1>nwm_1d on mass_spring</h1>",
            "Reduced experiment (preset quick)",
            "c0ffee00c0ff with uncommitted changes",
            "1 min 02 s",
            "frames 3 to 4",
            "forecast begins",
            "# &lt;given&gt;",
            "data:image/gif;base64,R0lGOD",
            "data:image/png;base64,iVBOR",
            "True above predicted above difference: frames 1, 2, 3, 4, 5.",
        ] {
            assert!(page.contains(expected), "{expected:?} is missing");
        }
        assert_eq!(page.matches("<svg").count(), 2);
        // Extrapolation: 1 against 8 and 16 in units of 1e-8.
        let cells: String = page.split("frames 3 to 4").nth(1).unwrap().chars().take(300).collect();
        let row = cells.split("</tr>").next().unwrap();
        for number in [">1.00<", ">8.00<", ">16.00<", ">0.125<", ">0.062<"] {
            assert!(row.contains(number), "{number} is missing in {row}");
        }
    }

    #[test]
    fn runs_without_evaluation_or_metrics_still_have_a_page() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        for name in ["result.json", "metrics.csv", "resolved.toml"] {
            fs::remove_file(run_dir.join(name)).unwrap();
            run_page(&run_dir, None).unwrap();
        }
        // Stopped before its first row.
        fs::write(run_dir.join("metrics.csv"), "").unwrap();
        let page = run_page(&run_dir, None).unwrap();
        assert!(page.contains("has not been evaluated") && !page.contains("<svg"));
        fs::remove_file(run_dir.join("run.json")).unwrap();
        assert!(run_page(&run_dir, None).is_err());
    }

    #[test]
    fn several_runs_share_a_page() {
        let folder = three_seeds();
        let runs: Vec<_> =
            (0..2).map(|seed| folder.path().join(format!("spring-nwm_1d-seed{seed}"))).collect();
        let page = runs_page(&[(&runs[0], None), (&runs[1], Some(&tiny_samples(4)))]).unwrap();
        assert!(page.contains("<h1>2 runs</h1>"));
        for seed in 0..2 {
            assert!(page.contains(&format!("<th>spring-nwm_1d-seed{seed}</th>")));
        }
        assert_eq!(page.matches("data:image/gif").count(), 1);
        assert!(runs_page(&[]).is_err());
    }
}
