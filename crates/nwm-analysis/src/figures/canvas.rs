//! SVG text: a white ground, pictures on it, and above them what the plotting library draws.

use base64::{Engine, engine::general_purpose::STANDARD};
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{frames::RgbFrame, sheet::png};
use crate::{Error, Result};

/// The colours of words, of what frames a plot, and of lines behind it.
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);
pub(super) const QUIET: RGBColor = RGBColor(120, 126, 135);
pub(super) const GRID: RGBColor = RGBColor(225, 228, 232);
/// The two sides of what stands on pictures of any colour. Not quite white, which pages may replace by the
/// colour of their ground.
pub(super) const DARK: RGBColor = RGBColor(18, 20, 24);
pub(super) const LIGHT: RGBColor = RGBColor(251, 251, 251);

/// Where drawing takes place, in pixels to the right and down.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

/// A frame and the rectangle that it fills.
pub(super) struct Picture<'a> {
    pub(super) frame: &'a RgbFrame,
    /// Left and top.
    pub(super) corner: [i32; 2],
    /// Width and height.
    pub(super) size: [i32; 2],
}

impl Picture<'_> {
    fn element(&self) -> Result<String> {
        let ([left, top], [width, height]) = (self.corner, self.size);
        let fits = |side: i32, pixels: usize| usize::try_from(side).unwrap_or(0) / pixels;
        // Viewers that blur enlarged pictures have little to enlarge.
        let factor = fits(width, self.frame.columns()).min(fits(height, self.frame.rows())).max(1);
        let bytes = STANDARD.encode(png(&self.frame.magnified(factor)?)?);
        Ok(format!(
            "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" \
             preserveAspectRatio=\"none\" image-rendering=\"pixelated\" \
             href=\"data:image/png;base64,{bytes}\"/>\n"
        ))
    }
}

/// One `<svg>` element of this width and height.
pub(super) fn svg(
    size: [i32; 2],
    pictures: &[Picture<'_>],
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<String> {
    let mut text = String::new();
    draw_above_ground(&mut text, size, draw).map_err(|source| Error::Encode {
        format: "SVG",
        // The library's error borrows nothing useful beyond its text.
        source: source.to_string().into(),
    })?;
    let images = pictures.iter().map(Picture::element).collect::<Result<String>>()?;
    // The library draws no pictures: they go behind the first element, which is the ground.
    const END: &str = "/>\n";
    let ground = text.find(END).map_or(0, |start| start + END.len());
    text.insert_str(ground, &images);
    Ok(text)
}

fn draw_above_ground(
    text: &mut String,
    size: [i32; 2],
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Drawn {
    let [width, height] = size.map(|side| u32::try_from(side).unwrap_or(0));
    let root = SVGBackend::with_string(text, (width, height)).into_drawing_area();
    root.fill(&WHITE)?;
    draw(&root)?;
    root.present()?;
    Ok(())
}

/// Where words stand beside their point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Left,
    Right,
    Above,
    Below,
}

/// Writes words beside a point `[x, y]`.
pub(super) fn write(
    area: &Area<'_>,
    words: &str,
    at: [i32; 2],
    side: Side,
    size: i32,
    colour: RGBColor,
) -> Drawn {
    let position = match side {
        Side::Left => Pos::new(HPos::Right, VPos::Center),
        Side::Right => Pos::new(HPos::Left, VPos::Center),
        Side::Above => Pos::new(HPos::Center, VPos::Bottom),
        Side::Below => Pos::new(HPos::Center, VPos::Top),
    };
    let style = ("sans-serif", size).into_font().color(&colour).pos(position);
    area.draw(&Text::new(words, (at[0], at[1]), style))?;
    Ok(())
}

/// Writes words upward, centred on a point `[x, y]`.
pub(super) fn write_upward(area: &Area<'_>, words: &str, at: [i32; 2], size: i32) -> Drawn {
    let font = ("sans-serif", size).into_font().transform(FontTransform::Rotate270);
    let style = font.color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(words, (at[0], at[1]), style))?;
    Ok(())
}

/// About how many pixels words take: the mean advance of a sans-serif letter is a little over half its size.
pub(super) fn width_of(words: &str, size: i32) -> i32 {
    (words.chars().count() as i32).saturating_mul(size) * 6 / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_between_the_ground_and_the_lines() {
        let frame = RgbFrame::filled(2, 3, [9; 3]).unwrap();
        let picture = Picture { frame: &frame, corner: [4, 5], size: [30, 20] };
        let text =
            svg([50, 40], &[picture], |area| write(area, "a < b", [10, 10], Side::Right, 13, INK))
                .unwrap();
        let position = |needle: &str| text.find(needle).unwrap();
        assert!(position("#FFFFFF") < position("<image") && position("<image") < position("<text"));
        assert!(text.contains("x=\"4\" y=\"5\" width=\"30\" height=\"20\""));
        assert!(text.contains("a &lt; b") && text.ends_with("</svg>\n"));

        let encoded = text.split("base64,").nth(1).unwrap().split('"').next().unwrap();
        let decoded = image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!(decoded.to_rgb8().as_raw(), frame.magnified(10).unwrap().bytes());
    }

    #[test]
    fn drawing_that_fails_is_an_error() {
        let failed = svg([50, 40], &[], |_| Err("no ink".into()));
        assert!(matches!(failed, Err(Error::Encode { format: "SVG", .. })));
    }
}
