//! The kernels of the cell, emulated on the cpu, against the reference and the cpu's gradients.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may panic, and say what is found"
)]

mod common;

use std::path::Path;

use candle_core::Tensor;
use common::{Problem, config, records, relative_error, values, variants};
use nwm_core::cuda::{Inputs, MODULES, Precision, Run, View};
use nwm_core::{Bias, CellConfig, Error, Record, Topology};
use nwm_cuda::{Emulation, Limits, Module, Order, Program, Queue, Sources};

const ORDERS: [Order; 3] = [Order::Forward, Order::Reverse, Order::Shuffled];

/// Bound on the relative error of states after a few steps, and of gradients: a handful of roundings of 6e-8.
const TOLERANCE: f64 = 3e-6;

/// The same of many maps, whose sums tensor cores round towards zero.
const TILED_TOLERANCE: f64 = 1e-5;

/// The kernels as a program, or none where there is no compiler.
fn program(checked: bool, defines: &[&str]) -> Option<Program> {
    program_of(&MODULES, checked, defines)
}

fn program_of(modules: &[&'static Module], checked: bool, defines: &[&str]) -> Option<Program> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("kernels");
    let sources = Sources { name: "cell", folder: &folder, modules, checked, defines };
    Program::build_for_tests(&sources, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

/// What one run gives: the result, and gradients of drive, initial state and packed parameters.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    result: Vec<f32>,
    gradients: Vec<(&'static str, Vec<f32>)>,
}

/// A fixed weighting of the result, so that every entry contributes differently to the loss.
fn weights(count: usize) -> Vec<f64> {
    (0..count).map(|entry| (0.7 * entry as f64 + 0.3).sin() + 0.1).collect()
}

fn packed(problem: &Problem) -> Tensor {
    let parameters: Vec<_> = problem.parameters.iter().map(|it| it.as_tensor().clone()).collect();
    problem.cell.pack(&parameters).unwrap()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn emulated(queue: &Emulation, problem: &Problem, record: Record) -> Result<Outcome, Error> {
    emulated_with(Precision::default(), queue, problem, record)
}

fn emulated_with(
    precision: Precision,
    queue: &Emulation,
    problem: &Problem,
    record: Record,
) -> Result<Outcome, Error> {
    let upload = |tensor: &Tensor| queue.upload(&single(&values(tensor)));
    let drive = upload(&problem.drive)?;
    let initial = upload(&problem.initial)?;
    let packed = upload(&packed(problem))?;
    let inputs =
        Inputs { drive: View::of(&drive), initial: View::of(&initial), packed: View::of(&packed) };
    let (config, extent) = (problem.cell.config(), [problem.steps, problem.samples]);
    let run = Run::new(queue, config, extent, inputs)?.with_precision(precision);
    let written = run.forward(record, true)?;
    let result = queue.download(&written.result)?;
    let gradient = queue.upload(&single(&weights(result.len())))?;
    let left_behind = (View::of(&written.result), &written.kept);
    let gradients = run.backward(record, left_behind, View::of(&gradient), true)?;
    let drive = gradients.drive.as_ref().unwrap();
    Ok(Outcome {
        result,
        gradients: vec![
            ("drive", queue.download(drive)?),
            ("initial", queue.download(&gradients.initial)?),
            ("packed", queue.download(&gradients.packed)?),
        ],
    })
}

/// The reference's result, and the gradients of the cpu in double precision.
fn expected(problem: &Problem, record: Record) -> (Vec<f64>, Vec<Vec<f64>>) {
    let result = problem.reference(record);
    let run =
        problem.cell.record(&problem.drive, &problem.initial, &packed(problem), record).unwrap();
    let gradient =
        Tensor::from_vec(weights(result.len()), run.result().shape(), run.result().device())
            .unwrap();
    let gradients = run.pull_back(&gradient).unwrap();
    let gradients = [&gradients.drive, &gradients.initial, &gradients.packed].map(values);
    (result, gradients.to_vec())
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Relative errors of the result and of all gradients.
fn errors(found: &Outcome, problem: &Problem, record: Record) -> Vec<(&'static str, f64)> {
    let (result, gradients) = expected(problem, record);
    let of_gradients = found.gradients.iter().zip(&gradients);
    let of_gradients = of_gradients
        .map(|((name, found), expected)| (*name, relative_error(&widened(found), expected)));
    [("result", relative_error(&widened(&found.result), &result))]
        .into_iter()
        .chain(of_gradients)
        .collect()
}

fn assert_agrees(name: &str, queue: &Emulation, problem: &Problem, record: Record) {
    let found = emulated(queue, problem, record).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (part, error) in errors(&found, problem, record) {
        let tolerance =
            if problem.cell.config().channels < 8 { TOLERANCE } else { TILED_TOLERANCE };
        assert!(error < tolerance, "{name}, {record:?}, {part}: relative error {error:e}");
    }
}

fn local_variants() -> Vec<(&'static str, CellConfig)> {
    variants().into_iter().filter(|(_, config)| config.topology.is_local()).collect()
}

#[test]
fn every_kind_of_cell_agrees_with_the_reference_and_the_cpu() {
    let Some(program) = program(false, &[]) else { return };
    for (seed, (name, config)) in local_variants().into_iter().enumerate() {
        let queue = program.start(ORDERS[seed % 3], Limits::AMPERE).unwrap();
        for &record in records(&config) {
            let problem = Problem::random(config.clone(), 7, 3, seed as u64);
            assert_agrees(name, &queue, &problem, record);
        }
    }
}

#[test]
fn no_access_of_shared_memory_is_out_of_bounds_or_races() {
    let Some(program) = program(true, &[]) else { return };
    for (seed, (name, config)) in local_variants().into_iter().enumerate() {
        let queue = program.start(ORDERS[seed % 3], Limits::AMPERE).unwrap();
        let record = records(&config)[seed % records(&config).len()];
        let problem = Problem::random(config, 4, 2, seed as u64);
        assert_agrees(name, &queue, &problem, record);
    }
}

#[test]
fn large_maps_take_several_turns_and_the_order_of_threads_changes_no_bit() {
    let Some(program) = program(false, &[]) else { return };
    let large = config(Topology::Torus { rows: 50, columns: 61 }, |_| {});
    let problem = Problem::random(large, 5, 2, 1);
    let outcomes = ORDERS.map(|order| {
        let queue = program.start(order, Limits::AMPERE).unwrap();
        assert_agrees("large torus", &queue, &problem, Record::Velocities);
        emulated(&queue, &problem, Record::Velocities).unwrap()
    });
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0], outcomes[2]);
}

/// Shapes for which a thread has one strip of five rows, or several strips.
const SHARED_OUT: [Topology; 3] = [
    Topology::Torus { rows: 9, columns: 43 },
    Topology::Torus { rows: 41, columns: 50 },
    Topology::Rings { rings: 39, sites: 40 },
];

#[test]
fn one_map_is_shared_out_in_every_way() {
    let Some(program) = program(true, &[]) else { return };
    for (seed, topology) in SHARED_OUT.into_iter().enumerate() {
        let queue = program.start(ORDERS[seed % 3], Limits::HOPPER).unwrap();
        let variants = [
            config(topology, |_| {}),
            config(topology, |config| {
                config.drive_coupling = false;
                config.bias = Bias::None;
            }),
            config(topology, |config| {
                config.drive_coupling = false;
                config.input_features = Some(2);
                config.state_norm = true;
            }),
        ];
        for (config, record) in
            variants.into_iter().zip([Record::States, Record::Velocities, Record::States])
        {
            let problem = Problem::random(config, 4, 1, seed as u64);
            assert_agrees("one map", &queue, &problem, record);
        }
    }
}

#[test]
fn planted_mistakes_are_found() {
    let problems = [1, 2].map(|channels| {
        let torus = config(Topology::Torus { rows: 6, columns: 35 }, |config| {
            config.channels = channels;
        });
        Problem::random(torus, 4, 2, 5)
    });
    // Only those that are launched, since each mistake is a program of its own.
    let modules: Vec<&Module> = MODULES
        .into_iter()
        .filter(|module| module.name.starts_with("local") || module.name == "sum_partials")
        .collect();
    for mistake in
        ["PLANT_MISSING_BARRIER", "PLANT_WRONG_WRAP", "PLANT_UNREDUCED_PARTIAL", "PLANT_OFF_BY_ONE"]
    {
        let Some(program) = program_of(&modules, true, &[mistake]) else { return };
        for problem in &problems {
            let queue = program.start(Order::Shuffled, Limits::AMPERE).unwrap();
            let agrees = match emulated(&queue, problem, Record::States) {
                Err(error) => {
                    eprintln!("{mistake}: {error}");
                    false
                }
                Ok(found) => {
                    let errors = errors(&found, problem, Record::States);
                    eprintln!("{mistake}: relative errors {errors:?}");
                    errors.iter().all(|&(_, error)| error < TOLERANCE)
                }
            };
            let channels = problem.cell.config().channels;
            assert!(!agrees, "{mistake} went unnoticed with {channels} channels");
        }
    }
}

#[test]
fn precisions_of_many_maps_are_as_exact_as_they_say() {
    let Some(program) = program(false, &[]) else { return };
    let many = config(Topology::Torus { rows: 5, columns: 9 }, |config| {
        config.channels = 19;
        config.bias = Bias::PerMap;
    });
    let problem = Problem::random(many, 5, 2, 3);
    let worst = |precision| {
        let queue = program.start(Order::Shuffled, Limits::HOPPER).unwrap();
        let found = emulated_with(precision, &queue, &problem, Record::Velocities).unwrap();
        let errors = errors(&found, &problem, Record::Velocities);
        errors.into_iter().map(|(_, error)| error).fold(0.0, f64::max)
    };
    assert!(worst(Precision::Single) < TOLERANCE);
    assert!(worst(Precision::Tf32x3) < TILED_TOLERANCE);
    let rounded = worst(Precision::Tf32);
    assert!(rounded < 3e-3, "{rounded:e}");
    // Otherwise it was not the tensor cores that computed it.
    assert!(rounded > TILED_TOLERANCE, "{rounded:e}");
}

/// Blocks that hold next to nothing, so that every cell goes step by step.
const SMALL: Limits = Limits { shared_words: 64, threads: 1024 };

#[test]
fn maps_too_large_for_a_block_and_dense_cells_go_step_by_step() {
    for checked in [false, true] {
        let Some(program) = program(checked, &[]) else { return };
        for (seed, (name, config)) in variants().into_iter().enumerate() {
            // Every pair of maps is a block here, which takes long to emulate.
            if config.channels > 3 {
                continue;
            }
            let queue = program.start(ORDERS[seed % 3], SMALL).unwrap();
            let records = records(&config);
            let records = if checked { &records[seed % records.len()..][..1] } else { records };
            for &record in records {
                let problem = Problem::random(config.clone(), 6, 3, seed as u64);
                assert_agrees(name, &queue, &problem, record);
            }
        }
    }
}

#[test]
fn a_tape_that_finds_no_room_is_read_where_it_is() {
    let Some(program) = program(true, &[]) else { return };
    let torus = config(Topology::Torus { rows: 11, columns: 13 }, |_| {});
    let problem = Problem::random(torus, 4, 2, 8);
    // Room for the states of a step, and not for three steps of the tape.
    let limits = Limits { shared_words: 2500, threads: 1024 };
    let queue = program.start(Order::Reverse, limits).unwrap();
    for record in [Record::States, Record::Velocities] {
        assert_agrees("torus", &queue, &problem, record);
    }
}
