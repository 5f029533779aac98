//! Sets that are made as they are used, for looking at.

use std::path::Path;

use nwm_analysis::figures::RgbFrame;
use nwm_data::{
    Digits, Grating, MnistPart, MovingGratings, Split, TURNTABLE_ANGLES, uniform_noise,
};

/// Side of a picture.
const SIDE: usize = Digits::SIDE;
/// Where `nwm data fetch` puts MNIST.
const MNIST: &str = "data/cache/mnist";
/// Periods of a moving grating that are shown, as in the paper.
const GRATING_FRAMES: usize = 36;
/// Wavelength of still gratings: that of the moving ones.
const WAVELENGTH: f64 = 24.0;

/// A set that needs no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequences {
    Mnist,
    RotatingMnist,
    MovingGratings,
    StaticGratings,
    Noise,
}

impl Sequences {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Mnist, Self::RotatingMnist, Self::MovingGratings, Self::StaticGratings, Self::Noise];

    /// The name on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::RotatingMnist => "rotating_mnist",
            Self::MovingGratings => "gratings",
            Self::StaticGratings => "static_gratings",
            Self::Noise => "noise",
        }
    }

    /// The set of this name.
    pub(super) fn parse(name: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|set| Path::new(set.name()) == name)
    }

    /// The first sequences as films.
    pub(super) fn films(self, count: usize) -> anyhow::Result<Vec<Vec<RgbFrame>>> {
        (0..count).map(|index| self.film(index)).collect()
    }

    fn film(self, index: usize) -> anyhow::Result<Vec<RgbFrame>> {
        match self {
            Self::Mnist => {
                let digits = digits()?;
                let shown = digits.len().min(12);
                let pictures = (0..shown).map(|column| {
                    let image = digits.image((index * shown + column) % digits.len())?;
                    grey(image.iter().copied())
                });
                pictures.collect()
            }
            Self::RotatingMnist => {
                let digits = digits()?;
                film(&digits.turned(index % digits.len(), &TURNTABLE_ANGLES)?)
            }
            Self::MovingGratings => {
                let mut frames = vec![0.0; GRATING_FRAMES * SIDE * SIDE];
                MovingGratings::new(0, Split::Train).draw(index as u64, SIDE, &mut frames);
                film(&frames)
            }
            Self::StaticGratings => {
                let waves = Grating::still(WAVELENGTH, 8, 12);
                let mut frames = vec![0.0; 12 * SIDE * SIDE];
                let orientation = waves.chunks(12).cycle().nth(index).unwrap_or_default();
                for (wave, frame) in orientation.iter().zip(frames.chunks_mut(SIDE * SIDE)) {
                    wave.draw(SIDE, frame);
                }
                film(&frames)
            }
            Self::Noise => {
                let mut frames = vec![0.0; 12 * SIDE * SIDE];
                uniform_noise(0, Split::Train, index as u64, &mut frames);
                film(&frames)
            }
        }
    }
}

/// The training digits that were fetched, else those that the library comes with.
fn digits() -> nwm_data::Result<Digits> {
    let folder = Path::new(MNIST);
    if folder.is_dir() { Digits::open(folder, MnistPart::Train) } else { Digits::sample() }
}

fn film(frames: &[f32]) -> anyhow::Result<Vec<RgbFrame>> {
    frames
        .chunks_exact(SIDE * SIDE)
        .map(|frame| grey(frame.iter().map(|value| (value * 255.0).round() as u8)))
        .collect()
}

fn grey(pixels: impl Iterator<Item = u8>) -> anyhow::Result<RgbFrame> {
    Ok(RgbFrame::new(SIDE, SIDE, pixels.flat_map(|value| [value; 3]).collect())?)
}
