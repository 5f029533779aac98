//! Angles as bytes, and a colour for every byte.

use std::f64::consts::TAU;

use super::colour_map::ColourMap;

/// Steps of a turn.
const STEPS: u8 = 255;

/// The byte of an angle in radians: 1 to 255 are equal steps of a turn from angle 0 on, 0 is not finite.
pub(super) fn angle_level(angle: f64) -> u8 {
    if !angle.is_finite() {
        return 0;
    }
    let turns = angle / TAU;
    let step = ((turns - turns.floor()) * f64::from(STEPS)).round() as u8 % STEPS;
    step + 1
}

/// The colour of every byte of [`angle_level`], by [`ColourMap::Cyclic`].
pub(super) fn angle_level_colours() -> [[u8; 3]; 256] {
    std::array::from_fn(|byte| match byte {
        0 => ColourMap::NOT_FINITE,
        _ => ColourMap::Cyclic.colour((byte - 1) as f64 / f64::from(STEPS)),
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
    fn colours_are_those_of_the_circle_without_a_seam() {
        let colours = angle_level_colours();
        assert_eq!(
            (colours[0], colours[1]),
            (ColourMap::NOT_FINITE, ColourMap::Cyclic.colour(0.0))
        );
        for byte in 1..=255 {
            let next = if byte == 255 { 1 } else { byte + 1 };
            for channel in 0..3 {
                let step = colours[byte][channel].abs_diff(colours[next][channel]);
                assert!(step <= 8, "{byte}: {step}");
            }
        }
        let grey = |byte: usize| {
            let [red, green, blue] = colours[byte].map(f64::from);
            0.299 * red + 0.587 * green + 0.114 * blue
        };
        assert!(grey(1) > grey(64) && grey(64) > grey(128) && grey(128) < grey(192));
    }
}
