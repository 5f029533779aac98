//! Wave players in a browser: what a reader does to them, and what they show.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests stop the test, and a skipped test says so"
)]

mod browser;

use std::f64::consts::TAU;
use std::path::PathBuf;

use browser::Browser;
use nwm_analysis::figures::WavePlayer;
use nwm_analysis::waves::{Grid, critical_points, phase_gradient};
use tempfile::TempDir;

/// Every pixel of a site is told apart from its neighbours', and the picture is not square.
const SHAPE: [usize; 3] = [30, 12, 16];
const CALM: (&str, &str) = ("prefers-reduced-motion", "reduce");
const LIVELY: (&str, &str) = ("prefers-reduced-motion", "no-preference");
const WIDE: [u32; 2] = [1000, 900];

/// The phase of a wave on a torus that has a source, a sink and two saddles and moves on by a tenth of a
/// turn a frame.
fn phase() -> Vec<f64> {
    let [frames, rows, columns] = SHAPE;
    let mut phase = Vec::new();
    for frame in 0..frames {
        for row in 0..rows {
            for column in 0..columns {
                let [down, right] = [(row, rows), (column, columns)]
                    .map(|(place, all)| (TAU * (place as f64 + 0.25) / all as f64).cos());
                phase.push(TAU * 0.1 * frame as f64 + 1.2 * (down + right));
            }
        }
    }
    phase
}

fn player(title: &str) -> WavePlayer {
    let phase = phase();
    let signal: Vec<f64> = phase.iter().map(|phase| 2.0 * phase.cos()).collect();
    let velocity = phase_gradient(&phase, SHAPE, Grid::Torus).unwrap().negated();
    let points: Vec<_> =
        (0..SHAPE[0]).map(|frame| critical_points(&velocity, frame, Grid::Torus)).collect();
    assert!(points.iter().all(|points| points.len() == 4));
    let labels = (0..SHAPE[0]).map(|frame| if frame < 20 { "source" } else { "saddle" });
    WavePlayer::new(title, SHAPE, &signal, &phase)
        .unwrap()
        .velocity(&velocity, 4)
        .unwrap()
        .critical_points(&points)
        .unwrap()
        .labels(labels)
        .unwrap()
        .time(0.0, 0.25, "s")
        .unwrap()
        .unit("mV")
}

/// A page that may load nothing, with functions that look at its players.
fn page(players: &[WavePlayer]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    let players: String = players.iter().map(WavePlayer::html).collect();
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <style>:root {{ color-scheme: light dark; }}\n{}</style>{players}<script>{}</script>\
         <script>{LOOK}</script></html>",
        WavePlayer::STYLE,
        WavePlayer::SCRIPT,
    );
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// What tests ask of a page.
const LOOK: &str = r#"
const players = document.querySelectorAll(".wave-player");
const part = (selector, player = 0) => players[player].querySelector(selector);
const text = (selector, player = 0) => part(selector, player).textContent;
const value = (name) => text(`[data-value=${name}]`);
const frame = (player = 0) => Number(part("input[type=range]", player).value);
const place = (selector) => { const at = part(selector).getBoundingClientRect(); return [at.x, at.y, at.width, at.height]; };
/** A number that changes with any pixel. */
const picture = (player = 0) => {
  const canvas = part(".wave-canvas", player);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7);
};
const pixel = (x, y) => [...part(".wave-canvas").getContext("2d").getImageData(x, y, 1, 1).data];
/** Whether the corners of a site have the colour of its phase, from the bytes of the page. */
const shows = (row, column, scale) => {
  const byte = (name, place) => atob(players[0].dataset[name]).charCodeAt(place);
  const colour = 3 * byte("phase", row * 16 + column);
  const wanted = [0, 1, 2].map((channel) => byte("phaseColours", colour + channel)).join();
  return [0, scale - 1].every((inside) =>
    pixel(column * scale + inside, row * scale + inside).slice(0, 3).join() === wanted);
};
const choose = (selector) => { part(selector).click(); return picture(); };
const scrub = (frame, player = 0) => {
  part("input[type=range]", player).value = frame;
  part("input[type=range]", player).dispatchEvent(new Event("input"));
};
"#;

/// The page of some players in a browser, if there is one.
fn opened(
    players: &[WavePlayer],
    size: [u32; 2],
    setting: (&str, &str),
) -> Option<(Browser, TempDir)> {
    let mut browser = Browser::start()?;
    let (folder, path) = page(players);
    browser.open(&path, size, setting);
    browser.wait("part('.wave-canvas').width > 300");
    Some((browser, folder))
}

/// The middle of an element, in CSS pixels.
fn middle(browser: &mut Browser, selector: &str) -> [f64; 2] {
    let place = browser.value(&format!("place('{selector}')"));
    let [x, y, width, height] = [0, 1, 2, 3].map(|index| place[index].as_f64().unwrap());
    [x + width / 2.0, y + height / 2.0]
}

#[test]
fn it_plays_in_a_circle_pauses_and_is_scrubbed() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, LIVELY) else { return };
    assert_eq!(
        browser.value("[text('output'), text('.wave-label'), frame()].join()"),
        "0.00 s, frame 0,source,0"
    );
    browser.value("part('select').value = '48'");
    let [x, y] = middle(&mut browser, "button");
    browser.click(x, y);
    assert_eq!(browser.value("text('button')"), "Pause");
    browser.wait("frame() > 20");
    browser.wait("frame() < 10");
    browser.click(x, y);
    assert_eq!(browser.value("text('button')"), "Play");
    let stopped = browser.value("frame()");
    let later = "new Promise((done) => setTimeout(() => done(frame()), 200))";
    assert_eq!(browser.value(later), stopped);

    let first = browser.value("scrub(0), picture()");
    assert_ne!(browser.value("scrub(24), picture()"), first);
    assert_eq!(browser.value("text('output')"), "6.00 s, frame 24");
    assert_eq!(browser.value("text('.wave-label')"), "saddle");
    assert_eq!(
        browser.value("part('input[type=range]').getAttribute('aria-valuetext')"),
        "6.00 s, frame 24, saddle"
    );
    assert_eq!(browser.value("scrub(0), picture()"), first);

    // Without the loop it ends with the last frame, and starts anew.
    browser.value("part('input[value=loop]').click(), scrub(25)");
    browser.click(x, y);
    browser.wait("text('button') === 'Play' && frame() === 29");
    browser.value("part('select').value = '3'");
    browser.click(x, y);
    browser.wait("frame() > 0 && frame() < 29");
}

#[test]
fn those_who_want_little_motion_see_it_once_and_slowly() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, CALM) else { return };
    let settings =
        "[part('select').value, part('input[value=loop]').checked, text('button')].join()";
    assert_eq!(browser.value(settings), "3,false,Play");
}

#[test]
fn sites_are_whole_pixels_in_the_colours_of_their_layer() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, LIVELY) else { return };
    browser.value("choose('input[value=arrows]'), choose('input[value=points]')");
    let size = browser.value(
        "[part('.wave-canvas').width, part('.wave-canvas').height, place('.wave-canvas')[2]]",
    );
    let [width, height, shown] = [0, 1, 2].map(|index| size[index].as_f64().unwrap());
    let scale = width / 16.0;
    assert_eq!(scale.fract(), 0.0);
    assert_eq!((height, shown), (12.0 * scale, width / 2.0), "two device pixels a CSS pixel");
    let signal = browser.value("picture()");
    assert_ne!(browser.value("choose('input[value=phase]')"), signal);
    assert_eq!(browser.value("[text('.wave-low'), text('.wave-high')].join()"), "−π,π");

    // Colours of the first and the last pixel of sites, from the bytes of the page.
    for (row, column) in [(0, 0), (5, 11), (11, 15)] {
        let found = browser.value(&format!("shows({row}, {column}, {scale})"));
        assert_eq!(found, true, "{row} {column}");
    }
}

#[test]
fn overlays_change_the_picture() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, LIVELY) else { return };
    let both = browser.value("picture()");
    let points = browser.value("choose('input[value=arrows]')");
    let none = browser.value("choose('input[value=points]')");
    let arrows = browser.value("choose('input[value=arrows]')");
    for (one, other) in [(&both, &points), (&points, &none), (&none, &arrows), (&arrows, &both)] {
        assert_ne!(one, other);
    }
    assert_eq!(browser.value("choose('input[value=points]')"), both);
    assert_eq!(browser.value("text('.wave-legend')"), "sourcesinksaddle");
}

#[test]
fn the_pointer_reads_values() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, LIVELY) else { return };
    assert_eq!(browser.value("value('phase')"), "–");
    let place = browser.value("place('.wave-canvas')");
    let [x, y, width, height] = [0, 1, 2, 3].map(|index| place[index].as_f64().unwrap());
    let (row, column) = (6, 10);
    let plain = browser.value("picture()");
    browser.move_mouse(x + width * 10.5 / 16.0, y + height * 6.5 / 12.0);
    browser.wait("value('site') === '6, 10'");
    assert_ne!(browser.value("picture()"), plain, "the site has a frame");

    let phase = phase()[row * SHAPE[2] + column];
    let number =
        |text: &str| text.split(' ').next().unwrap().replace('−', "-").parse::<f64>().unwrap();
    let shown = browser.value("value('phase')");
    // Half a step of a byte, and half of the last digit.
    let error = nwm_analysis::wrapped(number(shown.as_str().unwrap()) - phase).abs();
    assert!(error < TAU / 510.0 + 0.006, "{shown} {phase}");
    let shown = browser.value("value('signal')");
    let shown = shown.as_str().unwrap();
    assert!(shown.ends_with(" mV") && (number(shown) - 2.0 * phase.cos()).abs() < 0.014, "{shown}");
    // The next arrow is that of the same site.
    let velocity = phase_gradient(&self::phase(), SHAPE, Grid::Torus).unwrap().negated();
    let site = row * SHAPE[2] + column;
    let direction = velocity.row[site].atan2(velocity.column[site]);
    let shown = browser.value("value('direction')");
    let error = nwm_analysis::wrapped(number(shown.as_str().unwrap()) - direction).abs();
    assert!(error < TAU / 510.0 + 0.006, "{shown} {direction}");

    browser.move_mouse(2.0, 2.0);
    browser.wait("value('site') === '–'");
    assert_eq!(browser.value("picture()"), plain);

    // A click keeps the site.
    browser.click(x + width * 3.5 / 16.0, y + height * 2.5 / 12.0);
    browser.move_mouse(2.0, 2.0);
    let later = "new Promise((done) => setTimeout(() => done(value('site')), 100))";
    assert_eq!(browser.value(later), "2, 3");
}

#[test]
fn everything_is_reached_by_keys() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], WIDE, LIVELY) else { return };
    browser.value("part('.wave-canvas').focus()");
    assert_eq!(browser.value("value('site')"), "6, 8");
    for (keys, site) in [
        (&["ArrowUp", "ArrowUp", "ArrowLeft"][..], "4, 7"),
        (&["ArrowDown", "ArrowRight", "ArrowRight"], "5, 9"),
        (&["ArrowUp"; 20], "0, 9"),
    ] {
        keys.iter().for_each(|key| browser.key(key));
        assert_eq!(browser.value("value('site')"), site);
    }
    for (key, frame) in
        [(".", 1), (".", 2), (",", 1), ("End", 29), (".", 29), ("Home", 0), (",", 0)]
    {
        browser.key(key);
        assert_eq!(browser.value("frame()"), frame, "{key}");
    }
    browser.key(" ");
    assert_eq!(browser.value("text('button')"), "Pause");
    browser.wait("frame() > 1");
    browser.key(" ");
    assert_eq!(browser.value("text('button')"), "Play");
    let described = "document.getElementById(part('.wave-canvas').getAttribute('aria-describedby')).textContent";
    assert!(browser.value(described).as_str().unwrap().contains("arrow keys"));
    browser.value("part('.wave-canvas').blur()");
    assert_eq!(browser.value("value('site')"), "–");
}

#[test]
fn players_of_a_page_do_not_know_each_other() {
    let players = [player("one"), player("other")];
    let Some((mut browser, _folder)) = opened(&players, WIDE, LIVELY) else { return };
    assert_eq!(browser.value("picture(0) === picture(1)"), true);
    browser.value("scrub(7, 1), choose('input[value=phase]')");
    assert_eq!(browser.value("[frame(0), frame(1)].join()"), "0,7");
    assert_eq!(browser.value("part('input[value=signal]', 1).checked"), true);
    assert_eq!(browser.value("part('input[value=signal]', 0).checked"), false);
    assert_eq!(
        browser.value("new Set([...document.querySelectorAll('[id]')].map((it) => it.id)).size"),
        2
    );
    browser.value("part('button', 1).click()");
    browser.wait("frame(1) > 9");
    assert_eq!(browser.value("[frame(0), text('button', 0)].join()"), "0,Play");
}

#[test]
fn it_fits_a_telephone() {
    let Some((mut browser, _folder)) = opened(&[player("a wave")], [390, 800], LIVELY) else {
        return;
    };
    assert_eq!(browser.value("document.documentElement.scrollWidth <= 390"), true);
    assert_eq!(browser.value("part('.wave-canvas').getBoundingClientRect().width > 300"), true);
}
