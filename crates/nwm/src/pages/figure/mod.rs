//! Figures of a paper: what their runs and products left, and whether it shows what the paper shows.
//!
//! A figure is collected in one direction: [`FigurePlan`] names runs and products, `inputs.rs` reads what is there of them,
//! `kinds/` turns that into checks and numbers, `pictures.rs` into pictures, and `files.rs` writes them. Nothing that is missing
//! is an error: the figure then says what it lacks.

mod figure_file;
mod files;
mod finding;
mod hidden_film;
mod inputs;
mod kinds;
mod markdown;
mod page;
mod pictures;
mod plan;
mod published;
mod strips;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub(crate) use figure_file::Figure;
pub(crate) use files::write_figure;
pub(crate) use plan::FigurePlan;

/// Hands over the first test film of the model of a run as it was before training, so many steps of it, or `None` if the
/// model has no films.
pub(crate) type UntrainedSource<'a> =
    &'a dyn Fn(&std::path::Path, usize) -> anyhow::Result<Option<nwm_train::UntrainedFilm>>;
