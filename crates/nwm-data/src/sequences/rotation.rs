//! Pictures turned about their middle, as the published experiments turn digits.

/// Angles of one round of the turntable, degrees.
pub const TURNTABLE_ANGLES: [f64; 18] = {
    let mut angles = [0.0; 18];
    let mut frame = 0;
    while frame < angles.len() {
        angles[frame] = 20.0 * frame as f64;
        frame += 1;
    }
    angles
};

/// Turns a square picture counter-clockwise (as displayed, row 0 on top) by `degrees` about the pixel coordinate
/// `side / 2` of both axes, which lies half a pixel beyond the middle. Values are interpolated bilinearly, with zeros
/// outside: kornia 0.3.0's rule, by which the published data were made. So row and column 0 of a half turn are zero.
///
/// `picture` and `turned` have the axes `[row, column]`.
///
/// # Panics
///
/// If the slices do not both hold `side * side` values.
pub fn rotate(picture: &[f32], side: usize, degrees: f64, turned: &mut [f32]) {
    assert_eq!([picture.len(), turned.len()], [side * side; 2], "pictures of side x side pixels");
    let rotation = Rotation::new(side, degrees);
    for (index, value) in turned.iter_mut().enumerate() {
        *value = rotation.source(index).value(picture);
    }
}

/// The rotation from pixels of a turned picture to positions in the original.
struct Rotation {
    side: usize,
    sine: f64,
    cosine: f64,
}

impl Rotation {
    fn new(side: usize, degrees: f64) -> Self {
        let radians = degrees.to_radians();
        Self { side, sine: libm::sin(radians), cosine: libm::cos(radians) }
    }

    /// Where the pixel `index` of the turned picture comes from.
    fn source(&self, index: usize) -> Source {
        let &Self { side, sine, cosine } = self;
        let middle = (side / 2) as f64;
        let (across, down) = ((index % side) as f64 - middle, (index / side) as f64 - middle);
        let column = cosine * across - sine * down + middle;
        let row = sine * across + cosine * down + middle;
        let (left, top) = (column.floor(), row.floor());
        let pixel = |row: f64, column: f64| {
            let inside = 0.0..side as f64;
            if inside.contains(&row) && inside.contains(&column) {
                row as usize * side + column as usize
            } else {
                Source::OUTSIDE
            }
        };
        Source {
            above: [pixel(top, left), pixel(top, left + 1.0)],
            below: [pixel(top + 1.0, left), pixel(top + 1.0, left + 1.0)],
            right_share: column - left,
            bottom_share: row - top,
        }
    }
}

/// Four pixels of the original between which a pixel of the turned picture lies.
struct Source {
    /// Left and right.
    above: [usize; 2],
    below: [usize; 2],
    right_share: f64,
    bottom_share: f64,
}

impl Source {
    /// A pixel that no picture has.
    const OUTSIDE: usize = usize::MAX;

    /// The value between the pixels of `picture`, of which those outside are zero.
    fn value(&self, picture: &[f32]) -> f32 {
        let pixel = |index: usize| picture.get(index).map_or(0.0, |&value| f64::from(value));
        let between = |[left, right]: [usize; 2]| {
            (1.0 - self.right_share) * pixel(left) + self.right_share * pixel(right)
        };
        let (above, below) = (between(self.above), between(self.below));
        ((1.0 - self.bottom_share) * above + self.bottom_share * below) as f32
    }
}

/// [`rotate`] by one angle for many pictures: what does not depend on the picture is computed once.
pub(super) struct Turn {
    sources: Vec<Source>,
}

impl Turn {
    /// The turn of pictures of `side` rows and columns.
    pub(super) fn new(side: usize, degrees: f64) -> Self {
        let rotation = Rotation::new(side, degrees);
        Self { sources: (0..side * side).map(|index| rotation.source(index)).collect() }
    }

    /// Turns a picture; both have the axes `[row, column]`.
    pub(super) fn apply(&self, picture: &[f32], turned: &mut [f32]) {
        for (source, value) in self.sources.iter().zip(turned) {
            *value = source.value(picture);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels (5, 5), (10, 20), (3, 15), (27, 14) and the sum of the turned test picture.
    const GOLDEN: [(f64, [f64; 4], f64); 5] = [
        (0.0, [0.999_914_538, 0.020_003_282, 0.995_599_164, 0.792_458_596], 449.482_922_767),
        (20.0, [0.917_335_146, 0.078_039_872, 0.817_637_333, 0.967_985_863], 375.829_862_480),
        (90.0, [0.377_415_960, 0.883_437_439, 0.717_013_313, 0.063_339_429], 433.183_444_399),
        (180.0, [0.796_786_868, 0.195_573_507, 0.984_506_913, 0.920_735_492], 412.429_973_468),
        (340.0, [0.751_138_133, 0.259_085_734, 0.990_811_788, 0.667_130_370], 396.668_210_505),
    ];

    fn picture() -> Vec<f32> {
        let value = |index: usize| {
            let (row, column) = ((index / 28) as f64, (index % 28) as f64);
            (0.5 + 0.5 * (0.3 * row + 0.1 * column * column / 28.0).sin()) as f32
        };
        (0..28 * 28).map(value).collect()
    }

    #[test]
    fn turned_pictures_have_the_published_pixels() {
        for (degrees, pixels, sum) in GOLDEN {
            let mut turned = vec![0.0; 28 * 28];
            rotate(&picture(), 28, degrees, &mut turned);
            for ((row, column), expected) in
                [(5, 5), (10, 20), (3, 15), (27, 14)].iter().zip(pixels)
            {
                let found = f64::from(turned[row * 28 + column]);
                assert!((found - expected).abs() < 1e-6, "{degrees}: {found} {expected}");
            }
            let found: f64 = turned.iter().map(|&value| f64::from(value)).sum();
            assert!((found - sum).abs() < 1e-4, "{degrees}: {found} {sum}");
        }
    }

    /// [`rotate`] in one piece.
    fn plain(picture: &[f32], side: usize, degrees: f64) -> Vec<f32> {
        let (sine, cosine) = (libm::sin(degrees.to_radians()), libm::cos(degrees.to_radians()));
        let middle = (side / 2) as f64;
        let pixel = |row: f64, column: f64| {
            let inside = 0.0..side as f64;
            if inside.contains(&row) && inside.contains(&column) {
                f64::from(picture[row as usize * side + column as usize])
            } else {
                0.0
            }
        };
        let value = |index: usize| {
            let (across, down) = ((index % side) as f64 - middle, (index / side) as f64 - middle);
            let column = cosine * across - sine * down + middle;
            let row = sine * across + cosine * down + middle;
            let (left, top) = (column.floor(), row.floor());
            let (right, bottom) = (column - left, row - top);
            let above = (1.0 - right) * pixel(top, left) + right * pixel(top, left + 1.0);
            let below =
                (1.0 - right) * pixel(top + 1.0, left) + right * pixel(top + 1.0, left + 1.0);
            ((1.0 - bottom) * above + bottom * below) as f32
        };
        (0..side * side).map(value).collect()
    }

    #[test]
    fn turns_equal_the_formula_to_the_last_bit() {
        let mut stream = crate::stream::Stream::new("test", &[]);
        for side in [1, 2, 7, 28] {
            for degrees in TURNTABLE_ANGLES.into_iter().chain([-33.3, 12.5, 359.9, 1234.5]) {
                let picture: Vec<f32> = (0..side * side).map(|_| stream.unit_f32()).collect();
                let expected = plain(&picture, side, degrees);
                let (mut one, mut many) = (vec![9.0; side * side], vec![9.0; side * side]);
                rotate(&picture, side, degrees, &mut one);
                Turn::new(side, degrees).apply(&picture, &mut many);
                assert!(one == expected && many == expected, "{side} {degrees}");
            }
        }
    }

    #[test]
    fn a_half_turn_clears_the_first_row_and_column() {
        let mut turned = vec![1.0; 28 * 28];
        rotate(&picture(), 28, 180.0, &mut turned);
        for index in 0..28 {
            assert!(turned[index].abs() < 1e-6 && turned[index * 28].abs() < 1e-6);
        }
    }

    #[test]
    fn the_turntable_makes_one_round() {
        assert_eq!(TURNTABLE_ANGLES[..3], [0.0, 20.0, 40.0]);
        assert_eq!(TURNTABLE_ANGLES[17], 340.0);
    }
}
