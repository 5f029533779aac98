//! Values of either sign as bytes, and a colour for every byte.
//!
//! Blue is below zero, red above, near-white is zero. Colours of the same distance from zero are
//! equally light, so that the picture reads the same in grey and in the common kinds of colour
//! blindness; lightness falls in equal steps from the middle to either end.

use super::ramp::{NOT_FINITE, mixed};

/// Colours from zero to the end of a side, at equal steps: OKLab lightness 0.96, 0.82, 0.68, 0.53,
/// 0.39 at the hues 252 and 32 degrees.
const BELOW: [[u8; 3]; 5] =
    [[243, 243, 243], [149, 201, 255], [74, 155, 240], [35, 111, 185], [15, 70, 123]];
const ABOVE: [[u8; 3]; 5] =
    [[243, 243, 243], [254, 173, 156], [228, 112, 90], [174, 72, 54], [115, 42, 30]];

/// The byte of zero; one step of a byte is `scale / STEPS`.
const ZERO: i32 = 128;
pub(super) const STEPS: i32 = 127;

/// Values as bytes: 128 is zero, 1 and 255 are `-scale` and `scale`, 0 is not finite.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignedLevels {
    /// The largest size of a finite value; 0 if there is none above it.
    pub scale: f64,
    /// One byte for each value.
    pub bytes: Vec<u8>,
}

impl SignedLevels {
    /// Rounds values to 255 levels between their largest size below and above zero.
    ///
    /// ```
    /// use nwm_analysis::figures::SignedLevels;
    ///
    /// let levels = SignedLevels::of(&[0.0, -0.5, 2.0, f32::NAN]);
    /// assert_eq!((levels.scale, levels.bytes), (2.0, vec![128, 96, 255, 0]));
    /// ```
    pub fn of(values: &[f32]) -> Self {
        let finite = values.iter().filter(|value| value.is_finite());
        let scale = f64::from(finite.fold(0.0_f32, |scale, value| scale.max(value.abs())));
        let level = |value: &f32| match f64::from(*value) / scale {
            _ if !value.is_finite() => 0,
            // Zero over zero.
            share if share.is_nan() => ZERO as u8,
            share => (ZERO + (share * f64::from(STEPS)).round() as i32) as u8,
        };
        Self { scale, bytes: values.iter().map(level).collect() }
    }
}

/// The colour of every byte of [`SignedLevels`].
pub fn signed_level_colours() -> [[u8; 3]; 256] {
    std::array::from_fn(|byte| match byte as i32 {
        0 => NOT_FINITE,
        level => signed_colour(level - ZERO),
    })
}

/// The colour `step` steps of [`STEPS`] from zero, `-STEPS` to `STEPS`.
pub(super) fn signed_colour(step: i32) -> [u8; 3] {
    mixed(if step < 0 { &BELOW } else { &ABOVE }, step.abs(), STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Luma of BT.601: close enough to lightness to order colours.
    fn lightness([red, green, blue]: [u8; 3]) -> f64 {
        0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)
    }

    #[test]
    fn colours_darken_from_zero_to_both_ends() {
        let colours = signed_level_colours();
        assert_eq!((colours[1], colours[128], colours[255]), (BELOW[4], BELOW[0], ABOVE[4]));
        for level in 1..128 {
            assert!(lightness(colours[level]) < lightness(colours[level + 1]) + 1e-9, "{level}");
        }
        for level in 128..255 {
            assert!(lightness(colours[level]) > lightness(colours[level + 1]) - 1e-9, "{level}");
        }
        // Blue below and red above, from the first steps on.
        assert!(colours[120][2] > colours[120][0] && colours[136][0] > colours[136][2]);
    }

    #[test]
    fn values_come_back_within_half_a_step() {
        let values: Vec<f32> = (-50..=37).map(|i| i as f32 * 0.013).collect();
        let levels = SignedLevels::of(&values);
        assert!((levels.scale - 0.65).abs() < 1e-6);
        for (value, byte) in values.iter().zip(&levels.bytes) {
            let shown = (f64::from(*byte) - 128.0) / 127.0 * levels.scale;
            assert!((shown - f64::from(*value)).abs() <= 0.5001 / 127.0 * levels.scale, "{value}");
        }
    }

    #[test]
    fn silence_is_zero_and_infinities_have_no_level() {
        let levels = SignedLevels::of(&[0.0, f32::INFINITY, f32::NAN]);
        assert_eq!((levels.scale, levels.bytes), (0.0, vec![128, 0, 0]));
        assert_eq!(SignedLevels::of(&[]).bytes, Vec::<u8>::new());
    }
}
