//! The HTML of a player.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{Markup, html};

use super::super::angle_levels::angle_level_colours;
use super::super::diverging::signed_level_colours;
use super::{Arrows, Point, WavePlayer};
use crate::waves::CriticalKind;

/// Frames a second that a reader can choose from, and the one at the start.
const SPEEDS: [u32; 5] = [3, 6, 12, 24, 48];
const SPEED: u32 = 12;

/// Kinds with what the legend calls them. The script draws them by their place in this list.
const KINDS: [(CriticalKind, &str); 6] = [
    (CriticalKind::Source, "source"),
    (CriticalKind::Sink, "sink"),
    (CriticalKind::SpiralOut, "spiral out"),
    (CriticalKind::SpiralIn, "spiral in"),
    (CriticalKind::Rotation, "rotation"),
    (CriticalKind::Saddle, "saddle"),
];

impl WavePlayer {
    pub(super) fn markup(&self) -> Markup {
        let [frames, rows, columns] = self.shape;
        let arrows = self.arrows.as_ref();
        let time = self.time.as_ref();
        html! {
            figure.wave-player
                data-shape=(joined(&self.shape))
                data-signal=(STANDARD.encode(&self.signal.bytes))
                data-signal-scale=(self.signal.scale)
                data-signal-unit=(self.unit)
                data-signal-colours=(STANDARD.encode(signed_level_colours().concat()))
                data-phase=(STANDARD.encode(&self.phase))
                data-phase-colours=(STANDARD.encode(angle_level_colours().concat()))
                data-arrows=[arrows.map(|it| joined(&[it.spacing, it.first[0], it.first[1]]))]
                data-arrow-directions=[arrows.map(|it| STANDARD.encode(&it.directions))]
                data-arrow-lengths=[arrows.map(|it| STANDARD.encode(&it.lengths))]
                data-points=[self.points.as_deref().map(points)]
                data-start=[time.map(|it| it.start)]
                data-step=[time.map(|it| it.step)]
                data-time-unit=[time.map(|it| it.unit.as_str())]
            {
                p.wave-title { strong { (self.title) } " " span.wave-label {} }
                @if !self.labels.is_empty() { (labels(&self.labels)) }
                div.wave-body hidden {
                    div.wave-view {
                        canvas.wave-canvas tabindex="0" role="application"
                            aria-label={ (self.title) ": " (rows) " rows, " (columns) " columns" } {}
                        (transport(frames))
                    }
                    div.wave-panel {
                        (layers(&self.unit))
                        @if arrows.is_some() || self.points.is_some() {
                            (overlays(arrows, self.points.as_deref()))
                        }
                        (readout(arrows.is_some()))
                    }
                }
                p.wave-help hidden {
                    "Point at the picture to read its values, or focus it: arrow keys go from site to site, "
                    kbd { "space" } " plays and pauses, " kbd { "," } " and " kbd { "." }
                    " go a frame back and on, " kbd { "Home" } " and " kbd { "End" }
                    " to the first and the last."
                }
                noscript { p.notice { "The player needs JavaScript." } }
                @if !self.caption.is_empty() { figcaption { (self.caption) } }
            }
        }
    }
}

/// Which values are shown in colours, and what the colours mean.
fn layers(unit: &str) -> Markup {
    html! {
        fieldset.wave-layers {
            legend { "Colours" }
            label { input type="radio" value="signal" checked; "signal" }
            label { input type="radio" value="phase"; "phase" }
            div.wave-key {
                span.wave-low {} canvas.wave-ramp height="1" aria-hidden="true" {} span.wave-high {}
                @if !unit.is_empty() { span.wave-unit { (unit) } }
            }
        }
    }
}

/// What is drawn over the colours, with a legend of the kinds of points that there are.
fn overlays(arrows: Option<&Arrows>, points: Option<&[Vec<Point>]>) -> Markup {
    let occurs = |kind| points.into_iter().flatten().flatten().any(|point| point.kind == kind);
    html! {
        fieldset.wave-overlays {
            legend { "Overlays" }
            @if arrows.is_some() {
                label { input type="checkbox" value="arrows" checked; "directions of travel" }
            }
            @if points.is_some() {
                label { input type="checkbox" value="points" checked; "critical points" }
                ul.wave-legend {
                    @for (place, (_, name)) in
                        KINDS.iter().enumerate().filter(|(_, (kind, _))| occurs(*kind))
                    {
                        li { canvas data-kind=(place) aria-hidden="true" {} (name) }
                    }
                }
            }
        }
    }
}

/// The values of a site.
fn readout(has_arrows: bool) -> Markup {
    html! {
        dl.wave-readout aria-live="polite" {
            div { dt { "row, column" } dd data-value="site" { "–" } }
            div { dt { "signal" } dd data-value="signal" { "–" } }
            div { dt { "phase" } dd data-value="phase" { "–" } }
            @if has_arrows { div { dt { "direction" } dd data-value="direction" { "–" } } }
        }
    }
}

fn transport(frames: usize) -> Markup {
    html! {
        div.wave-transport {
            div {
                button type="button" { "Play" }
                input type="range" min="0" max=(frames - 1) value="0" aria-label="Frame";
                label { input type="checkbox" value="loop" checked; "loop" }
            }
            div {
                output aria-live="off" {}
                label {
                    select aria-label="Frames a second" {
                        @for speed in SPEEDS {
                            option value=(speed) selected[speed == SPEED] { (speed) }
                        }
                    }
                    "frames a second"
                }
            }
        }
    }
}

/// Labels with the frame from which on they hold.
fn labels(labels: &[String]) -> Markup {
    let starts =
        (0..labels.len()).filter(|&frame| frame == 0 || labels[frame] != labels[frame - 1]);
    html! {
        ol.wave-labels hidden { @for frame in starts { li data-from=(frame) { (labels[frame]) } } }
    }
}

/// `[frame, row, column, kind, turning]` of every point.
fn points(frames: &[Vec<Point>]) -> String {
    let mut text = String::from("[");
    for (frame, points) in frames.iter().enumerate() {
        for Point { place: [row, column], kind, turning } in points {
            let kind = KINDS.iter().position(|(known, _)| known == kind).unwrap_or(KINDS.len());
            let comma = if text.len() > 1 { "," } else { "" };
            // Writing to a string does not fail.
            let _ = write!(text, "{comma}[{frame},{row:.2},{column:.2},{kind},{turning}]");
        }
    }
    text.push(']');
    text
}

fn joined(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::waves::{CriticalPoint, VectorField};
    use crate::wrapped;

    const SHAPE: [usize; 3] = [3, 4, 5];

    /// A player whose values all differ, with a hole.
    fn player() -> (WavePlayer, Vec<f64>, Vec<f64>) {
        let mut signal: Vec<f64> = (0..60).map(|place| f64::from(place) * 0.1 - 2.0).collect();
        let mut phase: Vec<f64> = (0..60).map(|place| f64::from(place) * 0.37 - 9.0).collect();
        (signal[7], phase[7]) = (f64::NAN, f64::NAN);
        (WavePlayer::new("a wave", SHAPE, &signal, &phase).unwrap(), signal, phase)
    }

    fn attribute<'a>(html: &'a str, name: &str) -> &'a str {
        let (_, rest) = html.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0
    }

    fn bytes(html: &str, name: &str) -> Vec<u8> {
        STANDARD.decode(attribute(html, name)).unwrap()
    }

    #[test]
    fn a_page_holds_the_values_within_half_a_level() {
        let (player, signal, phase) = player();
        let html = player.html();
        assert_eq!(attribute(&html, "data-shape"), "3 4 5");
        let scale: f64 = attribute(&html, "data-signal-scale").parse().unwrap();
        let levels = bytes(&html, "data-signal");
        let angles = bytes(&html, "data-phase");
        assert_eq!((levels.len(), angles.len(), levels[7], angles[7]), (60, 60, 0, 0));
        for place in (0..60).filter(|&place| place != 7) {
            let shown = (f64::from(levels[place]) - 128.0) / 127.0 * scale;
            assert!((shown - signal[place]).abs() <= 0.501 * scale / 127.0, "{place}");
            let shown = f64::from(angles[place] - 1) / 255.0 * TAU;
            assert!(wrapped(shown - phase[place]).abs() <= 0.501 * TAU / 255.0, "{place}");
        }
        assert_eq!(bytes(&html, "data-signal-colours"), signed_level_colours().concat());
        assert_eq!(bytes(&html, "data-phase-colours"), angle_level_colours().concat());
        assert_eq!(html, player.html());
    }

    #[test]
    fn overlays_are_there_when_they_are_given() {
        let (player, ..) = player();
        let plain = player.html();
        for absent in ["data-arrows", "data-points", "data-step", "checkbox\" value=\"arrows\""] {
            assert!(!plain.contains(absent), "{absent}");
        }
        let values = vec![1.0_f64; 60];
        let field = VectorField { shape: SHAPE, row: values.clone(), column: values };
        let point = |kind, curl| CriticalPoint {
            place: [1.256, 3.0],
            kind,
            determinant: 1.0,
            trace: 1.0,
            curl,
            radius: 2,
        };
        let frames = [
            vec![point(CriticalKind::Source, 0.0)],
            vec![],
            vec![point(CriticalKind::Saddle, 0.0), point(CriticalKind::SpiralIn, -0.1)],
        ];
        let html = player
            .velocity(&field, 2)
            .unwrap()
            .critical_points(&frames)
            .unwrap()
            .time(0.0, 0.002, "s")
            .unwrap()
            .html();
        assert_eq!(attribute(&html, "data-arrows"), "2 1 1");
        // Rows 1 and 3, columns 1 and 3, an eighth of a turn: byte 1 + round(255 / 8).
        assert_eq!(bytes(&html, "data-arrow-directions"), [33; 12]);
        assert_eq!(bytes(&html, "data-arrow-lengths"), [255; 12]);
        let listed = "[[0,1.26,3.00,0,0],[2,1.26,3.00,5,0],[2,1.26,3.00,3,-1]]";
        assert_eq!(attribute(&html, "data-points"), listed);
        for (kind, shown) in [("source", true), ("spiral in", true), ("sink", false)] {
            assert_eq!(html.contains(&format!("</canvas>{kind}</li>")), shown, "{kind}");
        }
        assert_eq!(attribute(&html, "data-step"), "0.002");
    }

    #[test]
    fn labels_are_written_where_they_change() {
        let (player, ..) = player();
        let html = player.labels(["plane", "plane", "source"]).unwrap().html();
        let listed = "<li data-from=\"0\">plane</li><li data-from=\"2\">source</li>";
        assert!(html.contains(listed), "{html}");
    }

    #[test]
    fn texts_are_escaped() {
        let (player, ..) = player();
        let bad = "<b>\"&";
        let html = WavePlayer { title: bad.into(), ..player }
            .caption(bad)
            .unit(bad)
            .labels([bad; 3])
            .unwrap()
            .time(0.0, 1.0, bad)
            .unwrap()
            .html();
        assert!(!html.contains("<b>"));
        // Title, its repetition for readers of the screen, caption, label, and both units, one of them twice.
        assert_eq!(html.matches("&lt;b&gt;&quot;&amp;").count(), 7);
    }

    #[test]
    fn script_and_style_load_nothing_and_end_no_element() {
        let forbidden = [
            "http",
            "fetch",
            "import",
            "eval(",
            "innerHTML",
            "XMLHttp",
            "url(",
            "</",
            "<!--",
            "Function(",
        ];
        for text in [WavePlayer::SCRIPT, WavePlayer::STYLE] {
            for absent in forbidden {
                assert!(!text.contains(absent), "{absent}");
            }
        }
    }

    #[test]
    fn two_hundred_frames_take_less_than_three_megabytes() {
        let shape = [200, 64, 64];
        let values = vec![0.5_f32; 200 * 64 * 64];
        let field = VectorField { shape, row: values.clone(), column: values.clone() };
        let html = WavePlayer::new("", shape, &values, &values).unwrap();
        assert!(html.velocity(&field, 4).unwrap().html().len() < 3_000_000);
    }
}
