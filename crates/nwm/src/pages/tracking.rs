//! Where the balls of a picture are, to a fraction of a pixel.
//!
//! A pixel's colour is the background plus a share of each ball's colour. The shares that explain
//! it best (least squares, none below zero) say how much of the pixel a ball covers, and the mean
//! place of what a ball covers is its centroid. A ball cut off by the border, or one behind
//! another, is seen in part: its centroid is that of the part.

use nwm_data::BACKGROUND;

/// Shares below this are left out where a ball is looked for: noise of a predicted background.
const FAINT: f64 = 0.1;
/// A ball covers at least this part of its area...
const LEAST_AREA: f64 = 0.25;
/// ...and spreads, in squared distance from its centroid, at most this many times what a disc does.
/// What spreads more is a smear or several balls, which have no place of their own.
const MOST_SPREAD: f64 = 2.5;
/// The centroid is that of all shares, faint ones too, within the radius and this many pixels of
/// where the ball was found: far enough for its soft edge.
const MARGIN: f64 = 2.5;

/// What the balls of a system look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Balls {
    /// The picture spans `-half_width..=half_width` of the world along both axes, from the centre
    /// of the first pixel to that of the last.
    pub(super) half_width: f64,
    /// World units.
    pub(super) radius: f64,
    /// One or two, red then cyan.
    pub(super) count: usize,
}

/// Colour of each ball minus that of the background, in bytes.
const COLOURS: [[f64; 3]; 2] = {
    let [red, green, blue] = background();
    [[255.0 - red, -green, -blue], [-red, 255.0 - green, 255.0 - blue]]
};

/// Bytes of the background.
const fn background() -> [f64; 3] {
    let [red, green, blue] = BACKGROUND;
    [(255.0 * red) as u8 as f64, (255.0 * green) as u8 as f64, (255.0 * blue) as u8 as f64]
}

impl Balls {
    /// World coordinates `[x, y]` of each ball in a picture `[row, column, channel]` of `rows` by
    /// `columns` pixels, row 0 the smallest y; `None` for a ball that is not seen.
    pub(super) fn find(
        &self,
        picture: &[u8],
        [rows, columns]: [usize; 2],
    ) -> [Option<[f64; 2]>; 2] {
        let mut covers = [const { Vec::new() }; 2];
        for (pixel, bytes) in picture.chunks_exact(3).enumerate() {
            let at = [(pixel % columns) as f64, (pixel / columns) as f64];
            for (covers, share) in covers.iter_mut().zip(self.shares(bytes)) {
                covers.push((at, share));
            }
        }
        let width = [columns, rows].map(|pixels| (pixels.max(2) - 1) as f64);
        let per_unit = width[0] / (2.0 * self.half_width);
        covers.map(|covers| {
            let place = centroid(&covers, self.radius * per_unit)?;
            let world = |axis: usize| (2.0 * place[axis] / width[axis] - 1.0) * self.half_width;
            Some([world(0), world(1)])
        })
    }

    /// The share of each ball in a pixel; of a single one it may be below zero, as noise is.
    fn shares(&self, bytes: &[u8]) -> [f64; 2] {
        let background = background();
        let found: [f64; 3] =
            std::array::from_fn(|channel| f64::from(bytes[channel]) - background[channel]);
        let [first, second] = COLOURS;
        let alone = |colour: [f64; 3]| dot(found, colour) / dot(colour, colour);
        if self.count < 2 {
            return [alone(first), 0.0];
        }
        // The normal equations of both.
        let [a, b, c] = [dot(first, first), dot(first, second), dot(second, second)];
        let [left, right] = [dot(found, first), dot(found, second)];
        let determinant = a * c - b * b;
        match [(c * left - b * right) / determinant, (a * right - b * left) / determinant] {
            [one, _] if one < 0.0 => [0.0, alone(second).max(0.0)],
            [_, two] if two < 0.0 => [alone(first).max(0.0), 0.0],
            both => both,
        }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The centroid of a disc of this radius, all in pixels; `None` unless the pixels
/// `([column, row], share)` show one.
fn centroid(pixels: &[([f64; 2], f64)], radius: f64) -> Option<[f64; 2]> {
    let squared =
        |at: [f64; 2], middle: [f64; 2]| (at[0] - middle[0]).powi(2) + (at[1] - middle[1]).powi(2);
    let clear = || pixels.iter().filter(|(_, share)| *share > FAINT);
    let (middle, area) = mean(clear())?;
    let spread = clear().map(|(at, share)| share * squared(*at, middle)).sum::<f64>() / area;
    // The mean squared distance from the centre of a disc is half its squared radius.
    // Of a disc smaller than a pixel there is nothing to measure.
    let is_disc = radius >= 1.0
        && area >= LEAST_AREA * std::f64::consts::PI * radius * radius
        && spread <= MOST_SPREAD * radius * radius / 2.0;
    let reach = (radius + MARGIN).powi(2);
    let near = pixels.iter().filter(|(at, _)| squared(*at, middle) <= reach);
    if is_disc { mean(near).map(|(middle, _)| middle) } else { None }
}

/// Mean place and total share of pixels; `None` where nothing is covered.
fn mean<'a>(pixels: impl Iterator<Item = &'a ([f64; 2], f64)>) -> Option<([f64; 2], f64)> {
    let (sum, area) = pixels.fold(([0.0; 2], 0.0), |(sum, area), (at, share)| {
        ([sum[0] + share * at[0], sum[1] + share * at[1]], area + share)
    });
    (area > 0.0).then(|| (sum.map(|sum| sum / area), area))
}

#[cfg(test)]
mod tests {
    use nwm_data::{Appearance, Renderer, System, Variant};

    use super::*;

    const SIZE: [usize; 2] = [32, 32];

    fn one_ball() -> Balls {
        Balls { half_width: 1.398_942_280_4, radius: 0.398_942_280_4, count: 1 }
    }

    fn two_balls() -> Balls {
        Balls { half_width: 2.75, radius: 0.564_189_583_5, count: 2 }
    }

    fn drawn(system: System, parameters: &[f64], state: &[f64]) -> Vec<u8> {
        let renderer = Renderer::new(system, Variant::Plain);
        let colours = [0, 1];
        let colour_indices = &colours[..system.ball_count()];
        let appearance = Appearance { parameters, offset: [0.0; 2], colour_indices };
        let mut picture = vec![0; renderer.frame_len()];
        renderer.frame(state, &appearance, &mut picture).unwrap();
        picture
    }

    fn pendulum(angle: f64) -> Vec<u8> {
        drawn(System::Pendulum, &[0.5, 3.0, 1.0], &[angle, 0.0])
    }

    #[test]
    fn a_ball_is_found_to_a_thirtieth_of_a_pixel() {
        // A pixel is 0.09 wide. The worst places are at the border, which cuts the soft edge off.
        for step in 0..200 {
            let angle = f64::from(step) * 0.0314;
            let [x, y] = one_ball().find(&pendulum(angle), SIZE)[0].unwrap();
            let error = f64::hypot(x - angle.sin(), y + angle.cos());
            assert!(error < 3e-3, "{angle}: {error}");
        }
    }

    #[test]
    fn two_balls_are_told_apart_by_colour() {
        // A pixel is 0.18 wide. Bodies of the data sets never overlap.
        for step in 0..100 {
            let angle = f64::from(step) * 0.0628;
            let radius = 0.71 + 0.014 * f64::from(step);
            let [x, y] = [radius * angle.cos(), radius * angle.sin()];
            let state = [x, y, -x, -y, 0.0, 0.0, 0.0, 0.0];
            let found = two_balls().find(&drawn(System::TwoBody, &[1.0; 3], &state), SIZE);
            for (found, expected) in found.into_iter().zip([[x, y], [-x, -y]]) {
                let [found_x, found_y] = found.unwrap();
                let error = f64::hypot(found_x - expected[0], found_y - expected[1]);
                assert!(error < 4e-3, "{angle} {radius}: {error}");
            }
        }
    }

    #[test]
    fn a_hidden_ball_is_pulled_away_from_the_one_before_it() {
        // Bodies half a radius apart: the second one is seen as a crescent.
        let state = [0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0];
        let picture = drawn(System::TwoBody, &[1.0; 3], &state);
        let [front, back] = two_balls().find(&picture, SIZE).map(Option::unwrap);
        assert!(front[0].abs() < 5e-3, "{front:?}");
        assert!(back[0] > 0.4, "{back:?}");
    }

    #[test]
    fn noise_moves_a_ball_little() {
        let noisy = |size: i32| -> Vec<u8> {
            let noise = (0_i32..).map(|place| (place * 7919 % (2 * size + 1)) - size);
            let add = |(byte, noise): (&u8, i32)| (i32::from(*byte) + noise).clamp(0, 255) as u8;
            pendulum(0.7).iter().zip(noise).map(add).collect()
        };
        for (size, tolerance) in [(8, 0.01), (14, 0.02)] {
            let [x, y] = one_ball().find(&noisy(size), SIZE)[0].unwrap();
            let error = f64::hypot(x - 0.7_f64.sin(), y + 0.7_f64.cos());
            assert!(error < tolerance, "{size}: {error}");
        }
    }

    #[test]
    fn what_is_no_ball_has_no_place() {
        let blank = [81, 88, 93].repeat(32 * 32);
        assert_eq!(one_ball().find(&blank, SIZE), [None; 2]);
        assert_eq!(two_balls().find(&blank, SIZE), [None; 2]);
        // A smear over the whole picture, and two balls at opposite places.
        let smear = [150, 60, 65].repeat(32 * 32);
        assert_eq!(one_ball().find(&smear, SIZE), [None; 2]);
        let (up, down) = (pendulum(0.0), pendulum(3.1));
        let both: Vec<u8> =
            up.iter().zip(&down).map(|(a, b)| if a.abs_diff(93) > 60 { *a } else { *b }).collect();
        assert_eq!(one_ball().find(&both, SIZE), [None; 2]);
        // The second ball alone.
        let state = [9.0, 9.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0];
        let found = two_balls().find(&drawn(System::TwoBody, &[1.0; 3], &state), SIZE);
        assert!(found[0].is_none() && found[1].is_some());
    }
}
