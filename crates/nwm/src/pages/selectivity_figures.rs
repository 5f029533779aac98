//! The pictures of orientation maps and maximum-activation images.

use anyhow::Result;
use nwm_analysis::figures::{OrientationPlot, RgbFrame, SheetOptions, contact_sheet, png};
use nwm_train::{ChannelSelectivity, MeasuredImages, MeasuredMap, Selectivity};

/// Pixels of the longer side of a map as PNG, about, and of a site, at least and at most.
const MAP_SIDE: usize = 720;
const SITE_SIDES: [usize; 2] = [5, 40];
/// Pixels between images and around all of them.
const GAP: usize = 2;

/// The pictures of all channels.
pub(crate) struct SelectivityFigures {
    pub(super) channels: Vec<ChannelFigures>,
}

/// The pictures of one channel.
pub(super) struct ChannelFigures {
    pub(super) trained: MapFigures,
    pub(super) initial: MapFigures,
    /// PNG.
    pub(super) images: Vec<u8>,
    /// Columns of pixels of the images.
    pub(super) images_width: usize,
}

/// One map twice.
pub(super) struct MapFigures {
    pub(super) svg: String,
    png: Vec<u8>,
}

impl SelectivityFigures {
    /// Draws everything.
    ///
    /// # Errors
    ///
    /// When a figure cannot be drawn.
    pub(crate) fn of(found: &Selectivity) -> Result<Self> {
        let [_, rows, columns] = found.record.sheet;
        let side = (MAP_SIDE / rows.max(columns)).clamp(SITE_SIDES[0], SITE_SIDES[1]);
        let figures = |channel: &ChannelSelectivity| {
            Ok(ChannelFigures {
                trained: MapFigures::of(&channel.trained, side)?,
                initial: MapFigures::of(&channel.initial, side)?,
                images: tiles(&channel.images, columns)?,
                images_width: columns * (channel.images.side + GAP) + GAP,
            })
        };
        Ok(Self { channels: found.channels.iter().map(figures).collect::<Result<_>>()? })
    }

    /// Names and contents of the files; the name of a channel is in them if there are several.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, &[u8])> {
        let several = self.channels.len() > 1;
        self.channels.iter().enumerate().flat_map(move |(number, channel)| {
            let suffix = if several { format!("_channel_{number}") } else { String::new() };
            [
                (format!("orientation_map{suffix}.svg"), channel.trained.svg.as_bytes()),
                (format!("orientation_map{suffix}.png"), channel.trained.png.as_slice()),
                (format!("orientation_map_initial{suffix}.svg"), channel.initial.svg.as_bytes()),
                (format!("orientation_map_initial{suffix}.png"), channel.initial.png.as_slice()),
                (format!("maximum_activation{suffix}.png"), channel.images.as_slice()),
            ]
        })
    }
}

impl MapFigures {
    fn of(measured: &MeasuredMap, side: usize) -> Result<Self> {
        let plot = OrientationPlot::new(&measured.map)
            .unselective(&measured.unselective())?
            .pinwheels(&measured.pinwheels.pinwheels);
        Ok(Self { svg: plot.svg()?, png: png(&plot.frame(side)?)? })
    }
}

/// All images as PNG, each where its unit is on the sheet.
fn tiles(measured: &MeasuredImages, columns: usize) -> Result<Vec<u8>> {
    let side = measured.side;
    let frames = measured
        .images
        .chunks_exact(side * side)
        .map(|image| RgbFrame::grey(image, [side, side]))
        .collect::<Result<Vec<_>, _>>()?;
    let options = SheetOptions::default()
        .with_columns(columns)
        .with_gap(GAP)
        .with_border(GAP)
        .with_magnification(1);
    Ok(contact_sheet(&frames, options)?)
}
