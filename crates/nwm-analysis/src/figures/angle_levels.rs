//! Angles as bytes, and a colour for every byte.
//!
//! Lightness goes once up and down in a turn, brightest at angle 0 (the crest of a wave) and darkest half a
//! turn away, so that the picture reads in grey; the hue tells the two flanks apart. First and last colour
//! are neighbours like any others.

use std::f64::consts::TAU;

/// Steps of a turn.
const STEPS: u8 = 255;
/// The colour of an angle that is not finite.
const NOT_FINITE: [u8; 3] = [128; 3];

/// OKLab lightness in the middle, how far it swings to either side, and the chroma. Every hue of these is
/// within sRGB.
const LIGHTNESS: f64 = 0.71;
const SWING: f64 = 0.14;
const CHROMA: f64 = 0.095;
/// The hue of angle 0, radians: yellow.
const FIRST_HUE: f64 = 1.6;

/// The byte of an angle in radians: 1 to 255 are equal steps of a turn from angle 0 on, 0 is not finite.
pub(super) fn angle_level(angle: f64) -> u8 {
    if !angle.is_finite() {
        return 0;
    }
    let turns = angle / TAU;
    let step = ((turns - turns.floor()) * f64::from(STEPS)).round() as u8 % STEPS;
    step + 1
}

/// The colour of every byte of [`angle_level`].
pub(super) fn angle_level_colours() -> [[u8; 3]; 256] {
    std::array::from_fn(|byte| match byte {
        0 => NOT_FINITE,
        _ => {
            let angle = TAU * (byte - 1) as f64 / f64::from(STEPS);
            let lightness = LIGHTNESS + SWING * libm::cos(angle);
            let hue = FIRST_HUE + angle;
            srgb([lightness, CHROMA * libm::cos(hue), CHROMA * libm::sin(hue)])
        }
    })
}

/// A colour of OKLab (Ottosson 2020) in sRGB.
fn srgb([lightness, a, b]: [f64; 3]) -> [u8; 3] {
    let cones = [
        lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        lightness - 0.089_484_177_5 * a - 1.291_485_548 * b,
    ]
    .map(|root| root * root * root);
    let linear = [
        [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
        [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
        [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701],
    ]
    .map(|weights| weights[0] * cones[0] + weights[1] * cones[1] + weights[2] * cones[2]);
    linear.map(|light| {
        let light = light.clamp(0.0, 1.0);
        let value = if light <= 0.003_130_8 {
            12.92 * light
        } else {
            1.055 * libm::pow(light, 1.0 / 2.4) - 0.055
        };
        (255.0 * value).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_come_back_within_half_a_step() {
        for step in -700..700 {
            let angle = f64::from(step) * 0.0173;
            let shown = TAU * f64::from(angle_level(angle) - 1) / 255.0;
            let error = crate::wrapped(shown - angle).abs();
            assert!(error <= 0.5001 * TAU / 255.0, "{angle}: {error}");
        }
        assert_eq!([0.0, TAU, -1e-9, f64::NAN, f64::INFINITY].map(angle_level), [1, 1, 1, 0, 0]);
    }

    #[test]
    fn known_colours_of_oklab() {
        assert_eq!(srgb([1.0, 0.0, 0.0]), [255; 3]);
        assert_eq!(srgb([0.0, 0.0, 0.0]), [0; 3]);
        assert_eq!(srgb([0.627_955, 0.224_863, 0.125_846]), [255, 0, 0]);
    }

    #[test]
    fn colours_have_no_seam_and_darken_away_from_zero() {
        let colours = angle_level_colours();
        for byte in 1..=255 {
            let next = if byte == 255 { 1 } else { byte + 1 };
            for channel in 0..3 {
                let step = colours[byte][channel].abs_diff(colours[next][channel]);
                assert!(step <= 5, "{byte}: {step}");
            }
            // Nothing was cut off at the ends of sRGB.
            assert!(colours[byte].iter().all(|&value| value > 10 && value < 250), "{byte}");
        }
        let grey = |byte: usize| colours[byte].iter().map(|&it| u32::from(it)).sum::<u32>();
        assert!(grey(1) > grey(64) && grey(64) > grey(128) && grey(128) < grey(192));
    }
}
