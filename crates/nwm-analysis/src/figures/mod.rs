//! Pictures of numbers: charts, maps and arrows as SVG, movies as GIF, contact sheets as PNG.
//!
//! - Frames ([`RgbFrame`]) of phases ([`phase_map`], [`phase_clip`]) or values ([`HeatMap`]), by the colours of a
//!   [`ColourMap`]; [`animated_gif`], [`contact_sheet`] and [`FilmStrip`] show many of them.
//! - Figures with axes: [`LineChart`], [`HeatMap`], [`Quiver`] for fields of vectors and their critical points,
//!   [`PolarHistogram`] for directions, [`OrientationPlot`] for orientation maps and their pinwheels.
//! - A player of waves for HTML pages: [`WavePlayer`].
//!
//! Everything is made in memory and returned as text or bytes; opening files is the caller's task.
//! The bytes are a function of the input alone. Figures have a ground of their own, white as `#FFFFFF`, which a page
//! may replace together with the colours of words and lines; no words stand on pictures.

mod angle_levels;
mod arrow;
mod axis;
mod band;
mod canvas;
mod chart;
mod colour_map;
mod critical_mark;
mod diverging;
mod film_strip;
mod frames;
mod heat_map;
mod legend;
mod movie;
mod orientation_plot;
mod orientation_raster;
mod palette;
mod phase_map;
mod polar_histogram;
mod quiver;
mod ramp;
mod series;
mod sheet;
mod site_plot;
mod wave_player;

pub use chart::LineChart;
pub use colour_map::ColourMap;
pub use diverging::{SignedLevels, signed_level_colours};
pub use film_strip::FilmStrip;
pub use frames::RgbFrame;
pub use heat_map::HeatMap;
pub use movie::{MovieOptions, animated_gif};
pub use orientation_plot::OrientationPlot;
pub use phase_map::{PhaseColours, phase_clip, phase_map};
pub use polar_histogram::PolarHistogram;
pub use quiver::Quiver;
pub use sheet::{SheetOptions, contact_sheet, png};
pub use wave_player::WavePlayer;
