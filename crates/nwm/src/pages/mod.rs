//! Pages: what the commands show of runs and tables, each one self-contained file.
//!
//! [`runs_page`] shows a training run, or several beside each other. [`Table::collect_with`] gathers the
//! results of a plan, and [`write_table`] leaves `table.json`, `table.csv`, `table.md` and
//! `report.html`. Nothing here trains, evaluates or renders data: a page is made from the files of
//! run folders, and from forecasts that the caller hands over.
//!
//! [`waves_page`] shows what the waves of a recording are.
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
mod strips;
mod table;
mod tracking;
mod waves_page;

pub(crate) use forecast::{ForecastSamples, Sheets};
pub(crate) use run_page::runs_page;
pub(crate) use scale::Scale;
pub(crate) use table::{Table, write_table};
pub(crate) use waves_page::waves_page;
