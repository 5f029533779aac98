//! The page of induced waves.

use maud::{Markup, html};
use nwm_analysis::induced::FEWEST_COMPARED_FILMS;
use nwm_analysis::statistics::Summary;
use nwm_train::InducedWaves;

use super::html::{chart, facts, page, picture, short_commit};
use super::induced_figures::InducedFigures;
use super::scale::Scale;
use crate::commands::induce::{sentence, sentence_on_control};

/// The page of an analysis with its pictures.
pub(crate) fn induced_page(waves: &InducedWaves, figures: &InducedFigures) -> String {
    let about = &waves.about;
    let title = format!("Induced waves of {} on {}", about.model.as_str(), about.data);
    let body = html! {
        p.lead { (sentence(waves)) ". " (sentence_on_control(waves)) "." }
        (found(waves))
        h2 { "Films, reconstructions, decodings of moved states" }
        (chart(&figures.strips, "Frames of films, their reconstructions and induced decodings",
            "Input: one whole period of a film. Reconstruction: each frame as the model predicts it from those before, the first \
             one from the whole film. Induced: the last state, moved by so many steps and decoded; step 0 is the state as it is, which \
             predicts the first frame again. The decoding that first matches it again is outlined in yellow; later ones, in pink, lie \
             before the film began."))
        (picture("image/gif", &figures.film, figures.film_width, "True films and induced decodings, step by step",
            "Above what the decodings should show at the measured speed, below the decodings."))
        h2 { "Speed" }
        (chart(&figures.matches, "Matched frame against shift",
            "The frame that decodings are nearest to, counted on around the film. Frame 0 is the one after the last."))
        h2 { "Errors" }
        (chart(&figures.errors, "Error against shift",
            "Squared error against the film at the measured speed, mean over pixels and films, with 95 % intervals of the mean."))
        (shifts(waves))
        h2 { "How to read this" }
        (advice(waves))
    };
    page(&title, Scale::of(about.preset.as_deref(), about.published), &body)
}

fn found(waves: &InducedWaves) -> Markup {
    let (about, speed) = (&waves.about, &waves.speed);
    let [maps, rows, columns] = about.state;
    let sites = match maps {
        1 => format!("{rows} x {columns}"),
        _ => format!("{maps} maps of {rows} x {columns}"),
    };
    let topology = match about.topology {
        nwm_models::TopologyName::Rings => "rings",
        _ => "torus",
    };
    let interval = speed
        .speed_interval95()
        .map_or_else(String::new, |[low, high]| format!(", 95 % {low:.3} to {high:.3}"));
    facts(&[
        ("direction", speed.direction().name().to_owned()),
        (
            "speed",
            speed
                .speed()
                .map_or_else(String::new, |speed| format!("{speed:.3} sites per frame{interval}")),
        ),
        ("frames per site", format!("{:.3}", speed.slope.median)),
        (
            "one round",
            speed.sites_per_round().map_or_else(String::new, |sites| format!("{sites:.1} sites")),
        ),
        ("frame of the unmoved state", format!("{:.1}", speed.common.start)),
        ("distance of matches from their line", format!("{:.2} frames", speed.common.deviation)),
        ("films", about.films.to_string()),
        ("steps", format!("{} of {} sites along the {}s", about.steps, about.velocity, about.axis)),
        ("state", format!("{sites}, {topology}")),
        ("checkpoint", format!("step {}", about.checkpoint.step)),
        ("seed", about.seed.to_string()),
        ("preset", about.preset.clone().unwrap_or_default()),
        ("trained by", short_commit(&about.commit)),
        ("program", format!("nwm {}", env!("CARGO_PKG_VERSION"))),
    ])
}

fn shifts(waves: &InducedWaves) -> Markup {
    let mean = |summary: &Summary| format!("{:.4}", summary.mean);
    let first_round = waves.shifts_of_first_round();
    html! {
        details {
            summary { "Every shift" }
            div.scroll { table {
                thead { tr {
                    th.number { "step" } th.number { "sites" } th.number { "true frame" } th.number { "shifted" }
                    th.number { "shuffled" } th.number { "mean image" } th.number { "difference" } th.number { "95 %" }
                    th.number { "p, adjusted" } th { "" }
                } }
                tbody { @for (step, (&shift, at)) in waves.shifts.iter().zip(&waves.errors).enumerate() { tr {
                    td.number { (step) }
                    td.number { (format!("{shift:.2}")) }
                    td.number { (format!("{:.1}", waves.speed.expected_frame(shift))) }
                    td.number { (mean(&at.induced)) }
                    td.number { (mean(&at.control)) }
                    td.number { (mean(&at.mean_image)) }
                    @match at.difference {
                        Some(found) => {
                            td.number { (format!("{:+.4}", found.difference)) }
                            td.number { (format!("{:+.4} to {:+.4}", found.interval95[0], found.interval95[1])) }
                        }
                        None => { td.missing { "–" } td.missing { "–" } }
                    }
                    @match at.adjusted_p_value {
                        Some(p) => td.number { (format!("{p:.4}")) },
                        None => td.missing { "–" },
                    }
                    td { @if step >= first_round { "later round" } }
                } } }
            } }
        }
    }
}

fn advice(waves: &InducedWaves) -> Markup {
    let quarter = waves.about.frames as f64 / 4.0;
    html! {
        ul {
            li { "No step of the cell is taken: the last positions are shifted and decoded, and velocities play no part." }
            li { "The speed is the median over films of a line through the matched frames, fitted around the circle by absolute \
                  deviations, since some digits look alike after half a turn. Its interval holds for any distribution, and is of \
                  films, not of training seeds." }
            li { "Matches that follow no line are about " (format!("{quarter:.1}")) " frames away from any; those of a decoder that draws the same picture \
                  everywhere lie on a flat one." }
            li { "Shuffled rings have the same activity in every ring, in other places. The mean image is that of the film's own \
                  frames, which a decoder that knows the digit and not its angle would draw." }
            li { "The true film runs at the speed that the decodings themselves have, from frame 0 on. Differences are film by film, \
                  by a bootstrap over films; p is corrected for the number of shifts by Holm's method. Fewer than "
                (FEWEST_COMPARED_FILMS) " films are not compared." }
        }
    }
}
