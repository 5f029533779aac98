//! The pictures of a figure: those that products left, and those that are drawn of hidden states.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nwm_analysis::waves::Grid;

use super::UntrainedSource;
use super::hidden_film::HiddenFilm;
use super::inputs::RunInputs;
use super::strips::{Strips, movie};

/// The product whose neighbour the states are, and that says in which band waves were looked for.
const WAVES: &str = "waves";
/// The states, in the folder of all products of a run.
const STATES: &str = "states.h5";

/// Where a picture, or a file of data, of a run comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum PictureSource {
    /// A picture that a product left.
    Copy { product: &'static str, file: &'static str, shows: &'static str },
    /// A file of a product that lies beside the page and is not shown: data, or the same as pixels.
    Beside { product: &'static str, file: &'static str, shows: &'static str },
    /// A movie of the hidden positions.
    Positions,
    /// Strips of so many frames, and arrows of the last one, after training and before.
    Strips { frames: usize },
}

/// A file of a figure.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Its name in the figure's folder.
    pub(super) name: String,
    /// The run that it shows.
    pub(super) run: String,
    /// What it shows.
    pub(super) shows: String,
    pub(super) content: Content,
}

/// What is in it.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Bytes(Vec<u8>),
    /// The same as another file, which may be large.
    Copied(PathBuf),
}

/// Pictures, and what is missing of them.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub(super) pictures: Vec<Picture>,
    pub(super) missing: Vec<String>,
}

impl Pictures {
    /// Adds those of a run that can be made.
    ///
    /// # Errors
    ///
    /// When a file that is there is damaged, or a picture cannot be drawn.
    pub(super) fn add(
        &mut self,
        run: &RunInputs,
        sources: &[PictureSource],
        untrained: UntrainedSource<'_>,
    ) -> Result<()> {
        for source in sources {
            match *source {
                PictureSource::Copy { product, file, shows } => {
                    if let Some(path) = self.find(run, product, file) {
                        let bytes = std::fs::read(&path)
                            .with_context(|| format!("read {}", path.display()))?;
                        self.push(run, file, shows, Content::Bytes(bytes));
                    }
                }
                PictureSource::Beside { product, file, shows } => {
                    if let Some(path) = self.find(run, product, file) {
                        self.push(run, file, shows, Content::Copied(path));
                    }
                }
                PictureSource::Positions => {
                    if let Some(film) = self.film(run)? {
                        let bytes = Content::Bytes(movie(&film)?);
                        self.push(run, "states.gif", "hidden state", bytes);
                    }
                }
                PictureSource::Strips { frames } => self.strips(run, frames, untrained)?,
            }
        }
        Ok(())
    }

    fn push(&mut self, run: &RunInputs, name: &str, shows: &str, content: Content) {
        self.pictures.push(Picture {
            name: format!("{}-{name}", run.name()),
            run: run.name().to_owned(),
            shows: shows.to_owned(),
            content,
        });
    }

    /// A file of a product. If that is not there, it is missing as a whole.
    fn find(&mut self, run: &RunInputs, product: &str, file: &str) -> Option<PathBuf> {
        let path = run.folder(product)?.join(file);
        if path.is_file() {
            return Some(path);
        }
        self.missing.push(format!("{}: no {file} of {product}", run.name()));
        None
    }

    /// The hidden states that the waves of a run were found in.
    fn film(&mut self, run: &RunInputs) -> Result<Option<HiddenFilm>> {
        let Some(folder) = run.folder(WAVES) else { return Ok(None) };
        let film = HiddenFilm::read(&folder.parent().unwrap_or(Path::new("")).join(STATES))?;
        if film.is_none() {
            self.missing.push(format!("{}: no hidden states in {STATES}", run.name()));
        }
        Ok(film)
    }

    fn strips(
        &mut self,
        run: &RunInputs,
        frames: usize,
        untrained: UntrainedSource<'_>,
    ) -> Result<()> {
        let Some(film) = self.film(run)? else { return Ok(()) };
        let (Some(band), Some(grid)) = (run.pair(WAVES, "/input/band"), grid(run)) else {
            self.missing.push(format!("{}: no band and grid in the summary of waves", run.name()));
            return Ok(());
        };
        let steps = film.steps();
        let mut draw = |film, when: &str, suffix: &str| {
            let strips = Strips::new(film, band, grid, frames)
                .with_context(|| format!("draw the hidden state of {}", run.name()))?;
            let rows =
                "reconstruction, hidden state, its phase, and the direction in which waves go";
            let [svg, arrows] =
                [strips.svg()?, strips.arrows()?].map(|svg| Content::Bytes(svg.into_bytes()));
            self.push(run, &format!("strips{suffix}.svg"), &format!("{rows}, {when}"), svg);
            let shows = format!("phase and velocity of the last step, {when}");
            self.push(run, &format!("velocity{suffix}.svg"), &shows, arrows);
            Ok::<(), anyhow::Error>(())
        };
        draw(film, "after training", "")?;
        match untrained(&run.run_dir, steps) {
            Ok(Some(film)) => {
                draw(HiddenFilm::untrained(film)?, "before training", "_untrained")?;
            }
            Ok(None) => {}
            Err(error) => {
                let name = run.name();
                self.missing.push(format!("{name}: no picture before training: {error:#}"));
            }
        }
        Ok(())
    }
}

/// Which sites the waves of a run took for neighbours.
fn grid(run: &RunInputs) -> Option<Grid> {
    match run.summary(WAVES, "/input/grid")?.as_str()? {
        "torus" => Some(Grid::Torus),
        "rings" => Some(Grid::Rings),
        "open" => Some(Grid::Open),
        _ => None,
    }
}
