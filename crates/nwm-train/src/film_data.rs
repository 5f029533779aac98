//! The films that a variational model is trained and measured on.

use candle_core::{Device, Tensor};
use nwm_data::{
    FilmBatch, Films, MovingGratings, NoiseFilms, Split, TURNTABLE_ANGLES, TurningDigits,
    TurningDigitsOptions,
};

use crate::config::DataConfig;
use crate::digit_files::{ROTATING_DIGITS, digits_of};
use crate::error::{Error, Result};

/// Films of `frames` frames of one split, in an order that depends on `order_seed`.
///
/// # Errors
/// [`Error::Key`] if the configuration names no set of films, or turning digits whose rounds are cut short;
/// [`Error::Data`] if the digits are not there.
pub fn open_films(
    data: &DataConfig,
    split: Split,
    frames: usize,
    order_seed: u64,
) -> Result<Box<dyn Films>> {
    match data.name.as_str() {
        ROTATING_DIGITS => {
            let rounds = film_rounds(frames)?;
            let (digits, chosen) = digits_of(data, split)?;
            let mut options = TurningDigitsOptions::default();
            options.rounds = rounds;
            options.random_start = data.random_start;
            options.seed = order_seed;
            Ok(Box::new(TurningDigits::new(digits, chosen, options)?))
        }
        "gratings" => Ok(Box::new(MovingGratings {
            wavelength: data.wavelength,
            frames,
            ..MovingGratings::new(data.seed, split)
        })),
        "noise" => Ok(Box::new(NoiseFilms { frames, ..NoiseFilms::new(data.seed, split) })),
        other => {
            let problem = format!("found {other}, expected rotating_mnist, gratings or noise");
            Err(refused("data.name", problem))
        }
    }
}

/// Rounds of the turntable in films of so many frames.
pub(crate) fn film_rounds(frames: usize) -> Result<usize> {
    let round = TURNTABLE_ANGLES.len();
    if frames == 0 || !frames.is_multiple_of(round) {
        let problem = format!("found {frames}, expected a multiple of {round}");
        return Err(refused("data.frames", problem));
    }
    Ok(frames / round)
}

fn refused(key: &str, problem: String) -> Error {
    Error::Key { origin: "configuration".into(), key: key.into(), problem }
}

/// The frames of some films, `[time, batch, row, column, channel]`.
///
/// # Errors
/// [`Error::Tensor`] if the device refuses.
pub fn film_frames(batch: FilmBatch, device: &Device) -> Result<Tensor> {
    let [time, films, rows, columns] = batch.shape;
    Ok(Tensor::from_vec(batch.frames, (time, films, rows, columns, 1), device)?)
}
