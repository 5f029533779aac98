//! Pictures of phases.

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::{colour_map::ColourMap, frames::RgbFrame, ramp::NOT_FINITE};
use crate::{Error, Real, Result, check};

/// A third of a turn as published, in radians.
const THIRD: f64 = 2.0944;

/// How a clip of phases is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhaseColours {
    /// By [`ColourMap::Cyclic`].
    #[default]
    Cyclic,
    /// As in the figures of neural wave machines: red, green and blue are `cos(phase)`, `cos(phase + 2.0944)`
    /// and `cos(phase - 2.0944)`, stretched from the smallest to the largest of the clip. Opposite phases can
    /// look alike to readers who do not see red or green.
    ThreeCosines,
}

/// A picture of phases `[row, column]` in radians, by [`ColourMap::Cyclic`]; values that are not finite are
/// grey.
///
/// # Errors
///
/// When the phases do not have the shape, or there are none.
///
/// ```
/// use nwm_analysis::figures::{ColourMap, phase_map};
/// use std::f64::consts::PI;
///
/// let picture = phase_map(&[0.0, PI, 3.0 * PI, f64::NAN], [2, 2])?;
/// assert_eq!(picture.pixel(0, 1), picture.pixel(1, 0));
/// assert_eq!(picture.pixel(1, 1), Some(ColourMap::NOT_FINITE));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
pub fn phase_map<T: Real>(phase: &[T], shape: [usize; 2]) -> Result<RgbFrame> {
    check::shape("phase [row, column]", phase, &shape)?;
    let [rows, columns] = shape;
    let colour = |phase: &T| ColourMap::Cyclic.colour(phase.widen() / TAU);
    RgbFrame::new(rows, columns, phase.iter().flat_map(colour).collect())
}

/// A picture of every frame of phases `[time, row, column]` in radians; values that are not finite are grey.
///
/// # Errors
///
/// When the phases do not have the shape, or there are none.
pub fn phase_clip<T: Real>(
    phase: &[T],
    shape: [usize; 3],
    colours: PhaseColours,
) -> Result<Vec<RgbFrame>> {
    check::shape("phase [time, row, column]", phase, &shape)?;
    if phase.is_empty() {
        return Err(Error::Empty { action: "colour phases", expected: "value" });
    }
    let [_, rows, columns] = shape;
    let frames = phase.par_chunks_exact(rows * columns);
    match colours {
        PhaseColours::Cyclic => frames.map(|frame| phase_map(frame, [rows, columns])).collect(),
        PhaseColours::ThreeCosines => {
            let [low, high] = frames
                .clone()
                .map(|frame| extremes(frame.iter().flat_map(|phase| three_cosines(phase.widen()))))
                .reduce(|| NONE, |a, b| [a[0].min(b[0]), a[1].max(b[1])]);
            frames
                .map(|frame| {
                    let colour = |phase: &T| stretched(three_cosines(phase.widen()), [low, high]);
                    RgbFrame::new(rows, columns, frame.iter().flat_map(colour).collect())
                })
                .collect()
        }
    }
}

fn three_cosines(phase: f64) -> [f64; 3] {
    [phase, phase + THIRD, phase - THIRD].map(libm::cos)
}

/// Nothing lies between these.
const NONE: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

/// The smallest and the largest; NaN are skipped.
fn extremes(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold(NONE, |[low, high], value| [low.min(value), high.max(value)])
}

fn stretched(values: [f64; 3], [low, high]: [f64; 2]) -> [u8; 3] {
    if values.iter().any(|value| value.is_nan()) {
        return NOT_FINITE;
    }
    values.map(|value| (255.0 * (value - low) / (high - low)).round() as u8)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    #[test]
    fn phases_have_the_colours_of_the_circle() {
        let colours = ColourMap::Cyclic.colours();
        let phase = [0.0, FRAC_PI_2, PI, -FRAC_PI_2, -PI, 7.0 * TAU];
        let picture = phase_map(&phase, [2, 3]).unwrap();
        assert_eq!((picture.rows(), picture.columns()), (2, 3));
        let levels = [0, 64, 128, 192, 128, 0];
        for (site, level) in levels.into_iter().enumerate() {
            assert_eq!(picture.pixel(site / 3, site % 3), Some(colours[level]), "{site}");
        }
        let single = phase_map(&phase.map(|phase| phase as f32), [2, 3]).unwrap();
        assert_eq!(single, picture);
    }

    #[test]
    fn missing_sites_are_grey() {
        let phase = [f64::NAN, 1.0, f64::INFINITY, 2.0];
        for colours in [PhaseColours::Cyclic, PhaseColours::ThreeCosines] {
            let clip = phase_clip(&phase, [2, 1, 2], colours).unwrap();
            for frame in clip {
                assert_eq!(frame.pixel(0, 0), Some(NOT_FINITE));
                assert_ne!(frame.pixel(0, 1), Some(NOT_FINITE));
            }
        }
    }

    #[test]
    fn a_clip_is_its_frames() {
        let phase: Vec<f64> = (0..24).map(|site| 0.37 * f64::from(site)).collect();
        let clip = phase_clip(&phase, [4, 2, 3], PhaseColours::Cyclic).unwrap();
        assert_eq!(clip.len(), 4);
        for (frame, phase) in clip.iter().zip(phase.chunks(6)) {
            assert_eq!(frame, &phase_map(phase, [2, 3]).unwrap());
        }
    }

    #[test]
    fn three_cosines_are_stretched_over_the_clip() {
        // Red is largest at 0 and smallest at pi; the others are cos(2.0944) = -0.5 and 0.5 there.
        let clip = phase_clip(&[0.0, PI], [2, 1, 1], PhaseColours::ThreeCosines).unwrap();
        assert_eq!(clip[0].pixel(0, 0), Some([255, 64, 64]));
        assert_eq!(clip[1].pixel(0, 0), Some([0, 191, 191]));
        // A clip of one phase spans -0.5 to 1 alone.
        let clip = phase_clip(&[0.0], [1, 1, 1], PhaseColours::ThreeCosines).unwrap();
        assert_eq!(clip[0].pixel(0, 0), Some([255, 0, 0]));
        // A little later red falls, green falls and blue rises.
        let clip = phase_clip(&[0.0, 0.5, PI], [1, 1, 3], PhaseColours::ThreeCosines).unwrap();
        let [red, green, blue] = clip[0].pixel(0, 1).unwrap();
        assert!(red < 255 && green < 64 && blue > 64);
    }

    #[test]
    fn shapes_are_checked() {
        assert!(matches!(phase_map(&[0.0; 5], [2, 3]), Err(Error::Length { found: 5, .. })));
        assert!(matches!(phase_map::<f64>(&[], [0, 3]), Err(Error::Empty { .. })));
        let colours = PhaseColours::default();
        assert!(matches!(phase_clip(&[0.0; 5], [2, 1, 3], colours), Err(Error::Length { .. })));
        assert!(matches!(phase_clip::<f32>(&[], [0, 2, 2], colours), Err(Error::Empty { .. })));
    }
}
