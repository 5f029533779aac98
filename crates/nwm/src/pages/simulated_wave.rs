//! A wave as it was measured in a simulation, beside the one that linear theory predicts.

use std::f64::consts::TAU;
use std::fmt;

use maud::{Markup, html};
use nwm_analysis::waves::Mode;
use nwm_models::simulation::PlaneWave;
use serde_json::{Value, json};

/// Below this index waves go to opposite sides alike, and the direction of one of them means nothing.
const TRAVELS: f64 = 0.5;

/// The strongest wave of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimulatedWave {
    pub(crate) mode: Mode,
    pub(crate) travel_index: f64,
    pub(crate) mode_share: f64,
    /// The wave with the same wave number by linear theory.
    pub(crate) predicted: PlaneWave,
}

impl SimulatedWave {
    /// Sites; none if all sites agree.
    fn wavelength(&self) -> Option<f64> {
        let [down, right] = self.mode.wave_number;
        Some(down.hypot(right).recip()).filter(|length| length.is_finite())
    }

    /// Radians, zero toward larger columns; none if all sites agree.
    fn direction(&self) -> Option<f64> {
        let [down, right] = self.mode.wave_number;
        self.wavelength().map(|_| down.atan2(right))
    }

    /// What was measured, in sites, steps and radians.
    pub(crate) fn measured_json(&self) -> Value {
        json!({
            "frequency": self.mode.frequency,
            "wavelength": self.wavelength(),
            "speed": finite(self.mode.phase_speed()),
            "direction": self.direction(),
            "wave_number": self.mode.wave_number,
            "travel_index": finite(self.travel_index),
            "mode_share": finite(self.mode_share),
        })
    }

    /// What linear theory predicts.
    pub(crate) fn predicted_json(&self) -> Value {
        json!({
            "frequency": self.predicted.frequency,
            "speed": finite(self.predicted.speed()),
            "growth": self.predicted.growth,
        })
    }

    /// The table of both.
    pub(super) fn table(&self) -> Markup {
        let (measured, predicted) = (&self.mode, &self.predicted);
        let row = |name: &str, unit: &str, [measured, predicted]: [f64; 2]| {
            html! {
                tr {
                    th { (name) } td.quiet { (unit) }
                    td.number { (number(measured)) } td.number { (number(predicted)) }
                    td.number { (difference(measured, predicted)) }
                }
            }
        };
        let alone = |name: &str, unit: &str, value: String| {
            html! { tr {
                th { (name) } td.quiet { (unit) } td.number { (value) }
                td.number.missing { "–" } td.number.missing { "–" }
            } }
        };
        html! {
            div.scroll { table {
                thead { tr {
                    th { "strongest wave" } th {} th.number { "measured" }
                    th.number { "linear theory" } th.number { "difference" }
                } }
                tbody {
                    (row("frequency", "cycles per step", [measured.frequency, predicted.frequency]))
                    @if self.wavelength().is_some() {
                        (row("phase speed", "sites per step",
                            [measured.phase_speed(), predicted.speed()]))
                    }
                    (alone("wavelength", "sites", self.wavelength().map_or_else(
                        || "all sites alike".to_owned(), |length| format!("{length:.2}"))))
                    (alone("direction", "", self.heading()))
                    (alone("travel index", "0 to 1", format!("{:.2}", self.travel_index)))
                    (alone("share of all power", "", format!("{:.1} %", 100.0 * self.mode_share)))
                }
            } }
        }
    }

    /// Where it goes, in words.
    fn heading(&self) -> String {
        match self.direction() {
            None => "none".to_owned(),
            Some(_) if self.travel_index < TRAVELS => "opposite ways alike".to_owned(),
            Some(direction) => format!("{} ({:.0}°)", side(direction), direction.to_degrees()),
        }
    }
}

impl fmt::Display for SimulatedWave {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(wavelength) = self.wavelength() else {
            let frequency = number(self.mode.frequency);
            return write!(formatter, "all sites swing together, {frequency} cycles per step");
        };
        let [measured, predicted] = [self.mode.phase_speed(), self.predicted.speed()];
        write!(
            formatter,
            "strongest wave: {wavelength:.1} sites long, {} sites per step ({} by linear theory), {}",
            number(measured),
            number(predicted),
            self.heading()
        )
    }
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// Four decimals.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.4}") } else { "–".to_owned() }
}

fn difference(measured: f64, predicted: f64) -> String {
    let percent = 100.0 * (measured / predicted - 1.0);
    if percent.is_finite() { format!("{percent:+.1} %") } else { "–".to_owned() }
}

/// The nearest of eight sides of a picture.
pub(crate) fn side(direction: f64) -> &'static str {
    const SIDES: [&str; 8] = [
        "right",
        "down and right",
        "down",
        "down and left",
        "left",
        "up and left",
        "up",
        "up and right",
    ];
    SIDES[(direction / TAU * 8.0).round().rem_euclid(8.0) as usize % 8]
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    #[test]
    fn directions_have_the_sides_of_a_picture() {
        let sides = [0.0, FRAC_PI_2, PI, -PI, -FRAC_PI_2, 3.0, -0.8].map(side);
        assert_eq!(sides, ["right", "down", "left", "left", "up", "left", "up and right"]);
    }

    #[test]
    fn differences_are_in_percent() {
        assert_eq!(difference(1.02, 1.0), "+2.0 %");
        assert_eq!(difference(1.0, 0.0), "–");
    }
}
