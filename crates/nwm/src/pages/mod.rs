//! Pages: what the commands show of runs and tables, each one self-contained file.
//!
//! [`runs_page`] shows a training run, or several beside each other. [`Table::collect_with`] gathers the
//! results of a plan, and [`write_table`] leaves `table.json`, `table.csv`, `table.md` and
//! `report.html`. [`simulation_page()`] shows a cell that was simulated, [`waves_page()`] the waves of a recording. Nothing here
//! trains, evaluates or renders data: a page is made from the files of run folders, and from what the caller hands over.
//!
//! A page loads nothing from elsewhere: styles, charts (SVG), pictures (PNG), movies (GIF), hidden
//! states and the script that plays them are inside it. Numbers of a reduced experiment are labelled
//! as such wherever they stand.

mod comparison;
mod energy;
mod error_table;
mod figures;
#[cfg(test)]
mod fixtures;
mod forecast;
mod html;
mod number;
mod plan;
mod player;
mod run_files;
mod run_page;
mod scale;
mod shown;
mod simulated_wave;
mod simulation_page;
mod strips;
mod table;
mod tracking;
mod wave_film;
mod waves_page;

pub(crate) use forecast::{ForecastSamples, Sheets};
pub(crate) use run_page::runs_page;
pub(crate) use scale::Scale;
pub(crate) use simulated_wave::{SimulatedWave, side};
pub(crate) use simulation_page::{SimulatedWaves, simulation_page};
pub(crate) use table::{Table, write_table};
pub(crate) use wave_film::WaveFilm;
pub(crate) use waves_page::waves_page;
