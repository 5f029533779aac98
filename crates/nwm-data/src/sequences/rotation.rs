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
    for (index, value) in turned.iter_mut().enumerate() {
        let (across, down) = ((index % side) as f64 - middle, (index / side) as f64 - middle);
        let column = cosine * across - sine * down + middle;
        let row = sine * across + cosine * down + middle;
        let (left, top) = (column.floor(), row.floor());
        let (right_share, bottom_share) = (column - left, row - top);
        let above = (1.0 - right_share) * pixel(top, left) + right_share * pixel(top, left + 1.0);
        let below = (1.0 - right_share) * pixel(top + 1.0, left)
            + right_share * pixel(top + 1.0, left + 1.0);
        *value = ((1.0 - bottom_share) * above + bottom_share * below) as f32;
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
