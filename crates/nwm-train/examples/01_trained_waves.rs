//! Waves in a trained sheet beside those in the same sheet before training; nothing has to be trained:
//! `cargo run --release -p nwm-train --example 01_trained_waves [FOLDER]`.
//! FOLDER holds a trained model. The repository has one in data/models; the published crate has none, so it is needed there.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device};
use nwm_analysis::waves::{Grid, Metric, MetricsOptions, WaveMetrics};
use nwm_data::{Digits, Films, TurningDigits, TurningDigitsOptions};
use nwm_models::VariationalModel;
use nwm_train::film_frames;

/// The first round of the turntable is left out of what is measured.
const ROUNDS: usize = 5;
const FRAMES_OF_A_ROUND: usize = 18;

fn main() -> Result<(), Box<dyn Error>> {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models/turning-digits");
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(kept), PathBuf::from);
    let trained = VariationalModel::load(folder)?;
    let untrained =
        VariationalModel::new(trained.config(), trained.frame(), 0, DType::F32, &Device::Cpu)?;

    let mut options = TurningDigitsOptions::default();
    options.rounds = ROUNDS;
    let films = TurningDigits::new(Arc::new(Digits::sample()?), vec![0, 1, 2, 3], options)?;
    let frames = film_frames(films.slice(0..4)?, &Device::Cpu)?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<20}{:>10}{:>12}{:>8}{:>12}", "", "trained", "no waves", "p", "untrained")?;
    let [trained, untrained] = [waves(&trained, &frames)?, waves(&untrained, &frames)?];
    for metric in [
        Metric::TravelIndex,
        Metric::PhaseGradientDirectionality,
        Metric::ModeShare,
        Metric::SingularityDensity,
        Metric::SpeedMedian,
    ] {
        let Some(found) = trained.significance(metric) else { continue };
        writeln!(
            out,
            "{:<20}{:>10.3}{:>12.3}{:>8.3}{:>12.3}",
            metric.name(),
            found.observed,
            found.null_mean,
            found.p_value,
            untrained.get(metric)
        )?;
    }
    Ok(())
}

/// The waves in the positions of a sheet while it reads films `[time, film, row, column, 1]`.
fn waves(
    model: &VariationalModel,
    frames: &candle_core::Tensor,
) -> Result<WaveMetrics, Box<dyn Error>> {
    let cell = &model.config().cell;
    let (time, films) = (frames.dim(0)?, frames.dim(1)?);
    let positions = model.positions(frames, None)?;
    let recordings = (0..films)
        .map(|film| positions.narrow(1, film, 1)?.flatten_all()?.to_vec1::<f32>())
        .collect::<candle_core::Result<Vec<_>>>()?;
    let recordings: Vec<&[f32]> = recordings.iter().map(Vec::as_slice).collect();
    let mut options = MetricsOptions::default();
    options.skipped_frames = FRAMES_OF_A_ROUND;
    Ok(WaveMetrics::of(&recordings, [time, cell.rows, cell.columns], Grid::Torus, &options)?)
}
