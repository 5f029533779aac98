//! Pictures: line charts as SVG, movies as GIF, contact sheets as PNG.
//!
//! Everything is made in memory and returned as text or bytes; opening files is the caller's task.
//! The bytes are a function of the input alone.

mod axis;
mod chart;
mod diverging;
mod frames;
mod legend;
mod movie;
mod palette;
mod series;
mod sheet;

pub use chart::LineChart;
pub use diverging::{SignedLevels, signed_level_colours};
pub use frames::RgbFrame;
pub use movie::{MovieOptions, animated_gif};
pub use sheet::{SheetOptions, contact_sheet, png};
