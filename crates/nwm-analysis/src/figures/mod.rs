//! Pictures: line charts as SVG, movies as GIF, contact sheets as PNG.
//!
//! Everything is made in memory and returned as text or bytes; opening files is the caller's task.
//! The bytes are a function of the input alone.

mod arrow;
mod axis;
mod band;
mod canvas;
mod chart;
mod colour_map;
mod critical_mark;
mod diverging;
mod frames;
mod heat_map;
mod legend;
mod movie;
mod palette;
mod phase_map;
mod polar_histogram;
mod quiver;
mod ramp;
mod series;
mod sheet;
mod site_plot;

pub use chart::LineChart;
pub use colour_map::ColourMap;
pub use diverging::{SignedLevels, signed_level_colours};
pub use frames::RgbFrame;
pub use heat_map::HeatMap;
pub use movie::{MovieOptions, animated_gif};
pub use phase_map::{PhaseColours, phase_clip, phase_map};
pub use polar_histogram::PolarHistogram;
pub use quiver::Quiver;
pub use sheet::{SheetOptions, contact_sheet, png};
