//! The trained models that the repository keeps still do what they were kept for. Skipped where they are not.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use nwm_analysis::induced::{ShiftAxis, mean_squared_errors, shifted_rings, shuffled_rings};
use nwm_analysis::waves::{Grid, Metric, MetricsOptions, Surrogates, WaveMetrics};
use nwm_data::{Digits, Films, TurningDigits, TurningDigitsOptions};
use nwm_models::{SequenceModel, VariationalModel};
use nwm_train::film_frames;

/// The folder of a kept model; none, and a word about it, if this is not the repository.
fn kept(name: &str) -> Option<PathBuf> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/models")).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn films(digits: &[usize], rounds: usize) -> Tensor {
    let mut options = TurningDigitsOptions::default();
    options.rounds = rounds;
    let films =
        TurningDigits::new(Arc::new(Digits::sample().unwrap()), digits.to_vec(), options).unwrap();
    let batch = films.slice(0..digits.len() as u64).unwrap();
    film_frames(batch, &Device::Cpu).unwrap()
}

#[test]
fn waves_travel_over_the_trained_sheet_and_not_over_the_untrained_one() {
    let Some(folder) = kept("turning-digits") else { return };
    let trained = VariationalModel::load(folder).unwrap();
    let untrained =
        VariationalModel::new(trained.config(), trained.frame(), 0, DType::F32, &Device::Cpu);
    let frames = films(&[0, 1], 5);
    let mut options = MetricsOptions::default();
    options.skipped_frames = 18;
    options.surrogates = Surrogates { count: 19, seed: 0 };
    options.both_nulls = true;
    let [trained, untrained] = [trained, untrained.unwrap()].map(|model| {
        let cell = &model.config().cell;
        let positions = model.positions(&frames, None).unwrap();
        let recordings: Vec<Vec<f32>> = (0..2)
            .map(|film| positions.narrow(1, film, 1).unwrap().flatten_all().unwrap().to_vec1())
            .collect::<Result<_, _>>()
            .unwrap();
        let recordings: Vec<&[f32]> = recordings.iter().map(Vec::as_slice).collect();
        let shape = [frames.dim(0).unwrap(), cell.rows, cell.columns];
        WaveMetrics::of(&recordings, shape, Grid::Torus, &options).unwrap()
    });
    let travel = trained.get(Metric::TravelIndex);
    assert!(travel > 0.7 && untrained.get(Metric::TravelIndex) < 0.3, "{travel}");
    let beside = [
        trained.significance(Metric::TravelIndex),
        trained.significance_in_time(Metric::TravelIndex),
    ];
    assert!(beside.into_iter().flatten().all(|it| it.p_value == 0.05), "{beside:?}");
}

#[test]
fn activity_that_moves_backwards_along_the_rings_shows_the_past() {
    let Some(folder) = kept("rings") else { return };
    let model = VariationalModel::load(folder).unwrap();
    let frames = films(&(0..20).collect::<Vec<_>>(), 1);
    let cell = &model.config().cell;
    let (shape, units) = ([1, cell.rows, cell.columns], cell.units());
    let last = model.positions(&frames, None).unwrap().get(17).unwrap();
    let states: Vec<Vec<f32>> = last.to_vec2().unwrap();
    let decoded = |states: Vec<f32>| -> Vec<f32> {
        let states = Tensor::from_vec(states, (1, 20, units), &Device::Cpu).unwrap();
        model.decode(&states).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    };
    // A site to a frame, about: what is shown then is 3 frames before the whole turn.
    let moved =
        states.iter().flat_map(|it| shifted_rings(it, shape, 3.0, ShiftAxis::Column).unwrap());
    let shuffled = states.iter().enumerate().flat_map(|(number, it)| {
        let shuffled = shuffled_rings(it, shape, ShiftAxis::Column, 0, number as u64).unwrap();
        shifted_rings(&shuffled, shape, 3.0, ShiftAxis::Column).unwrap()
    });
    let past: Vec<f32> = frames.get(15).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let future: Vec<f32> = frames.get(3).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let error = |shown: &[f32], truth: &[f32]| -> f64 {
        let errors = mean_squared_errors(shown, truth, [20, 1, 784]).unwrap();
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    let (moved, shuffled) = (decoded(moved.collect()), decoded(shuffled.collect()));
    assert!(error(&moved, &past) < 0.7 * error(&shuffled, &past));
    assert!(error(&moved, &past) < 0.7 * error(&moved, &future));
}

#[test]
fn digits_are_told_apart_pixel_by_pixel() {
    let Some(folder) = kept("smnist") else { return };
    let model = SequenceModel::load(folder).unwrap();
    let digits = Digits::sample().unwrap();
    let side = 14;
    let mut inputs = vec![0.0_f32; side * side * digits.len()];
    for digit in 0..digits.len() {
        let image = digits.image(digit).unwrap();
        for step in 0..side * side {
            let corner = step / side * 2 * 28 + step % side * 2;
            let square =
                [corner, corner + 1, corner + 28, corner + 29].map(|at| f32::from(image[at]));
            inputs[step * digits.len() + digit] = square.iter().sum::<f32>() / 4.0 / 255.0;
        }
    }
    let inputs = Tensor::from_vec(inputs, (side * side, digits.len(), 1), &Device::Cpu).unwrap();
    let answers: Vec<u32> = model.answer(&inputs).unwrap().argmax(1).unwrap().to_vec1().unwrap();
    let right = answers
        .iter()
        .zip(digits.labels())
        .filter(|(answer, label)| **answer == u32::from(**label));
    let right = right.count();
    assert!(right * 10 >= 9 * digits.len(), "{right} of {}", digits.len());
}
