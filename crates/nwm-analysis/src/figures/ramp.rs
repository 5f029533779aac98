//! Colours between control points, in whole numbers so that they are the same on every machine.

/// The colour of a value that is not finite.
pub(super) const NOT_FINITE: [u8; 3] = [128; 3];

/// The colour `step` steps of `steps` along a row of colours at equal distances; the ends when it lies beyond.
pub(super) fn mixed(colours: &[[u8; 3]], step: i32, steps: i32) -> [u8; 3] {
    let stretches = colours.len() as i32 - 1;
    let along = stretches * step.clamp(0, steps);
    let first = (along / steps).min(stretches - 1);
    let rest = along - first * steps;
    std::array::from_fn(|channel| {
        let [near, far] = [first, first + 1].map(|at| i32::from(colours[at as usize][channel]));
        ((near * (steps - rest) + far * rest + steps / 2) / steps) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_between_points_are_in_proportion() {
        let colours = [[0, 100, 7], [10, 200, 7], [30, 0, 7]];
        let at = |step| mixed(&colours, step, 20);
        assert_eq!([at(0), at(10), at(20)], colours);
        assert_eq!((at(5), at(15)), ([5, 150, 7], [20, 100, 7]));
        assert_eq!((at(-1), at(21)), (colours[0], colours[2]));
    }
}
