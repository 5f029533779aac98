//! The positions of a simulated cell as a film, in the colours of signed numbers.

use anyhow::{Context as _, Result};
use nwm_analysis::figures::{
    MovieOptions, RgbFrame, SheetOptions, SignedLevels, animated_gif, contact_sheet,
    signed_level_colours,
};
use nwm_models::simulation::MapTrajectory;

/// Frames of a film, at most.
const MOST_FRAMES: usize = 100;
/// Pixels of all frames of a film before magnification, at most.
const MOST_PIXELS: usize = 1 << 24;
/// Frames on a sheet of stills.
const STILLS: usize = 8;
/// The share of positions that the colours can tell apart: the pulse itself is much larger than its waves.
const WITHIN: f64 = 0.995;
/// Pixels of the longer side of a film and of a still, about.
const FILM_SIDE: usize = 256;
const STILL_SIDE: usize = 128;
/// Columns of pixels between maps.
const GAP: usize = 1;
const GAP_COLOUR: [u8; 3] = [255; 3];
const DELAY_HUNDREDTHS: u16 = 8;
/// Shades on either side of zero: more would make the file larger, and are not seen.
const SHADES: f64 = 16.0;

/// Pictures of evenly spaced steps.
pub(crate) struct WaveFilm {
    /// Steps from one frame to the next.
    pub(super) stride: usize,
    /// Magnified columns of a frame.
    pub(super) width: usize,
    /// The position of the darkest colours.
    pub(super) scale: f64,
    /// The number of every still's step, from 1.
    pub(super) still_steps: Vec<usize>,
    gif: Vec<u8>,
    stills: Vec<u8>,
}

impl WaveFilm {
    /// The film of maps of one size, side by side.
    pub(crate) fn of(maps: &[MapTrajectory], [rows, columns]: [usize; 2]) -> Result<Self> {
        let sites = rows * columns;
        let first = maps.first().context("show a simulation: found no map")?;
        let steps = first.positions.len() / sites;
        let most = (MOST_PIXELS / (sites * maps.len())).clamp(1, MOST_FRAMES);
        let stride = steps.div_ceil(most);
        // The last step is among them.
        let shown: Vec<usize> = (0..steps).rev().step_by(stride).collect();
        let shown: Vec<usize> = shown.into_iter().rev().collect();
        let values: Vec<f32> = shown
            .iter()
            .flat_map(|step| {
                maps.iter().flat_map(move |map| &map.positions[step * sites..][..sites])
            })
            .copied()
            .collect();
        let levels = SignedLevels::of(&within_most(values));
        let colours = signed_level_colours();
        let picture = |bytes: &[u8]| {
            let pixels = bytes.iter().flat_map(|level| colours[shade(*level)]).collect();
            RgbFrame::new(rows, columns, pixels)
        };
        let frames = levels
            .bytes
            .chunks_exact(sites * maps.len())
            .map(|frame| {
                let maps = frame.chunks_exact(sites).map(picture).collect::<Result<Vec<_>, _>>()?;
                RgbFrame::side_by_side(&maps.iter().collect::<Vec<_>>(), GAP, GAP_COLOUR)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let side = frames[0].rows().max(frames[0].columns());
        let magnification = (FILM_SIDE / side).max(1);
        let options = MovieOptions::default()
            .with_magnification(magnification)
            .with_delay_hundredths(DELAY_HUNDREDTHS);
        let chosen: Vec<usize> = (1..=STILLS.min(frames.len()))
            .map(|still| still * frames.len() / STILLS.min(frames.len()) - 1)
            .collect();
        let stills: Vec<RgbFrame> = chosen.iter().map(|&place| frames[place].clone()).collect();
        let in_a_row = if columns * maps.len() > 2 * rows { 2 } else { STILLS / 2 };
        let sheet = SheetOptions::default()
            .with_columns(in_a_row)
            .with_magnification((STILL_SIDE / side).max(1));
        Ok(Self {
            stride,
            width: frames[0].columns() * magnification,
            scale: levels.scale,
            still_steps: chosen.iter().map(|&place| shown[place] + 1).collect(),
            gif: animated_gif(&frames, options)?,
            stills: contact_sheet(&stills, sheet)?,
        })
    }

    /// The film as GIF.
    pub(crate) fn gif(&self) -> &[u8] {
        &self.gif
    }

    /// The stills as PNG.
    pub(super) fn stills(&self) -> &[u8] {
        &self.stills
    }
}

/// The level of the nearest of some shades; the one of values that are not finite stays.
fn shade(level: u8) -> usize {
    const STEP: f64 = 127.0 / SHADES;
    match level {
        0 => 0,
        level => (128.0 + (((f64::from(level) - 128.0) / STEP).round() * STEP).round()) as usize,
    }
}

/// The same values, those of the largest sizes cut to where most others are.
fn within_most(mut values: Vec<f32>) -> Vec<f32> {
    let mut sizes: Vec<f32> =
        values.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    if sizes.is_empty() {
        return values;
    }
    let place = ((sizes.len() - 1) as f64 * WITHIN) as usize;
    let (_, &mut most, _) = sizes.select_nth_unstable_by(place, f32::total_cmp);
    // Where nearly nothing moves, all of that is shown.
    if most > 0.0 {
        values.iter_mut().for_each(|value| *value = value.clamp(-most, most));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_reach_from_end_to_end() {
        let shades: std::collections::BTreeSet<usize> = (0..=255).map(shade).collect();
        assert_eq!((shades.len(), shades.first(), shades.last()), (34, Some(&0), Some(&255)));
        assert_eq!([1, 128].map(shade), [1, 128]);
    }

    #[test]
    fn the_largest_values_share_the_darkest_colour() {
        let values: Vec<f32> = (0..1000).map(|value| value as f32).collect();
        let cut = within_most(values);
        assert_eq!((cut[10], cut[994], cut[999]), (10.0, 994.0, 994.0));
        assert_eq!(within_most(vec![0.0; 9]), vec![0.0; 9]);
        let mut rare = vec![0.0; 1000];
        rare[7] = -3.0;
        assert_eq!(within_most(rare.clone()), rare);
        assert!(within_most(vec![f32::NAN])[0].is_nan());
    }
}
