//! Pictures without structure: what waves are compared with.

use super::films::{FilmSubject, Films, check_film};
use crate::error::Result;
use crate::mnist::Digits;
use crate::spec::Split;
use crate::stream::Stream;

/// Fills `out` with independent numbers uniform in `[0, 1)`: a function of seed, split and `index` alone.
pub fn uniform_noise(seed: u64, split: Split, index: u64, out: &mut [f32]) {
    let mut stream = Stream::new(&format!("nwm-data/noise/{split}"), &[seed, index]);
    for value in out {
        *value = stream.unit_f32();
    }
}

/// Films of noise: every pixel of every frame is drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseFilms {
    /// Frames of a film.
    pub frames: usize,
    /// Rows and columns of a frame.
    pub side: usize,
    /// Seed.
    pub seed: u64,
    /// Splits never share a random number.
    pub split: Split,
}

impl NoiseFilms {
    /// Films as long and as large as those of [`MovingGratings::new`](crate::MovingGratings::new).
    #[must_use]
    pub const fn new(seed: u64, split: Split) -> Self {
        Self { frames: 36, side: Digits::SIDE, seed, split }
    }
}

impl Films for NoiseFilms {
    fn frames(&self) -> usize {
        self.frames
    }

    fn side(&self) -> usize {
        self.side
    }

    fn count(&self) -> Option<usize> {
        None
    }

    fn draw(&self, film: u64, out: &mut [f32]) -> Result<FilmSubject> {
        check_film(self, out)?;
        uniform_noise(self.seed, self.split, film, out);
        Ok(FilmSubject::Noise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_uniform_and_repeats() {
        let (mut one, mut same, mut other) =
            (vec![0.0; 20_000], vec![0.0; 20_000], vec![0.0; 20_000]);
        uniform_noise(0, Split::Train, 4, &mut one);
        uniform_noise(0, Split::Train, 4, &mut same);
        uniform_noise(0, Split::Train, 5, &mut other);
        assert!(one == same && one != other);
        let mean = one.iter().map(|&value| f64::from(value)).sum::<f64>() / 20_000.0;
        // Five standard errors, 1/sqrt(12 n).
        assert!((mean - 0.5).abs() < 0.0102, "{mean}");
    }

    #[test]
    fn films_of_noise_are_new_in_every_frame() {
        let films = NoiseFilms { frames: 4, side: 6, seed: 1, split: Split::Test };
        let (mut film, mut noise) = (vec![0.0; 4 * 36], vec![0.0; 4 * 36]);
        assert_eq!(films.draw(9, &mut film).unwrap(), FilmSubject::Noise);
        uniform_noise(1, Split::Test, 9, &mut noise);
        assert_eq!(film, noise);
        let (frames, _) = film.as_chunks::<36>();
        assert!(frames.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
