//! One palette for a whole movie.
//!
//! A palette of its own for every frame would make flat backgrounds flicker by a level or two, so
//! all frames share one. Up to 256 colours are kept exactly; beyond that, the box of colours with
//! the largest squared error is split at its mean until there are 256 boxes, and every colour
//! becomes the mean of its box. Soft discs over a flat background spend their few hundred shades
//! on the edges this way.

use std::collections::BTreeMap;

/// Most colours a GIF palette can hold.
const CAPACITY: usize = 256;

/// A palette and the place in it of every colour that was counted.
pub(super) struct Palette {
    colours: Vec<[u8; 3]>,
    index_of: BTreeMap<[u8; 3], u8>,
}

impl Palette {
    /// A palette for these pixels.
    pub(super) fn of(pixels: impl Iterator<Item = [u8; 3]>) -> Self {
        let mut counts = BTreeMap::<[u8; 3], u64>::new();
        for pixel in pixels {
            *counts.entry(pixel).or_default() += 1;
        }
        let counted: Vec<Counted> = counts.into_iter().collect();
        let boxes = if counted.len() <= CAPACITY {
            counted.into_iter().map(|colour| ColourBox::new(vec![colour])).collect()
        } else {
            split_into_boxes(counted)
        };
        let mut index_of = BTreeMap::new();
        for (index, colour_box) in (0..=u8::MAX).zip(&boxes) {
            index_of.extend(colour_box.colours.iter().map(|(colour, _)| (*colour, index)));
        }
        Self { colours: boxes.iter().map(ColourBox::mean_colour).collect(), index_of }
    }

    /// The colours as GIF wants them: red, green, blue of each in turn.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.colours.concat()
    }

    /// Position in the palette of a colour that was counted; 0 for any other.
    pub(super) fn index(&self, colour: [u8; 3]) -> u8 {
        self.index_of.get(&colour).copied().unwrap_or(0)
    }
}

/// A colour and the number of its pixels.
type Counted = ([u8; 3], u64);

/// Colours that share one palette entry.
struct ColourBox {
    colours: Vec<Counted>,
    mean: [f64; 3],
    /// Summed squared distance from the mean along each channel.
    squared_error: [f64; 3],
}

impl ColourBox {
    fn new(colours: Vec<Counted>) -> Self {
        let pixels = colours.iter().map(|(_, count)| *count as f64).sum::<f64>().max(1.0);
        let sum_over = |term: &dyn Fn([u8; 3]) -> f64| -> f64 {
            colours.iter().map(|(colour, count)| *count as f64 * term(*colour)).sum()
        };
        let mean = [0, 1, 2].map(|channel| sum_over(&|c| f64::from(c[channel])) / pixels);
        let squared_error =
            [0, 1, 2].map(|channel| sum_over(&|c| (f64::from(c[channel]) - mean[channel]).powi(2)));
        Self { colours, mean, squared_error }
    }

    fn total_error(&self) -> f64 {
        self.squared_error.iter().sum()
    }

    fn mean_colour(&self) -> [u8; 3] {
        self.mean.map(|value| value.round() as u8)
    }

    /// Two boxes, split at the mean of the channel with the largest error. Both are non-empty
    /// when the box holds two colours or more.
    fn split(self) -> (Self, Self) {
        let worst = [1, 2].into_iter().fold(0, |worst, channel| {
            if self.squared_error[channel] > self.squared_error[worst] { channel } else { worst }
        });
        let mean = self.mean[worst];
        let (below, above) =
            self.colours.into_iter().partition(|(colour, _)| f64::from(colour[worst]) <= mean);
        (Self::new(below), Self::new(above))
    }
}

fn split_into_boxes(colours: Vec<Counted>) -> Vec<ColourBox> {
    let mut boxes = vec![ColourBox::new(colours)];
    while boxes.len() < CAPACITY {
        // The first of equal errors, so that the result does not depend on anything but the input.
        let worst = (1..boxes.len()).fold(0, |worst, candidate| {
            if boxes[candidate].total_error() > boxes[worst].total_error() {
                candidate
            } else {
                worst
            }
        });
        if boxes[worst].colours.len() < 2 {
            break;
        }
        let (below, above) = boxes.swap_remove(worst).split();
        boxes.extend([below, above].into_iter().filter(|part| !part.colours.is_empty()));
    }
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(palette: &Palette, colour: [u8; 3]) -> [u8; 3] {
        palette.colours[usize::from(palette.index(colour))]
    }

    #[test]
    fn few_colours_are_exact() {
        let colours: Vec<[u8; 3]> = (0..=255).map(|level| [level, 255 - level, 7]).collect();
        let palette = Palette::of(colours.iter().copied());
        assert_eq!(palette.colours.len(), 256);
        assert!(colours.iter().all(|colour| mapped(&palette, *colour) == *colour));
    }

    #[test]
    fn many_colours_stay_close_and_common_ones_exact() {
        // Six hues fading into a background that covers most of the picture, with some noise.
        let background = [81_u8, 88, 93];
        let mut pixels = vec![background; 100_000];
        for hue in
            [[254, 0, 0], [254, 254, 0], [0, 254, 0], [0, 254, 254], [0, 0, 254], [254, 0, 254]]
        {
            for level in 0..=254_u32 {
                let blend = |channel: usize| -> u8 {
                    let value =
                        level * hue[channel] + (254 - level) * u32::from(background[channel]);
                    (value / 254) as u8
                };
                pixels.push([blend(0), blend(1), blend(2)]);
            }
        }
        let palette = Palette::of(pixels.iter().copied());
        assert_eq!(palette.colours.len(), 256);
        assert_eq!(mapped(&palette, background), background);
        let worst = pixels
            .iter()
            .flat_map(|pixel| {
                let shown = mapped(&palette, *pixel);
                [0, 1, 2].map(|channel| pixel[channel].abs_diff(shown[channel]))
            })
            .max();
        assert!(worst <= Some(8), "{worst:?} levels off");
    }
}
