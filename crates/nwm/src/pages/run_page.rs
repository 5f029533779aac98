//! The page of one training run, and of several beside each other.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maud::{Markup, html};

use super::{
    answers::{answer_table, confusion, headline},
    comparison::energies,
    error_table::{error_table, metric, reference},
    figures::{accuracy_chart, loss_chart, per_step_chart, wave_charts},
    films::{self, Films, bound_table, wave_table},
    forecast::ForecastSamples,
    html as page_html,
    number::{count, duration, in_unit, quotient, ratio},
    player::{players, script},
    run_files::{Evaluation, RunRecord, read_resolved_config},
    scale::Scale,
    shown::Shown,
    training_curve::TrainingCurve,
};

/// Frames in the strip of a trajectory.
const STRIP_FRAMES: usize = 10;
const CHART_SIZE: [u32; 2] = [760, 320];
const WAVE_CHART_SIZE: [u32; 2] = [560, 240];

/// All that is known about a run from its folder.
struct Run<'a> {
    name: String,
    record: RunRecord,
    evaluation: Option<Evaluation>,
    curve: Option<TrainingCurve>,
    config: Option<String>,
    samples: Option<&'a ForecastSamples>,
    /// Of a variational model.
    films: Option<Films>,
}

impl<'a> Run<'a> {
    fn read(run_dir: &Path, samples: Option<&'a ForecastSamples>) -> Result<Self> {
        let name = match run_dir.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => run_dir.display().to_string(),
        };
        let evaluation = Evaluation::read(run_dir)?;
        Ok(Self {
            name,
            record: RunRecord::read(run_dir)?,
            films: Films::read(run_dir, evaluation.as_ref())?,
            evaluation,
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

    /// The run where a page shows one of many.
    fn shown(&self) -> Shown<'_> {
        Shown {
            name: self.evaluation.as_ref().map_or(&self.name, |result| &result.model),
            colour: 0,
            evaluation: self.evaluation.as_ref(),
            curve: self.curve.as_ref(),
            samples: self.samples,
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
    // One script plays what any of the runs shows.
    let has_player = runs.iter().any(|(_, samples)| samples.is_some_and(|it| !it.truth.is_empty()));
    let script = has_player.then(script);
    let film_script = read.iter().any(|run| run.films.is_some()).then(films::script);
    let scripts =
        html! { @for script in [&script, &film_script].into_iter().flatten() { (script) } };
    if let [run] = &read[..] {
        let body = html! { (run_body(run, section_heading)?) (scripts) };
        return Ok(page_html::page(&run.title(), run.scale(), &body));
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
        (scripts)
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
                            @match headline(result) {
                                Some(score) => td.number { (score) }
                                None => td.number { (in_units_of(result.unit, own)) }
                            }
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
    let waves = match &run.curve {
        Some(curve) => wave_charts(curve, WAVE_CHART_SIZE)?,
        None => Vec::new(),
    };
    let accuracy =
        run.curve.as_ref().map(|curve| accuracy_chart(curve, CHART_SIZE)).transpose()?.flatten();
    let forecast = run.evaluation.as_ref().filter(|result| result.task == "forecast");
    let per_step = forecast.map(per_step_chart).transpose()?.flatten();
    let confused = run.evaluation.as_ref().map(confusion).transpose()?.flatten();
    let measured = run.evaluation.as_ref().and_then(wave_table);
    let films = run.films.as_ref().map(Films::markup).transpose()?;
    let shown = [run.shown()];
    let player = players(&shown)?;
    let energy = match &run.evaluation {
        Some(result) => energies(&result.data, &shown)?,
        None => None,
    };
    let forecasts = run.samples.map(forecasts).transpose()?;
    Ok(html! {
        (run_facts(run))
        @match &run.evaluation {
            Some(result) => @match result.task.as_str() {
                "sequence" => { (heading("Answers")) (answer_table(result)) }
                "variational" => { (heading("Lower bound")) (bound_table(result)) }
                _ => { (heading("Forecast error")) (error_table(result)) }
            }
            None => p.notice { "This run has not been evaluated: nwm eval writes its errors." }
        }
        @if let Some(confused) = &confused { (heading("Classes")) (confused) }
        @if let Some(measured) = &measured { (heading("Waves of the trained model")) (measured) }
        @if let Some(films) = &films { (heading("A film")) (films) }
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
        @if let Some(svg) = &accuracy {
            (heading("Accuracy"))
            (page_html::chart(svg,
                "Share of right answers against training step",
                "Share of right answers in the training batches, and in the validation set if there is one."))
        }
        @if !waves.is_empty() {
            (heading("Waves of the hidden state"))
            @for (name, svg) in &waves {
                (page_html::chart(svg, &format!("{name} against training step"), &sentence(name)))
            }
        }
        @if let Some(player) = &player { (heading("Play the forecast")) (player) }
        @if let Some(energy) = &energy { (heading("Energy")) (energy) }
        @if let Some(forecasts) = &forecasts {
            (heading("Forecasts"))
            (forecasts)
        }
        @if let Some(config) = &run.config {
            details { summary { "Resolved configuration" } pre { (config) } }
        }
    })
}

/// What a chart of waves shows.
fn sentence(name: &str) -> String {
    let mut letters = name.chars();
    let capital = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!(
        "{capital}{} of the hidden state while it forecasts; dashed, the mean over the same states without waves: their \
         sites shuffled, or for synchrony shifted in time.",
        letters.as_str()
    )
}

fn run_facts(run: &Run<'_>) -> Markup {
    let record = &run.record;
    let result = run.evaluation.as_ref();
    let of_result = |value: &dyn Fn(&Evaluation) -> String| result.map(value).unwrap_or_default();
    let task = result.map(|result| result.task.as_str());
    let forecasts = result.filter(|_| task == Some("forecast"));
    let forecast = |value: &dyn Fn(&Evaluation) -> String| forecasts.map(value).unwrap_or_default();
    let tested = match task {
        Some("sequence") => "test sequences",
        Some("variational") => "test films",
        _ => "test trajectories",
    };
    page_html::facts(&[
        ("model", of_result(&|result| result.model.clone())),
        ("data", of_result(&|result| format!("{}, {} split", result.data, result.split))),
        ("preset", preset(run)),
        ("seed", record.seed.to_string()),
        ("status", record.status.clone()),
        ("training steps", count(record.steps)),
        ("training time", duration(record.seconds)),
        ("parameters", of_result(&|result| count(result.parameters))),
        (tested, of_result(&|result| count(result.trajectories))),
        ("frames seen", forecast(&|result| result.inference_steps.to_string())),
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
        ("device", format!("{}, {} threads", record.device_text(), record.threads)),
        ("started", record.started.clone()),
        ("ended", record.ended.clone().unwrap_or_default()),
        ("command", record.command.join(" ")),
    ])
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
            "<h1>nwm_1d on mass_spring <span class=\"label\">reduced, preset quick</span></h1>",
            "Reduced experiment (preset quick)",
            "c0ffee00c0ff with uncommitted changes",
            "1 min 02 s",
            "frames 3 to 4",
            "<h2>Play the forecast <span",
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
    fn a_run_without_a_mean_squared_error_shows_its_loss() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        fs::write(run_dir.join("metrics.csv"), "step,loss,mse\n1,2.3,\n2,1.9,\n").unwrap();
        let page = run_page(&run_dir, None).unwrap();
        assert!(page.contains("<h2>Training <span"));
        assert!(page.contains(">\nloss\n<"));
        assert!(!page.contains(">\nmean squared error\n<"), "a name without a line");
    }

    #[test]
    fn a_run_page_shows_the_waves_that_were_measured() {
        let folder = three_seeds();
        let run_dir = folder.path().join("spring-nwm_1d-seed0");
        fs::write(
            run_dir.join("metrics.csv"),
            "step,loss,mse,waves_pgd,waves_pgd_null,waves_pgd_p,waves_sync,waves_sync_null\n\
             1,0.5,0.4,,,,,\n2,0.4,0.3,0.25,0.125,0.05,,\n4,0.3,0.2,0.5,0.125,0.05,,\n",
        )
        .unwrap();
        let page = run_page(&run_dir, None).unwrap();
        assert!(page.contains("<h2>Waves of the hidden state <span"));
        assert!(page.contains("Agreement of phase gradients of the hidden state"));
        assert!(!page.contains("Synchrony of the hidden state"), "never measured");
        assert_eq!(page.matches("<svg").count(), 3);
    }

    #[test]
    fn several_runs_share_a_page() {
        let folder = three_seeds();
        let runs: Vec<_> =
            (0..2).map(|seed| folder.path().join(format!("spring-nwm_1d-seed{seed}"))).collect();
        let page = runs_page(&[(&runs[0], None), (&runs[1], Some(&tiny_samples(4)))]).unwrap();
        assert!(page.contains("<h1>2 runs <span"));
        for seed in 0..2 {
            assert!(page.contains(&format!("<th>spring-nwm_1d-seed{seed}</th>")));
        }
        assert_eq!(page.matches("data:image/gif").count(), 1);
        assert_eq!(page.matches("<figure class=\"player\"").count(), 1);
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(runs_page(&[]).is_err());
    }
}
