//! A wave that is pushed backwards along rings shows the past of a turning digit (paper, Figure 5):
//! `cargo run --release -p nwm-train --example 02_induced_waves [FOLDER]`.
//! FOLDER holds a trained model. The repository has one in data/models; the published crate has none, so it is needed there.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use nwm_analysis::induced::{ShiftAxis, shifted_rings};
use nwm_data::{Digits, Films, TurningDigits, TurningDigitsOptions};
use nwm_models::VariationalModel;
use nwm_train::film_frames;

/// The first digit of the sample with this label.
const DIGIT: u8 = 4;

/// Sites that the state is moved by, from picture to picture.
const SHIFTS: [f64; 6] = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0];

fn main() -> Result<(), Box<dyn Error>> {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/rings");
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(kept), PathBuf::from);
    let model = VariationalModel::load(folder)?;
    let digits = Digits::sample()?;
    let digit = digits.labels().iter().position(|&label| label == DIGIT).unwrap_or(0);
    let films = TurningDigits::new(Arc::new(digits), vec![digit], TurningDigitsOptions::default())?;
    let film = films.slice(0..1)?;
    let side = film.shape[3];
    let frames = film_frames(film, &Device::Cpu)?;

    // The state after a whole turn, in which the digit stands upright again.
    let positions = model.positions(&frames, None)?;
    let last: Vec<f32> = positions.get(positions.dim(0)? - 1)?.flatten_all()?.to_vec1()?;
    let cell = &model.config().cell;
    let shape = [1, cell.rows, cell.columns];
    let mut pictures = Vec::new();
    for shift in SHIFTS {
        let moved = shifted_rings(&last, shape, shift, ShiftAxis::Column)?;
        let moved = Tensor::from_vec(moved, (1, 1, cell.units()), &Device::Cpu)?;
        pictures.push(model.decode(&moved)?.flatten_all()?.to_vec1::<f32>()?);
    }
    let mut out = std::io::stdout().lock();
    for shift in SHIFTS {
        write!(out, "{:<width$}", format!("{shift} sites"), width = side + 2)?;
    }
    writeln!(out)?;
    for row in (0..side).step_by(2) {
        for picture in &pictures {
            let pixels = &picture[row * side..][..side];
            let marks = pixels.iter().map(|&value| match value {
                0.6.. => '#',
                0.3.. => '+',
                0.1.. => '.',
                _ => ' ',
            });
            write!(out, "{}  ", marks.collect::<String>())?;
        }
        writeln!(out)?;
    }
    Ok(())
}
