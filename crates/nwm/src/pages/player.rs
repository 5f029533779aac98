//! Forecasts that a reader plays: true, predicted and hidden positions, all at the same frame.
//!
//! A player is made of canvases with their data in attributes, and controls; one script
//! (`player.js`) draws those of the whole page. Frames are films, PNG without loss. Hidden positions
//! are one byte each, 255 levels between the largest size below and above zero, which is stated.

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{Markup, PreEscaped, html};
use nwm_analysis::figures::{RgbFrame, SignedLevels, png, signed_level_colours};

use super::{
    forecast::{ForecastSamples, Sheets},
    html::data_uri,
    shown::{SameTruth, Shown, by_truth},
};

const SCRIPT: &str = include_str!("player.js");

/// Frames a second that a reader can choose from, and the one at the start.
const SPEEDS: [u32; 4] = [3, 6, 12, 24];
const SPEED: u32 = 12;

/// What plays every player of a page; it stands once, after them.
pub(super) fn script() -> Markup {
    html! { script { (PreEscaped(SCRIPT)) } }
}

/// A player for the first trajectory of these runs: one for those with the same true frames.
/// `None` if no run has forecasts.
pub(super) fn players(shown: &[Shown<'_>]) -> Result<Option<Markup>> {
    let groups = by_truth(shown)?;
    let players = groups.iter().map(player).collect::<Result<Vec<_>>>()?;
    Ok((!players.is_empty()).then(|| html! { @for player in &players { (player) } }))
}

fn player(group: &SameTruth<'_>) -> Result<Markup> {
    let samples = group.samples;
    let colours = signed_level_colours();
    let truth = film(samples, group.truth(), "True frame")?;
    let mut models = Vec::with_capacity(group.runs.len());
    for (name, _, samples) in &group.runs {
        let predicted =
            film(samples, &samples.prediction[0], &format!("Frame predicted by {name}"))?;
        let hidden = samples.states.as_ref().map(|sheets| hidden(sheets, name));
        models.push(html! {
            div.model {
                div.name { strong { (name) } " " span.phase data-seen=(samples.inference_steps) {} }
                div.pictures { (predicted) @if let Some(hidden) = &hidden { (hidden) } }
            }
        });
    }
    let has_hidden = group.runs.iter().any(|(.., samples)| samples.states.is_some());
    Ok(html! {
        figure.player data-first=(samples.first_frame) data-colours=(STANDARD.encode(colours.concat())) {
            div.models {
                div.model { div.name { strong { "true" } span.phase {} } div.pictures { (truth) } }
                @for model in &models { (model) }
            }
            div.controls hidden {
                button type="button" { "Play" }
                input type="range" min="0" max=(samples.frames - 1) value="0" aria-label="Frame";
                output aria-live="off" { "frame " (samples.first_frame) }
                label {
                    select aria-label="Frames a second" {
                        @for speed in SPEEDS {
                            option value=(speed) selected[speed == SPEED] { (speed) }
                        }
                    }
                    " frames a second"
                }
            }
            noscript { p.notice { "The player needs JavaScript; the pictures below do not." } }
            figcaption {
                "The first test trajectory. Step 0 is the first frame that a model does not see."
                @if has_hidden {
                    " Beside a prediction, the hidden positions x of the oscillators, from "
                    span.ramp { "−s " img src=(data_uri("image/png", &ramp(&colours)?))
                        alt="blue over white to red" width="96" height="10"; " s" }
                    ", where s is the largest size on that sheet in the whole movie."
                    @for (name, ..) in &group.runs { (arrangement(name)) }
                }
            }
        }
    })
}

/// How the units of a model lie on its sheet, where that is not what it looks like.
fn arrangement(model: &str) -> &'static str {
    match model {
        "nwm_1d" => " Rows of nwm_1d are rings that know nothing of each other.",
        "cornn" => " Every unit of cornn is coupled to all, and their order means nothing.",
        _ => "",
    }
}

/// A canvas that shows the pictures of a movie.
fn film(samples: &ForecastSamples, movie: &[u8], description: &str) -> Result<Markup> {
    let film = data_uri("image/png", &samples.film(movie)?);
    Ok(html! {
        canvas role="img" aria-label=(description) width=(samples.columns) height=(samples.rows)
            data-film=(film) {}
    })
}

/// A canvas that shows the hidden positions of a model, and their scale.
fn hidden(sheets: &Sheets, name: &str) -> Markup {
    let levels = SignedLevels::of(sheets.values.first().map_or(&[], Vec::as_slice));
    let description = format!("Hidden positions of {name}");
    html! {
        div.hidden {
            canvas role="img" aria-label=(description) width=(sheets.columns) height=(sheets.rows)
                data-levels=(STANDARD.encode(&levels.bytes)) {}
            small { "s = " (significant(levels.scale)) }
        }
    }
}

/// Three digits.
fn significant(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if (1e-2..1e3).contains(&value) => {
            let decimals = (2.0 - value.log10().floor()).max(0.0) as usize;
            format!("{value:.decimals$}")
        }
        value => format!("{value:.2e}"),
    }
}

/// The colours in a row of pixels.
fn ramp(colours: &[[u8; 3]; 256]) -> Result<Vec<u8>> {
    // The first one stands for values that are not finite.
    let [_, levels @ ..] = colours;
    Ok(png(&RgbFrame::new(1, levels.len(), levels.concat())?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::tiny_samples;

    fn shown<'a>(name: &'a str, samples: &'a ForecastSamples) -> Shown<'a> {
        Shown { name, colour: 0, evaluation: None, curve: None, samples: Some(samples) }
    }

    #[test]
    fn models_share_the_true_frames_and_oscillators_show_theirs() {
        let plain = tiny_samples(4);
        let mut waves = tiny_samples(4);
        let values = (0..24).map(|place| place as f32 - 12.0).collect();
        waves.states = Some(Sheets { rows: 2, columns: 3, values: vec![values] });
        let page = players(&[shown("ar", &plain), shown("nwm_2d", &waves)]).unwrap().unwrap();
        let page = page.into_string();
        assert_eq!(page.matches("<figure class=\"player\"").count(), 1);
        assert_eq!(page.matches("data-film=\"data:image/png;base64,").count(), 3);
        assert_eq!(page.matches("data-levels=").count(), 1);
        assert!(page.contains("width=\"3\" height=\"2\" data-levels=\"AQ"), "-12 is level 1");
        assert!(page.contains("s = 12.0") && page.contains("max=\"3\""));
        assert!(page.contains("<span class=\"phase\" data-seen=\"3\">"));
        assert!(page.contains("<option value=\"12\" selected>"));
    }

    #[test]
    fn movies_of_their_own_have_players_of_their_own() {
        let (one, mut other) = (tiny_samples(4), tiny_samples(4));
        other.truth[0][0] = 7;
        let page = players(&[shown("a", &one), shown("b", &other)]).unwrap().unwrap();
        assert_eq!(page.into_string().matches("<figure class=\"player\"").count(), 2);
        assert!(players(&[]).unwrap().is_none());
    }

    #[test]
    fn the_script_asks_for_nothing() {
        for absent in ["http", "fetch", "import", "eval", "innerHTML", "XMLHttp", "</"] {
            assert!(!SCRIPT.contains(absent), "{absent}");
        }
    }

    #[test]
    fn scales_have_three_digits() {
        let values = [0.0, 0.012_34, 1.0, 12.34, 999.0, 1e-5, 12_345.0];
        let texts = ["0", "0.0123", "1.00", "12.3", "999", "1.00e-5", "1.23e4"];
        assert_eq!(values.map(significant), texts);
    }
}
