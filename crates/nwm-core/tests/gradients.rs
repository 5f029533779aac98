//! Gradients of the op against central differences.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use candle_core::{DType, Tensor, Var};
use common::{Problem, config, records, relative_error, values, variants};
use nwm_core::{CellConfig, Record, Scalar, Topology};

/// A fixed weighting of the tape, so that every entry contributes differently to the loss.
fn loss(problem: &Problem, record: Record) -> Tensor {
    let tape = problem.forward(record, DType::F64);
    let weights: Vec<f64> =
        (0..tape.elem_count()).map(|entry| (0.7 * entry as f64 + 0.3).sin() + 0.1).collect();
    let weights = Tensor::from_vec(weights, tape.shape(), tape.device()).unwrap();
    (tape * weights).unwrap().sum_all().unwrap()
}

/// Differences take two runs of the cell each: of a large input only so many entries are tried.
const MOST_ENTRIES: usize = 150;

/// The entries of a list that are compared, evenly spread.
fn tried<T: Copy>(values: &[T]) -> Vec<T> {
    values.iter().copied().step_by(values.len().div_ceil(MOST_ENTRIES).max(1)).collect()
}

/// The gradient of the loss at the entries that are [`tried`].
fn central_differences(problem: &Problem, record: Record, input: &Var) -> Vec<f64> {
    // Truncation h² and rounding 1e-16 / h times the loss balance near this step.
    const H: f64 = 3e-5;
    let start = values(input);
    let set = |values: &[f64]| {
        let moved = Tensor::from_vec(values.to_vec(), input.shape(), input.device()).unwrap();
        input.set(&moved).unwrap();
    };
    let indices: Vec<usize> = (0..start.len()).collect();
    let gradient = tried(&indices)
        .into_iter()
        .map(|index| {
            let at = |shift: f64| {
                let mut moved = start.clone();
                moved[index] += shift;
                set(&moved);
                loss(problem, record).to_scalar::<f64>().unwrap()
            };
            (at(H) - at(-H)) / (2.0 * H)
        })
        .collect();
    set(&start);
    gradient
}

fn assert_gradients(name: &str, problem: &Problem, record: Record) {
    let gradients = loss(problem, record).backward().unwrap();
    for (input_name, input) in problem.inputs() {
        let found = tried(&values(gradients.get(&input).unwrap()));
        let expected = central_differences(problem, record, &input);
        let error = relative_error(&found, &expected);
        // A gradient that all but cancels is known no better than the differences are.
        let close = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 5e-9);
        assert!(
            error < 1e-6 || close,
            "{name}, {record:?}, {input_name}: relative error {error:e}"
        );
    }
}

#[test]
fn gradients_match_central_differences_for_every_kind_of_cell() {
    for (seed, (name, config)) in variants().into_iter().enumerate() {
        for &record in records(&config) {
            let problem = Problem::random(config.clone(), 6, 2, seed as u64);
            assert_gradients(name, &problem, record);
        }
    }
}

#[test]
fn gradients_match_central_differences_after_one_step_and_after_twelve() {
    for (seed, (name, config)) in variants().into_iter().enumerate() {
        for &record in records(&config) {
            for steps in [1, 12] {
                let problem = Problem::random(config.clone(), steps, 1, 100 + seed as u64);
                assert_gradients(name, &problem, record);
            }
        }
    }
}

#[test]
fn gradients_of_dense_matrices_survive_many_rows_and_tasks() {
    // Tasks of four samples, the last one of three; 70 of their steps fill the buffer of 256 rows more than once.
    let config = CellConfig::new(Topology::Dense { units: 3 });
    let problem = Problem::random(config, 70, 19, 1);
    let gradients = loss(&problem, Record::Velocities).backward().unwrap();
    for (name, input) in problem.inputs().iter().filter(|(name, _)| *name != "drive input") {
        let found = values(gradients.get(input).unwrap());
        let expected = central_differences(&problem, Record::Velocities, input);
        let error = relative_error(&found, &expected);
        assert!(error < 1e-6, "{name}: relative error {error:e}");
    }
}

#[test]
fn gradients_of_a_large_dense_cell_match_differences_along_a_direction() {
    // Tasks of sixteen samples, the last one of one; 18 of their steps fill the buffer of 256 rows more than once.
    const H: f64 = 1e-5;
    let config = CellConfig::new(Topology::Dense { units: 257 });
    let problem = Problem::random(config, 18, 17, 3);
    let gradients = loss(&problem, Record::Velocities).backward().unwrap();
    for (name, input) in problem.inputs() {
        let start = input.as_tensor().copy().unwrap();
        let direction: Vec<f64> =
            (0..start.elem_count()).map(|entry| (1.3 * entry as f64 + 0.2).cos()).collect();
        let found: f64 =
            values(gradients.get(&input).unwrap()).iter().zip(&direction).map(|(a, b)| a * b).sum();
        let direction = Tensor::from_vec(direction, start.shape(), start.device()).unwrap();
        let at = |shift: f64| {
            input.set(&(&start + (&direction * shift).unwrap()).unwrap()).unwrap();
            loss(&problem, Record::Velocities).to_scalar::<f64>().unwrap()
        };
        let expected = (at(H) - at(-H)) / (2.0 * H);
        input.set(&start).unwrap();
        let error = (found - expected).abs() / expected.abs();
        assert!(error < 1e-6, "{name}: {found} against {expected}");
    }
}

#[test]
fn relu_passes_no_gradient_at_zero_or_below() {
    for raw in [0.0, -0.5] {
        let config = config(Topology::Torus { rows: 3, columns: 4 }, |c| {
            c.gamma = Scalar::Learned { raw };
            c.alpha = Scalar::Learned { raw };
        });
        let problem = Problem::random(config, 3, 1, 2);
        let gradients = loss(&problem, Record::States).backward().unwrap();
        for (name, input) in problem.inputs() {
            let gradient = values(gradients.get(&input).unwrap());
            let dead = matches!(name, "gamma_raw" | "alpha_raw");
            assert_eq!(gradient.iter().all(|&g| g == 0.0), dead, "{name} at raw {raw}");
        }
    }
}

#[test]
fn gradients_by_hand_are_those_of_the_graph() {
    for (name, config) in variants() {
        for &record in records(&config) {
            let problem = Problem::random(config.clone(), 5, 3, 4);
            let parameters: Vec<_> =
                problem.parameters.iter().map(|v| v.as_tensor().clone()).collect();
            let packed = Var::from_tensor(&problem.cell.pack(&parameters).unwrap()).unwrap();
            let inputs = [problem.drive.as_tensor(), problem.initial.as_tensor(), &packed];
            let [drive, initial, packed] = inputs;
            let result = problem.cell.forward(drive, initial, packed, record).unwrap();
            let gradients = result.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let recording = problem.cell.record(drive, initial, packed, record).unwrap();
            assert_eq!(values(recording.result()), values(&result), "{name}");
            let by_hand = recording.pull_back(&(result.detach() * 2.0).unwrap()).unwrap();
            for (input, found) in
                inputs.iter().zip([&by_hand.drive, &by_hand.initial, &by_hand.packed])
            {
                assert_eq!(values(gradients.get(input).unwrap()), values(found), "{name}");
            }
        }
    }
}

#[test]
fn a_drive_that_needs_no_gradient_gets_none() {
    let problem = Problem::random(CellConfig::new(Topology::Dense { units: 3 }), 3, 1, 2);
    let parameters: Vec<_> = problem.parameters.iter().map(|v| v.as_tensor().clone()).collect();
    let packed = problem.cell.pack(&parameters).unwrap();
    let drive = problem.drive.detach();
    let tape = problem.cell.forward(&drive, &problem.initial, &packed, Record::States).unwrap();
    let gradients = tape.sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&drive).is_none());
    assert!(gradients.get(&problem.initial).is_some());
}
