//! Soft discs on a grey square, pixel by pixel: the definition, and rows of it at speed.

/// Colour of a pixel that no ball covers: red, green, blue in 0..1.
pub const BACKGROUND: [f64; 3] = [0.321, 0.349, 0.368];

/// Steepness of a disc's edge, per width of the picture.
const TEMPERATURE: f64 = 80.0;

/// Beyond this many logits outside every disc a pixel shows the background's bytes exactly: two
/// discs change `255 value` by less than `2 * 255 exp(-12) = 3.2e-3`, and the background lies
/// 5.0e-3 or more below the next whole number in every channel (255 * 0.349 = 88.995).
const NEGLIGIBLE: f64 = 12.0;

/// A disc in units of the picture's width.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Disc {
    pub(crate) column: f64,
    pub(crate) row: f64,
    pub(crate) radius: f64,
    pub(crate) colour: [f64; 3],
    /// Square of the distance beyond which the disc is negligible.
    pub(crate) reach_squared: f64,
}

impl Disc {
    /// A disc around `[column, row]`.
    pub(crate) fn new([column, row]: [f64; 2], radius: f64, colour: [f64; 3]) -> Self {
        let reach = radius + NEGLIGIBLE / TEMPERATURE;
        Self { column, row, radius, colour, reach_squared: reach * reach }
    }

    /// Numbers of [`Disc::to_numbers`].
    pub(crate) const NUMBERS: usize = 7;

    /// All that is known of it, in the order of the fields.
    pub(crate) fn to_numbers(self) -> [f64; Self::NUMBERS] {
        let Self { column, row, radius, colour: [red, green, blue], reach_squared } = self;
        [column, row, radius, red, green, blue, reach_squared]
    }

    /// The disc of [`Disc::to_numbers`].
    pub(crate) fn from_numbers(numbers: [f64; Self::NUMBERS]) -> Self {
        let [column, row, radius, red, green, blue, reach_squared] = numbers;
        Self { column, row, radius, colour: [red, green, blue], reach_squared }
    }
}

/// The colour of the pixel at `(x, y)` in 0..1 per channel: the definition.
pub(crate) fn composite(discs: &[Disc], x: f64, y: f64) -> [f64; 3] {
    let mut value = [0.0; 3];
    let mut visible = 1.0;
    for disc in discs {
        let squared = (disc.column - x) * (disc.column - x) + (disc.row - y) * (disc.row - y);
        let logit = TEMPERATURE * (squared.sqrt() - disc.radius);
        let cover = 1.0 / (1.0 + libm::exp(logit));
        for (channel, colour) in value.iter_mut().zip(disc.colour) {
            *channel += visible * cover * colour;
        }
        visible *= 1.0 - cover;
    }
    for (channel, background) in value.iter_mut().zip(BACKGROUND) {
        *channel += visible * background;
    }
    value
}

/// Bytes of a colour: truncated, as the suite does it.
pub(crate) fn bytes(colour: [f64; 3]) -> [u8; 3] {
    colour.map(|channel| (255.0 * channel) as u8)
}

/// Pixels that are computed together.
pub(crate) const LANES: usize = 8;

/// How far [`row_bytes`] may be from [`composite`], in units of a byte; many times its error.
const UNCERTAIN: f64 = 1e-6;

/// The bytes of the pixels in the columns `first..first + LANES` of the row at `y`, where `last` is the last column: those of
/// [`composite`]. They are computed with an exponential that vectorises; the few values so close to a whole number that
/// its error could matter are computed by the definition.
pub(crate) fn row_bytes(discs: &[Disc], first: usize, last: f64, y: f64) -> [[u8; 3]; LANES] {
    // A product, since quotients are slow.
    let step = 1.0 / last;
    let x: [f64; LANES] = std::array::from_fn(|lane| (first + lane) as f64 * step);
    let mut values = [[0.0; LANES]; 3];
    let mut visible = [255.0; LANES];
    for disc in discs {
        let rise = (disc.row - y) * (disc.row - y);
        let logits = x.map(|x| {
            let squared = (disc.column - x) * (disc.column - x) + rise;
            TEMPERATURE * (squared.sqrt() - disc.radius)
        });
        let mut shown = exponentials(logits);
        for (shown, visible) in shown.iter_mut().zip(&mut visible) {
            *shown = *visible / (1.0 + *shown);
            *visible -= *shown;
        }
        for (values, colour) in values.iter_mut().zip(disc.colour) {
            for (value, shown) in values.iter_mut().zip(shown) {
                *value += shown * colour;
            }
        }
    }
    let mut certain = true;
    let mut colours = [[0; 3]; LANES];
    for (channel, (values, background)) in values.iter_mut().zip(BACKGROUND).enumerate() {
        let mut words = [0; LANES];
        for ((value, visible), word) in values.iter_mut().zip(visible).zip(&mut words) {
            // The nearest whole number below, unless it is uncertain.
            *value += visible * background - 0.5;
            let rounded = *value + ROUND;
            *word = rounded.to_bits();
            *value -= rounded - ROUND;
        }
        for ((value, word), colour) in values.iter().zip(words).zip(&mut colours) {
            certain &= value.abs() < 0.5 - UNCERTAIN;
            colour[channel] = word as u8;
        }
    }
    if !certain {
        for (lane, colour) in colours.iter_mut().enumerate() {
            *colour = bytes(composite(discs, (first + lane) as f64 / last, y));
        }
    }
    colours
}

/// Added to a number of moderate size, it leaves the nearest whole one in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `exp(x)` within a relative error of 1e-9, for `x` cut to -100 to 100: one step for all numbers after the other and without
/// branches, so that it vectorises.
fn exponentials(mut x: [f64; LANES]) -> [f64; LANES] {
    /// Coefficients of the Taylor series, from the power 7 to the lowest; that of the power 8 is 1/40320.
    const SERIES: [f64; 8] =
        [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let mut powers = [0.0; LANES];
    for (x, power) in x.iter_mut().zip(&mut powers) {
        let cut = x.clamp(-100.0, 100.0);
        let shifted = cut * std::f64::consts::LOG2_E + ROUND;
        *x = cut - (shifted - ROUND) * std::f64::consts::LN_2;
        *power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    }
    let mut series = [1.0 / 40320.0; LANES];
    for coefficient in SERIES {
        for (sum, x) in series.iter_mut().zip(x) {
            *sum = *sum * x + coefficient;
        }
    }
    for (sum, power) in series.iter_mut().zip(powers) {
        *sum *= power;
    }
    series
}

/// Fully saturated colour number `index` of `count` around the colour circle, from red.
pub(crate) fn pure_colour(index: u32, count: u32) -> [f64; 3] {
    let sextant = 6.0 * f64::from(index % count.max(1)) / f64::from(count.max(1));
    // Distance around the circle from each channel's own hue; full within one sextant, then a ramp.
    [0.0, 2.0, 4.0].map(|hue: f64| {
        let distance = (sextant - hue).abs();
        let around = distance.min(6.0 - distance);
        (2.0 - around).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_around_the_circle() {
        let six: Vec<[f64; 3]> = (0..6).map(|index| pure_colour(index, 6)).collect();
        let expected = [
            [1.0, 0.0, 0.0],
            [1.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 1.0, 1.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 1.0],
        ];
        assert_eq!(six, expected);
        assert_eq!(pure_colour(0, 1), [1.0, 0.0, 0.0]);
        assert_eq!(pure_colour(1, 2), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn rows_have_the_bytes_of_the_definition() {
        let mut stream = crate::stream::Stream::new("render test", &[]);
        for trial in 0..300 {
            let discs: Vec<Disc> = (0..1 + trial % 2)
                .map(|index| {
                    let middle = [0, 1].map(|_| stream.uniform(-0.2, 1.2));
                    let colour = pure_colour(stream.below(6) as u32 + index, 6);
                    Disc::new(middle, stream.uniform(0.01, 0.3), colour)
                })
                .collect();
            let y = stream.unit();
            for first in (0..64).step_by(LANES) {
                let found = row_bytes(&discs, first, 63.0, y);
                for (lane, found) in found.into_iter().enumerate() {
                    let x = (first + lane) as f64 / 63.0;
                    assert_eq!(found, bytes(composite(&discs, x, y)), "{discs:?} {x} {y}");
                }
            }
        }
    }

    /// A pixel in the middle of a disc so large that it covers it but for rounding, and one on a whole number.
    #[test]
    fn uncertain_pixels_are_those_of_the_definition() {
        let disc = |radius| Disc::new([0.5; 2], radius, [1.0, 0.0, 1.0]);
        for radius in [0.2, 0.3, 0.45, 0.46, 0.47, 0.5, 1.0, 2.0] {
            let found = row_bytes(&[disc(radius)], 10, 21.0, 0.5);
            for (lane, found) in found.into_iter().enumerate() {
                let x = (10 + lane) as f64 / 21.0;
                assert_eq!(found, bytes(composite(&[disc(radius)], x, 0.5)), "{radius} {lane}");
            }
        }
    }

    #[test]
    fn the_exponential_is_close_enough() {
        for step in -20_000..=20_000 {
            let x = f64::from(step) * 0.005;
            let (found, exact) = (exponentials([x; LANES])[0], libm::exp(x));
            assert!((found / exact - 1.0).abs() < 1e-9, "{x}: {found} {exact}");
        }
        assert_eq!(exponentials([1e9; LANES]), exponentials([100.0; LANES]));
        assert_eq!(exponentials([-1e9; LANES]), exponentials([-100.0; LANES]));
    }
}
