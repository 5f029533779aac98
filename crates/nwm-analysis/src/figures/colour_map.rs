//! Colours for values: a scale of size, a scale with a middle, and a circle.
//!
//! Tables come from a few control points in OKLab (B. Ottosson, 2020), a space in which equal distances
//! look about equally large, and are interpolated in whole numbers.

use super::{
    diverging::{STEPS, signed_colour},
    ramp::{self, mixed},
};

/// Equal steps of OKLab lightness from 0.22 to 0.93, from a dark violet over blue and green to yellow.
const SEQUENTIAL: [[u8; 3]; 17] = [
    [36, 2, 69],
    [40, 15, 92],
    [38, 31, 113],
    [31, 51, 125],
    [25, 69, 132],
    [22, 87, 135],
    [25, 103, 138],
    [35, 120, 139],
    [48, 136, 138],
    [65, 151, 136],
    [83, 166, 133],
    [103, 181, 128],
    [125, 195, 121],
    [150, 208, 112],
    [177, 221, 101],
    [207, 232, 88],
    [238, 242, 75],
];

/// Equal steps along a circle of radius 0.155 about a grey of lightness 0.6, and the first again. The circle
/// is tilted: light and greenish at 0, dark and reddish half a turn later, yellow and blue between them. A
/// reader who cannot tell red from green still sees a loop of light, yellow, dark and blue.
const CYCLIC: [[u8; 3]; 25] = [
    [106, 179, 190],
    [122, 177, 162],
    [137, 171, 132],
    [151, 161, 100],
    [161, 148, 69],
    [167, 133, 39],
    [170, 116, 9],
    [169, 100, 3],
    [166, 85, 26],
    [161, 73, 47],
    [154, 65, 67],
    [148, 59, 88],
    [141, 57, 110],
    [136, 58, 134],
    [131, 62, 158],
    [126, 69, 182],
    [121, 79, 205],
    [115, 92, 224],
    [108, 108, 239],
    [100, 124, 248],
    [92, 141, 250],
    [86, 156, 244],
    [86, 167, 232],
    [93, 175, 214],
    [106, 179, 190],
];

/// A table of 256 colours in which equal steps look about equally large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColourMap {
    /// Dark violet to light yellow, for sizes.
    #[default]
    Sequential,
    /// Blue below, near-white in the middle, red above, for values of either sign: the colours of
    /// [`signed_level_colours`](super::signed_level_colours).
    Diverging,
    /// A circle, for angles: lightest at 0, yellow a quarter of a turn later, darkest at half a turn, blue at
    /// three quarters. Lightness goes with the cosine, so that a picture of phases in grey shows the signal.
    Cyclic,
}

impl ColourMap {
    /// The grey of values that are not finite, in every map.
    pub const NOT_FINITE: [u8; 3] = ramp::NOT_FINITE;

    /// The colours from one end of the map to the other. The last one of [`Cyclic`](Self::Cyclic) is a step
    /// before its first; that of zero of [`Diverging`](Self::Diverging) is number 128, and number 0 equals
    /// number 1.
    pub fn colours(self) -> [[u8; 3]; 256] {
        std::array::from_fn(|level| self.level(level as i32))
    }

    /// The colour at a share of the way, 0 to 1: the ends beyond, but whole turns later in
    /// [`Cyclic`](Self::Cyclic). Grey when it is not finite.
    ///
    /// ```
    /// use nwm_analysis::figures::ColourMap;
    ///
    /// let [red, green, blue] = ColourMap::Diverging.colour(0.5);
    /// assert!(red == green && green == blue);
    /// assert_eq!(ColourMap::Cyclic.colour(-0.25), ColourMap::Cyclic.colour(0.75));
    /// assert_eq!(ColourMap::Sequential.colour(f64::NAN), ColourMap::NOT_FINITE);
    /// ```
    pub fn colour(self, share: f64) -> [u8; 3] {
        if !share.is_finite() {
            return Self::NOT_FINITE;
        }
        self.level(match self {
            Self::Sequential => (share.clamp(0.0, 1.0) * 255.0).round() as i32,
            Self::Diverging => {
                let steps = f64::from(STEPS);
                128 + ((2.0 * share.clamp(0.0, 1.0) - 1.0) * steps).round() as i32
            }
            Self::Cyclic => (share.rem_euclid(1.0) * 256.0).round() as i32,
        })
    }

    fn level(self, level: i32) -> [u8; 3] {
        match self {
            Self::Sequential => mixed(&SEQUENTIAL, level, 255),
            Self::Diverging => signed_colour((level - 128).max(-STEPS)),
            Self::Cyclic => mixed(&CYCLIC, level, 256),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear light of an sRGB colour.
    fn linear(colour: [u8; 3]) -> [f64; 3] {
        colour.map(|byte| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(entry, value)| entry * value).sum())
    }

    /// OKLab of linear light.
    fn oklab(linear: [f64; 3]) -> [f64; 3] {
        let cones = times(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            linear,
        );
        times(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ],
            cones.map(f64::cbrt),
        )
    }

    fn distance(first: [f64; 3], second: [f64; 3]) -> f64 {
        first.iter().zip(second).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// What readers without green and without red cones see: Machado, Oliveira and Fernandes (2009), severity 1.
    const DEUTERANOPIA: [[f64; 3]; 3] = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ];
    const PROTANOPIA: [[f64; 3]; 3] = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ];

    fn seen_by(matrix: [[f64; 3]; 3], colour: [u8; 3]) -> [f64; 3] {
        oklab(times(matrix, linear(colour)).map(|light| light.clamp(0.0, 1.0)))
    }

    fn largest_deviation(distances: &[f64]) -> f64 {
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        distances.iter().map(|distance| (distance / mean - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn equal_steps_look_equally_large() {
        // Eight levels at once: a single one is about as large as the rounding to bytes.
        let colours = ColourMap::Sequential.colours().map(|colour| oklab(linear(colour)));
        let steps: Vec<f64> = (8..256).map(|at| distance(colours[at - 8], colours[at])).collect();
        assert!(largest_deviation(&steps) < 0.12, "{}", largest_deviation(&steps));

        let colours = ColourMap::Cyclic.colours().map(|colour| oklab(linear(colour)));
        let steps: Vec<f64> =
            (0..256).map(|at| distance(colours[at], colours[(at + 8) % 256])).collect();
        assert!(largest_deviation(&steps) < 0.1, "{}", largest_deviation(&steps));
    }

    #[test]
    fn lightness_rises_in_a_line_along_the_sequential_map() {
        let colours = ColourMap::Sequential.colours();
        let lightness = colours.map(|colour| oklab(linear(colour))[0]);
        for level in 1..256 {
            assert!(lightness[level] > lightness[level - 1], "{level}");
            let line = lightness[0] + (lightness[255] - lightness[0]) * level as f64 / 255.0;
            assert!((lightness[level] - line).abs() < 0.006, "{level}");
        }
        assert!(lightness[255] - lightness[0] > 0.7);
        assert_eq!((colours[0], colours[255]), (SEQUENTIAL[0], SEQUENTIAL[16]));
    }

    #[test]
    fn the_circle_closes_and_its_lightness_is_a_cosine() {
        assert_eq!(CYCLIC[0], CYCLIC[24]);
        let colours = ColourMap::Cyclic.colours();
        let jump = |first: [u8; 3], second: [u8; 3]| {
            first.iter().zip(second).map(|(a, b)| a.abs_diff(b)).max().unwrap()
        };
        let across = jump(colours[255], colours[0]);
        assert!((0..255).any(|at| jump(colours[at], colours[at + 1]) >= across));
        for (level, colour) in colours.iter().enumerate() {
            let cosine = (std::f64::consts::TAU * level as f64 / 256.0).cos();
            let lightness = oklab(linear(*colour))[0];
            assert!((lightness - 0.6 - 0.122 * cosine).abs() < 0.006, "{level}: {lightness}");
        }
    }

    #[test]
    fn phases_stay_apart_in_red_green_blindness() {
        let colours = ColourMap::Cyclic.colours();
        for matrix in [DEUTERANOPIA, PROTANOPIA] {
            let seen = colours.map(|colour| seen_by(matrix, colour));
            for (level, colour) in seen.iter().enumerate() {
                // A difference of 0.02 can just be seen.
                assert!(distance(*colour, seen[(level + 128) % 256]) > 0.23, "{level}");
                assert!(distance(*colour, seen[(level + 16) % 256]) > 0.04, "{level}");
                for other in level + 32..=(level + 224).min(255) {
                    assert!(distance(*colour, seen[other]) > 0.085, "{level} {other}");
                }
            }
        }
    }

    #[test]
    fn the_diverging_map_has_the_colours_of_signed_levels() {
        let (map, signed) = (ColourMap::Diverging, super::super::signed_level_colours());
        assert_eq!(map.colours()[1..], signed[1..]);
        assert_eq!((map.colours()[0], map.colour(0.5)), (signed[1], signed[128]));
        assert_eq!((map.colour(-3.0), map.colour(9.0)), (signed[1], signed[255]));
    }

    #[test]
    fn shares_find_their_colours() {
        let map = ColourMap::Sequential;
        assert_eq!(map.colour(1.0 / 255.0), map.colours()[1]);
        assert_eq!((map.colour(-0.1), map.colour(1.1)), (SEQUENTIAL[0], SEQUENTIAL[16]));
        let map = ColourMap::Cyclic;
        for turns in [-2.0, 0.0, 1.0] {
            assert_eq!(map.colour(turns + 0.25), CYCLIC[6]);
            assert_eq!(map.colour(turns + 0.9999), CYCLIC[0]);
        }
        for map in [ColourMap::Sequential, ColourMap::Diverging, ColourMap::Cyclic] {
            for share in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(map.colour(share), ColourMap::NOT_FINITE);
            }
        }
    }
}
