//! The pictures of orientation maps and maximum-activation images.

use anyhow::Result;
use nwm_analysis::figures::{OrientationPlot, RgbFrame, SheetOptions, contact_sheet, png};
use nwm_train::{
    ChannelSelectivity, MeasuredImages, MeasuredMap, MeasuredPreferences, Selectivity,
};

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
    /// Maps of preferences by modulations, trained and before training.
    pub(super) by_modulation: [MapFigures; 2],
    /// The same by mean responses.
    pub(super) by_mean: [MapFigures; 2],
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
            let [trained, initial] = [&channel.trained, &channel.initial];
            let by_modulation = |of: &MeasuredMap| MapFigures::of(&of.by_modulation, &[], side);
            let by_mean = |of: &MeasuredMap| MapFigures::of(&of.by_mean, &of.unselective(), side);
            Ok(ChannelFigures {
                by_modulation: [by_modulation(trained)?, by_modulation(initial)?],
                by_mean: [by_mean(trained)?, by_mean(initial)?],
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
            let maps =
                [("modulation_map", &channel.by_modulation), ("orientation_map", &channel.by_mean)]
                    .into_iter()
                    .flat_map(|(name, maps)| [(name, "", &maps[0]), (name, "_initial", &maps[1])]);
            let mut files = vec![];
            for (name, when, map) in maps {
                files.push((format!("{name}{when}{suffix}.svg"), map.svg.as_bytes()));
                files.push((format!("{name}{when}{suffix}.png"), map.png.as_slice()));
            }
            files.push((format!("maximum_activation{suffix}.png"), channel.images.as_slice()));
            files
        })
    }
}

impl MapFigures {
    /// The map of preferences, with crosses at the units that are `unselective`, if that is known.
    fn of(measured: &MeasuredPreferences, unselective: &[bool], side: usize) -> Result<Self> {
        let mut plot = OrientationPlot::new(&measured.map).pinwheels(&measured.pinwheels.pinwheels);
        if !unselective.is_empty() {
            plot = plot.unselective(unselective)?;
        }
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
