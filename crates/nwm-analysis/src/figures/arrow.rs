//! Arrows that stand out on pictures of any colour.

use plotters::prelude::*;

use super::canvas::{Area, DARK, Drawn, LIGHT};

/// The widths of an arrow in pixels.
const SHAFT: u32 = 2;
const HEAD: f64 = 9.0;
const HEAD_HALF_WIDTH: f64 = 4.5;
/// The light edge on either side.
const EDGE: u32 = 1;

/// Draws an arrow from `tail` to `tip`, pixels `[x, y]`; a dot when it is too short to have a direction.
pub(super) fn draw(area: &Area<'_>, tail: [f64; 2], tip: [f64; 2]) -> Drawn {
    let [right, down] = [tip[0] - tail[0], tip[1] - tail[1]];
    let length = libm::hypot(right, down);
    if length < 2.0 {
        let middle = whole([(tail[0] + tip[0]) / 2.0, (tail[1] + tip[1]) / 2.0]);
        area.draw(&Circle::new(middle, 2, LIGHT.filled()))?;
        area.draw(&Circle::new(middle, 1, DARK.filled()))?;
        return Ok(());
    }
    let along = [right / length, down / length];
    // A short arrow is mostly head.
    let head = HEAD.min(0.6 * length);
    let half_width = HEAD_HALF_WIDTH * head / HEAD;
    let neck = [tip[0] - head * along[0], tip[1] - head * along[1]];
    let barb = |side: f64| {
        whole([neck[0] - side * half_width * along[1], neck[1] + side * half_width * along[0]])
    };
    let shaft = [whole(tail), whole(neck)];
    let triangle = [whole(tip), barb(1.0), barb(-1.0)];
    let outline = [triangle[0], triangle[1], triangle[2], triangle[0]];
    area.draw(&PathElement::new(shaft, LIGHT.stroke_width(SHAFT + 2 * EDGE)))?;
    area.draw(&PathElement::new(outline, LIGHT.stroke_width(2 * EDGE)))?;
    area.draw(&PathElement::new(shaft, DARK.stroke_width(SHAFT)))?;
    area.draw(&Polygon::new(triangle, DARK.filled()))?;
    Ok(())
}

/// The nearest whole pixel.
pub(super) fn whole([x, y]: [f64; 2]) -> (i32, i32) {
    (x.round() as i32, y.round() as i32)
}

#[cfg(test)]
mod tests {
    use super::{super::canvas, *};

    fn drawn(tail: [f64; 2], tip: [f64; 2]) -> String {
        canvas::svg([100, 100], &[], |area| draw(area, tail, tip)).unwrap()
    }

    #[test]
    fn the_head_is_at_the_tip() {
        let right = drawn([10.0, 50.0], [40.0, 50.0]);
        assert!(right.contains("points=\"40,50 31,55 31,46 \"") || right.contains("40,50 31,"));
        assert!(right.contains("points=\"10,50 31,50 \""));
        let up = drawn([50.0, 40.0], [50.0, 10.0]);
        assert!(up.contains("points=\"50,40 50,19 \"") && up.contains("points=\"50,10 "));
    }

    #[test]
    fn arrows_without_a_direction_are_dots() {
        let dot = drawn([20.0, 30.0], [20.5, 30.0]);
        assert!(dot.contains("cx=\"20\" cy=\"30\"") && !dot.contains("<poly"));
    }
}
