//! Frames of several models beside each other, at the same steps of their forecasts.

use anyhow::Result;
use maud::{Markup, html};
use nwm_analysis::figures::png;

use super::{forecast::ForecastSamples, html::data_uri, shown::Shown};

/// Frames after the first one that a model does not see, which is step 0.
const STEPS: [usize; 4] = [0, 10, 30, 60];

/// A column for each run with forecasts, true above predicted at every step that one of them has;
/// `None` if there is none.
pub(super) fn strips(shown: &[Shown<'_>]) -> Result<Option<Markup>> {
    let mut models = Vec::new();
    for Shown { name, samples, .. } in shown {
        if let Some(samples) = *samples
            && samples.trajectories()? > 0
        {
            models.push((*name, samples));
        }
    }
    let mut rows = Vec::new();
    for step in STEPS {
        if models.iter().any(|(_, samples)| samples.place_of_step(step).is_some()) {
            rows.push((step, cells(&models, step, "true")?, cells(&models, step, "predicted")?));
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(html! {
        figure {
            div.scroll { table.strips {
                thead { tr {
                    th { "step" } th {}
                    @for (name, samples) in &models {
                        th { (name) br; small.quiet { "from " (samples.inference_steps) } }
                    }
                } }
                @for (step, truths, predictions) in &rows {
                    tbody {
                        tr { th rowspan="2" { (step) } td.quiet { "true" }
                            @for picture in truths { td { (picture) } } }
                        tr { td.quiet { "predicted" }
                            @for picture in predictions { td { (picture) } } }
                    }
                }
            } }
            figcaption {
                "The first test trajectory. Step 0 is the first frame that a model does not see: the "
                "frame in the head of its column. Models that see more frames forecast later ones."
            }
        }
    }))
}

/// One picture for each model; an empty place where it has no such frame.
fn cells(models: &[(&str, &ForecastSamples)], step: usize, kind: &str) -> Result<Vec<Markup>> {
    let picture = |(name, samples): &(&str, &ForecastSamples)| {
        let Some(place) = samples.place_of_step(step) else { return Ok(html! { "–" }) };
        let movie = if kind == "true" { &samples.truth[0] } else { &samples.prediction[0] };
        let source = data_uri("image/png", &png(&samples.picture(movie, place)?)?);
        let frame = samples.inference_steps + step;
        Ok(html! { img src=(source) alt=(format!("{name}, {kind} frame {frame}")); })
    };
    models.iter().map(picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::tiny_samples;

    #[test]
    fn every_model_shows_the_steps_it_has() {
        // Frames 1 to 20; forecasts begin at frame 3, and at frame 15.
        let early = tiny_samples(20);
        let late = ForecastSamples { inference_steps: 15, ..tiny_samples(20) };
        let shown = |name, samples| Shown {
            name,
            colour: 0,
            evaluation: None,
            curve: None,
            samples: Some(samples),
        };
        let models = [shown("ar", &early), shown("nwm_1d", &late)];
        let page = strips(&models).unwrap().unwrap().into_string();
        for there in ["ar, true frame 3", "ar, predicted frame 13", "nwm_1d, predicted frame 15"] {
            assert!(page.contains(&format!("alt=\"{there}\"")), "{there} is missing in {page}");
        }
        assert!(!page.contains("nwm_1d, true frame 25") && page.contains("<td>–</td>"));
        assert_eq!(page.matches("<tbody>").count(), 2, "steps 0 and 10");
        assert!(strips(&[]).unwrap().is_none());
    }
}
