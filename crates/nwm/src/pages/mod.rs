//! Pages: what the commands show of runs and tables, each one self-contained file.
//!
//! [`runs_page`] shows a training run, or several beside each other. [`Table::collect_with`] gathers the
//! results of a plan, and [`write_table`] leaves `table.json`, `table.csv`, `table.md` and
//! `report.html`. [`simulation_page()`] shows a cell that was simulated, [`waves_page()`] the waves of a recording,
//! [`induced_page()`] what moved states decode to, [`selectivity_page()`] what the units of a model respond to.
//! [`Figure::collect`] gathers runs and products of a figure's plan, [`write_figure`] writes it, and [`Gallery`] leads to all tables
//! and figures. Nothing here
//! trains, evaluates or renders data: a page is made from the files of run folders, and from what the caller hands over.
//!
//! A page loads nothing from elsewhere: styles, charts (SVG), pictures (PNG), movies (GIF), hidden
//! states and the script that plays them are inside it. Numbers of a reduced experiment are labelled
//! as such wherever they stand.

mod answers;
mod comparison;
mod energy;
mod error_table;
mod figure;
mod figures;
mod films;
#[cfg(test)]
mod fixtures;
mod forecast;
mod gallery;
mod html;
mod induced_figures;
mod induced_page;
mod number;
mod plan;
mod player;
mod run_files;
mod run_page;
mod scale;
mod selectivity_figures;
mod selectivity_page;
mod shown;
mod simulated_wave;
mod simulation_page;
mod strips;
mod table;
mod tracking;
mod training_curve;
mod wave_film;
mod waves_page;

pub(crate) use figure::{Figure, FigurePlan, write_figure};
pub(crate) use forecast::{ForecastSamples, Sheets};
pub(crate) use gallery::Gallery;
pub(crate) use induced_figures::InducedFigures;
pub(crate) use induced_page::induced_page;
pub(crate) use run_page::runs_page;
pub(crate) use scale::Scale;
pub(crate) use selectivity_figures::SelectivityFigures;
pub(crate) use selectivity_page::selectivity_page;
pub(crate) use simulated_wave::{SimulatedWave, side};
pub(crate) use simulation_page::{SimulatedWaves, simulation_page};
pub(crate) use table::{Table, write_table};
pub(crate) use wave_film::WaveFilm;
pub(crate) use waves_page::waves_page;
