//! Sets that are made as they are used, for looking at.

use std::path::Path;

use nwm_analysis::figures::RgbFrame;
use nwm_data::{
    Digits, Films, Grating, MnistPart, MovingGratings, Split, TURNTABLE_ANGLES, uniform_noise,
};

/// Side of a picture.
const SIDE: usize = Digits::SIDE;
/// Where `nwm data fetch` puts MNIST.
const MNIST: &str = "data/cache/mnist";
/// Wavelength of still gratings: that of the moving ones.
const WAVELENGTH: f64 = 24.0;

/// Still gratings that orientation preference is measured with.
const STILL_ORIENTATIONS: usize = 8;
const STILL_PHASES: usize = 18;

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

    /// What it consists of.
    pub(super) const fn contents(self) -> &'static str {
        match self {
            Self::Mnist => {
                "handwritten digits: those of nwm data fetch mnist, or 300 that come along"
            }
            Self::RotatingMnist => "digits on a turntable, 20 degrees a frame",
            Self::MovingGratings => "sine waves that move, 20 degrees of phase a frame",
            Self::StaticGratings => "sine waves that stand, 8 orientations and 18 phases",
            Self::Noise => "pixels drawn uniformly",
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
                let index = index as u64;
                film(&MovingGratings::new(0, Split::Train).slice(index..index + 1)?.frames)
            }
            Self::StaticGratings => {
                let waves = Grating::still(WAVELENGTH, STILL_ORIENTATIONS, STILL_PHASES);
                let mut frames = vec![0.0; STILL_PHASES * SIDE * SIDE];
                let orientation = waves.chunks(STILL_PHASES).cycle().nth(index).unwrap_or_default();
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
    // Not the folder: a download that failed leaves it behind.
    if folder.join("train-images-idx3-ubyte.gz").is_file() {
        Digits::open(folder, MnistPart::Train)
    } else {
        Digits::sample()
    }
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
