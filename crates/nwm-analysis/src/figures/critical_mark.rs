//! A shape for every kind of critical point.
//!
//! Round and square shapes are nodes and spirals. A dot inside is the point of an arrow that comes out, a
//! cross the feathers of one that goes in, as physicists draw arrows that leave and enter a page.

use plotters::prelude::*;

use super::canvas::{Area, DARK, Drawn, LIGHT};
use crate::waves::CriticalKind;

/// Half the width of a mark in pixels.
pub(super) const RADIUS: i32 = 7;

/// The name in a legend.
pub(super) fn name(kind: CriticalKind) -> &'static str {
    match kind {
        CriticalKind::Saddle => "saddle",
        CriticalKind::Source => "source",
        CriticalKind::Sink => "sink",
        CriticalKind::SpiralOut => "spiral out",
        CriticalKind::SpiralIn => "spiral in",
        CriticalKind::Rotation => "rotation",
    }
}

/// Draws the mark of a kind around a pixel.
pub(super) fn draw(area: &Area<'_>, kind: CriticalKind, at: (i32, i32)) -> Drawn {
    match kind {
        CriticalKind::Saddle => {
            cross(area, at, RADIUS, LIGHT.stroke_width(5))?;
            cross(area, at, RADIUS - 1, DARK.stroke_width(2))
        }
        CriticalKind::Source => {
            disc(area, at)?;
            dot(area, at)
        }
        CriticalKind::Sink => {
            disc(area, at)?;
            cross(area, at, RADIUS - 3, DARK.stroke_width(2))
        }
        CriticalKind::SpiralOut => {
            square(area, at)?;
            dot(area, at)
        }
        CriticalKind::SpiralIn => {
            square(area, at)?;
            cross(area, at, RADIUS - 3, DARK.stroke_width(2))
        }
        CriticalKind::Rotation => diamond(area, at),
    }
}

fn disc(area: &Area<'_>, at: (i32, i32)) -> Drawn {
    area.draw(&Circle::new(at, RADIUS, LIGHT.filled()))?;
    area.draw(&Circle::new(at, RADIUS - 1, DARK.stroke_width(2)))?;
    Ok(())
}

fn dot(area: &Area<'_>, at: (i32, i32)) -> Drawn {
    area.draw(&Circle::new(at, 2, DARK.filled()))?;
    Ok(())
}

fn square(area: &Area<'_>, at: (i32, i32)) -> Drawn {
    outlined(area, at, [(-1, -1), (1, -1), (1, 1), (-1, 1)], RADIUS - 1)
}

fn diamond(area: &Area<'_>, at: (i32, i32)) -> Drawn {
    outlined(area, at, [(0, -1), (1, 0), (0, 1), (-1, 0)], RADIUS + 1)
}

fn outlined(area: &Area<'_>, at: (i32, i32), corners: [(i32, i32); 4], size: i32) -> Drawn {
    let shape = |size: i32| corners.map(|(right, down)| (at.0 + size * right, at.1 + size * down));
    area.draw(&Polygon::new(shape(size + 1), LIGHT.filled()))?;
    let mut outline = shape(size - 1).to_vec();
    // Past the first corner once more, so that the corner it closes at is as sharp as the others.
    outline.extend_from_within(..2);
    area.draw(&PathElement::new(outline, DARK.stroke_width(2)))?;
    Ok(())
}

fn cross(area: &Area<'_>, (x, y): (i32, i32), size: i32, style: ShapeStyle) -> Drawn {
    area.draw(&PathElement::new([(x - size, y - size), (x + size, y + size)], style))?;
    area.draw(&PathElement::new([(x - size, y + size), (x + size, y - size)], style))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::canvas, *};

    #[test]
    fn every_kind_has_a_shape_and_a_name_of_its_own() {
        use CriticalKind::{Rotation, Saddle, Sink, Source, SpiralIn, SpiralOut};
        let kinds = [Saddle, Source, Sink, SpiralOut, SpiralIn, Rotation];
        let shapes: BTreeSet<String> = kinds
            .iter()
            .map(|kind| canvas::svg([40, 40], &[], |area| draw(area, *kind, (20, 20))).unwrap())
            .collect();
        let names: BTreeSet<&str> = kinds.iter().map(|kind| name(*kind)).collect();
        assert_eq!((shapes.len(), names.len()), (6, 6));
    }
}
