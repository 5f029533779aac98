//! Induced waves whose speed is known: bumps of activity on rings, and a decoder that draws what their place stands for.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::f64::consts::TAU;

use nwm_analysis::induced::{
    FilmErrors, InducedDirection, InducedSpeed, ShiftAxis, ShiftErrors, compare_with_control,
    matched_frames, mean_squared_errors, shifted_rings, shuffled_rings,
};
use nwm_analysis::statistics::BootstrapOptions;

const FRAMES: usize = 18;
const FILMS: usize = 24;
const PIXELS: usize = 30;
/// Maps, rings, sites.
const SHAPE: [usize; 3] = [1, 4, 24];

/// A film at a time in frames: every pixel swings with a phase of its own, twice as fast for every third.
fn picture(film: usize, time: f64) -> Vec<f64> {
    let pixel = |pixel: usize| {
        let phase = (film * 31 + pixel * pixel * 7 % 17) as f64;
        let turns = if pixel.is_multiple_of(3) { 2.0 } else { 1.0 };
        0.5 + 0.5 * (turns * TAU * time / FRAMES as f64 + phase).cos()
    };
    (0..PIXELS).map(pixel).collect()
}

/// A smooth bump at site 0 of every ring, with some activity of its own in every film.
fn state(film: usize) -> Vec<f64> {
    let site = |site: usize| {
        let [ring, place] = [site / SHAPE[2], site % SHAPE[2]];
        let way = (place as f64 / SHAPE[2] as f64 - 0.5).abs() - 0.5;
        (-(way * 8.0).powi(2)).exp() + 0.02 * ((film * 13 + ring * 5 + place * 11) as f64).sin()
    };
    (0..SHAPE[1] * SHAPE[2]).map(site).collect()
}

/// Draws the film at the time that the mean place of the bumps stands for, the fainter the less they agree.
fn decoded(film: usize, state: &[f64], speed: f64) -> Vec<f64> {
    let sites = SHAPE[2];
    let (mut down, mut right, mut whole) = (0.0, 0.0, 0.0);
    for (site, value) in state.iter().enumerate() {
        let angle = TAU * (site % sites) as f64 / sites as f64;
        (down, right, whole) =
            (down + value * angle.sin(), right + value * angle.cos(), whole + value);
    }
    let strength = (1.2 * right.hypot(down) / whole).min(1.0);
    let place = down.atan2(right).rem_euclid(TAU) * sites as f64 / TAU;
    // Just below site 0 is site 0, but for rounding.
    let place = if place > sites as f64 - 0.2 { 0.0 } else { place };
    let picture = picture(film, -place / speed);
    picture.into_iter().map(|value| 0.5 + strength * (value - 0.5)).collect()
}

/// Films, and decodings of shifted states and of shuffled ones.
fn shown(shifts: &[f64], speed: f64) -> [Vec<f64>; 3] {
    let [mut films, mut decodings, mut control] = [Vec::new(), Vec::new(), Vec::new()];
    for film in 0..FILMS {
        (0..FRAMES).for_each(|frame| films.extend(picture(film, frame as f64)));
        let state = state(film);
        let shuffled = shuffled_rings(&state, SHAPE, ShiftAxis::Column, 0, film as u64).unwrap();
        for (state, decodings) in [(&state, &mut decodings), (&shuffled, &mut control)] {
            for &shift in shifts {
                let moved = shifted_rings(state, SHAPE, shift, ShiftAxis::Column).unwrap();
                decodings.extend(decoded(film, &moved, speed));
            }
        }
    }
    [films, decodings, control]
}

#[test]
fn a_known_speed_is_measured_and_shuffled_rings_are_worse() {
    for (velocity, speed) in [(1.0, 0.75), (0.5, 0.75), (1.0, 1.0)] {
        let shifts: Vec<f64> = (0..=18).map(|step| velocity * f64::from(step)).collect();
        let [films, decodings, control] = shown(&shifts, speed);
        let shape = [FILMS, shifts.len(), PIXELS];
        let matches = matched_frames(&decodings, shape, &films, FRAMES).unwrap();
        let found = InducedSpeed::of(&matches, &shifts, FRAMES).unwrap();
        assert_eq!(found.direction(), InducedDirection::Backward);
        assert!((found.speed().unwrap() - speed).abs() < 0.01, "{speed}: {:?}", found.slope);
        assert!(found.common.start.abs() < 0.3, "{:?}", found.common);

        let truth: Vec<f64> = (0..FILMS)
            .flat_map(|film| shifts.iter().map(move |&shift| (film, shift)))
            .flat_map(|(film, shift)| picture(film, found.expected_frame(shift)))
            .collect();
        let mean_images = vec![0.5; truth.len()];
        let error = |pictures: &[f64]| mean_squared_errors(pictures, &truth, shape).unwrap();
        let errors = FilmErrors {
            induced: &error(&decodings),
            control: &error(&control),
            mean_image: &error(&mean_images),
        };
        let compared =
            compare_with_control(errors, shifts.len(), BootstrapOptions::default()).unwrap();
        assert!(compared.iter().all(ShiftErrors::beats_control), "{compared:?}");
        for at in &compared {
            assert!(at.induced.mean < 0.3 * at.control.mean, "{at:?}");
            assert!(at.induced.mean < 0.3 * at.mean_image.mean, "{at:?}");
        }
    }
}

#[test]
fn shuffled_rings_alone_beat_no_control() {
    let shifts: Vec<f64> = (0..=18).map(f64::from).collect();
    let [_, _, control] = shown(&shifts, 0.75);
    let shape = [FILMS, shifts.len(), PIXELS];
    let truth: Vec<f64> = (0..FILMS)
        .flat_map(|film| shifts.iter().map(move |&shift| (film, shift)))
        .flat_map(|(film, shift)| picture(film, -shift / 0.75))
        .collect();
    let one = mean_squared_errors(&control, &truth, shape).unwrap();
    let errors = FilmErrors { induced: &one, control: &one, mean_image: &one };
    let compared = compare_with_control(errors, shifts.len(), BootstrapOptions::default()).unwrap();
    assert!(!compared.iter().any(ShiftErrors::beats_control));
}
