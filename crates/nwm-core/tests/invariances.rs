//! Symmetries and bounds that hold whatever the weights are, checked on random cells.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::{Problem, config, relative_error, values};
use nwm_core::imex::reference;
use nwm_core::stability::Oscillator;
use nwm_core::{Bias, Cell, CellConfig, Record, Scalar, State, Topology};
use proptest::prelude::*;

/// Sums run in another order after a permutation of the units.
const ROUNDING: f64 = 1e-12;

/// The states of every step, `[time, batch, 2, units]`.
fn states(problem: &Problem) -> Tensor {
    problem.forward(Record::States, DType::F64)
}

/// Takes `source[unit]` for every unit along the last axis.
fn take(tensor: &Tensor, source: &[usize]) -> Tensor {
    let index: Vec<u32> = source.iter().map(|&unit| u32::try_from(unit).unwrap()).collect();
    let index = Tensor::from_vec(index, source.len(), &Device::Cpu).unwrap();
    tensor.contiguous().unwrap().index_select(&index, tensor.rank() - 1).unwrap()
}

fn var(tensor: &Tensor) -> Var {
    Var::from_tensor(&tensor.contiguous().unwrap()).unwrap()
}

/// The problem with its units permuted: drive, initial state, and the bias if it is per unit.
fn permuted(problem: &Problem, source: &[usize]) -> Problem {
    let units = problem.cell.units();
    let shapes = problem.cell.parameter_shapes();
    let parameters = shapes.iter().zip(&problem.parameters).map(|(parameter, value)| {
        let per_unit = parameter.name == "bias" && parameter.shape == [units];
        if per_unit { var(&take(value, source)) } else { value.clone() }
    });
    Problem {
        cell: problem.cell.clone(),
        parameters: parameters.collect(),
        drive: var(&take(&problem.drive, source)),
        initial: var(&take(&problem.initial, source)),
        ..*problem
    }
}

fn assert_same(found: &Tensor, expected: &Tensor) {
    let error = relative_error(&values(found), &values(expected));
    assert!(error < ROUNDING, "relative difference {error:e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn torus_shift_shifts_the_trajectory(
        (rows, columns, channels) in (3_usize..7, 3_usize..9, 1_usize..3),
        (down, right) in (0_usize..7, 0_usize..9),
        per_site in any::<bool>(), seed in any::<u64>(),
    ) {
        let config = config(Topology::Torus { rows, columns }, |c| {
            c.channels = channels;
            c.bias = if per_site { Bias::PerSite } else { Bias::PerMap };
        });
        let problem = Problem::random(config, 4, 2, seed);
        let source: Vec<usize> = (0..channels * rows * columns)
            .map(|unit| {
                let (map, site) = (unit / (rows * columns), unit % (rows * columns));
                let (row, column) = (site / columns, site % columns);
                (map * rows + (row + down) % rows) * columns + (column + right) % columns
            })
            .collect();
        assert_same(&states(&permuted(&problem, &source)), &take(&states(&problem), &source));
    }

    #[test]
    fn rings_shift_and_permute_one_by_one(
        (rings, sites) in (1_usize..5, 3_usize..9), shifts in prop::array::uniform4(0_usize..9),
        rotation in 0_usize..5, state_norm in any::<bool>(), one_way in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let config = config(Topology::Rings { rings, sites }, |c| {
            c.bias = Bias::PerMap;
            c.one_way = one_way;
            c.state_norm = state_norm;
        });
        let mut problem = Problem::random(config, 4, 2, seed);
        if state_norm {
            // Gain and offset must be constant for the symmetry to hold.
            let last = problem.parameters.len();
            let ones = Tensor::ones(rings * sites, DType::F64, &Device::Cpu).unwrap();
            problem.parameters[last - 2] = var(&(&ones * 1.3).unwrap());
            problem.parameters[last - 1] = var(&(&ones * 0.2).unwrap());
        }
        let source: Vec<usize> = (0..rings * sites)
            .map(|unit| {
                let ring = (unit / sites + rotation) % rings;
                ring * sites + (unit % sites + shifts[ring]) % sites
            })
            .collect();
        assert_same(&states(&permuted(&problem, &source)), &take(&states(&problem), &source));
    }

    #[test]
    fn sign_of_everything_flips_the_trajectory(
        (rows, columns, half_kernel) in (5_usize..7, 5_usize..9, 0_usize..3), seed in any::<u64>(),
    ) {
        let config = config(Topology::Torus { rows, columns }, |c| {
            c.kernel_size = 2 * half_kernel + 1;
            c.bias = Bias::None;
        });
        let problem = Problem::random(config, 4, 2, seed);
        let flipped = Problem {
            cell: problem.cell.clone(),
            parameters: problem.parameters.clone(),
            drive: var(&problem.drive.neg().unwrap()),
            initial: var(&problem.initial.neg().unwrap()),
            ..problem
        };
        prop_assert_eq!(values(&states(&flipped)), values(&states(&problem).neg().unwrap()));
    }

    #[test]
    fn transposed_maps_and_kernels_transpose_the_trajectory(
        (rows, columns, channels) in (3_usize..7, 3_usize..9, 1_usize..3), seed in any::<u64>(),
    ) {
        let shape = |rows, columns| config(Topology::Torus { rows, columns }, |c| {
            c.channels = channels;
            c.bias = Bias::PerMap;
        });
        let problem = Problem::random(shape(rows, columns), 4, 2, seed);
        let source: Vec<usize> = (0..channels * rows * columns)
            .map(|unit| {
                let (map, site) = (unit / (rows * columns), unit % (rows * columns));
                (map * rows + site % rows) * columns + site / rows
            })
            .collect();
        let mut transposed = permuted(&problem, &source);
        transposed.cell = Cell::new(shape(columns, rows)).unwrap();
        for kernel in &mut transposed.parameters[..3] {
            *kernel = var(&kernel.transpose(2, 3).unwrap());
        }
        assert_same(&states(&transposed), &take(&states(&problem), &source));
    }

    #[test]
    fn reflected_rows_reflect_the_kernel(
        (rows, columns) in (3_usize..7, 3_usize..9), seed in any::<u64>(),
    ) {
        let problem = Problem::random(
            config(Topology::Torus { rows, columns }, |_| {}), 4, 2, seed,
        );
        let source: Vec<usize> = (0..rows * columns)
            .map(|unit| (rows - 1 - unit / columns) * columns + unit % columns)
            .collect();
        let mut reflected = permuted(&problem, &source);
        for kernel in &mut reflected.parameters[..3] {
            *kernel = var(&kernel.flip(&[2]).unwrap());
        }
        assert_same(&states(&reflected), &take(&states(&problem), &source));
    }

    #[test]
    fn huge_weights_never_exceed_the_bounds(
        (rows, columns, channels) in (3_usize..6, 3_usize..6, 1_usize..3),
        (dt, gamma, alpha) in (0.02_f64..0.2, 0.1_f64..3.0, 0.5_f64..5.0),
        scale in 1.0_f64..1e4, seed in any::<u64>(),
    ) {
        let config = config(Topology::Torus { rows, columns }, |c| {
            c.channels = channels;
            (c.dt, c.gamma, c.alpha) =
                (Scalar::Fixed(dt), Scalar::Fixed(gamma), Scalar::Fixed(alpha));
        });
        let oscillator = Oscillator::of(&config);
        let mut problem = Problem::random(config, 40, 1, seed);
        for parameter in &mut problem.parameters {
            *parameter = var(&(parameter.as_tensor() * scale).unwrap());
        }
        let units = problem.cell.units();
        let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
        let energy = |x: &[f64], v: &[f64]| gamma * norm(x) + norm(v);

        let start = values(&problem.initial);
        let initial_energy = energy(&start[..units], &start[units..]);
        for (step, state) in values(&states(&problem)).chunks(2 * units).enumerate() {
            let found = energy(&state[..units], &state[units..]);
            if let Some(bound) = oscillator.energy_bound(initial_energy, units, step + 1) {
                prop_assert!(found <= bound * (1.0 + ROUNDING));
            }
        }
        problem.initial = var(&problem.initial.zeros_like().unwrap());
        let gains = oscillator.impulse_gains().unwrap();
        for state in values(&states(&problem)).chunks(2 * units) {
            let largest = |values: &[f64]| values.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
            // Saturated tanh is exactly 1 in floating point, so the bound can be reached.
            prop_assert!(largest(&state[..units]) <= gains.position * (1.0 + ROUNDING));
            prop_assert!(largest(&state[units..]) <= gains.velocity * (1.0 + ROUNDING));
        }
    }
}

/// A torus with the given scalars and zero kernels, packed: its cell and its parameters.
fn uncoupled(dt: f64, gamma: f64, alpha: f64) -> (CellConfig, Vec<f64>) {
    let config = config(Topology::Torus { rows: 3, columns: 4 }, |c| {
        c.bias = Bias::None;
        c.drive_coupling = false;
    });
    (config, [vec![0.0; 18], vec![dt, gamma, alpha]].concat())
}

#[test]
fn nothing_moves_without_a_time_step() {
    let (config, packed) = uncoupled(0.0, 1.0, 0.5);
    let cell = Cell::new(config).unwrap();
    let start = State {
        position: (0..12).map(|unit| f64::from(unit).sin()).collect(),
        velocity: (0..12).map(|unit| f64::from(unit).cos()).collect(),
    };
    let parameters = cell.layout().parameters(&packed).unwrap();
    let next = reference::step(cell.config(), &parameters, &[0.3; 12], &start).unwrap();
    assert_eq!(next, start);
}

#[test]
fn free_units_accelerate_uniformly() {
    let (dt, drive) = (0.1, 0.4_f64);
    let (mut config, _) = uncoupled(dt, 0.0, 0.0);
    config.dt = Scalar::Fixed(dt);
    config.gamma = Scalar::Fixed(0.0);
    config.alpha = Scalar::Fixed(0.0);
    let cell = Cell::new(config).unwrap();
    let tensor = |value: f64, shape: &[usize]| Tensor::full(value, shape, &Device::Cpu).unwrap();
    let kernels = [tensor(0.0, &[1, 1, 3, 3]), tensor(0.0, &[1, 1, 3, 3])];
    let packed = cell.pack(&kernels).unwrap();
    let tape = cell
        .forward(&tensor(drive, &[7, 1, 12]), &tensor(0.0, &[2, 1, 12]), &packed, Record::States)
        .unwrap();
    for (index, state) in values(&tape).chunks(24).enumerate() {
        let n = (index + 1) as f64;
        let position = dt * dt * drive.tanh() * n * (n + 1.0) / 2.0;
        let velocity = n * dt * drive.tanh();
        assert!(state[..12].iter().all(|x| (x - position).abs() < 1e-14));
        assert!(state[12..].iter().all(|v| (v - velocity).abs() < 1e-14));
    }
}

#[test]
fn one_way_influence_travels_one_site_per_step_toward_smaller_index() {
    let sites = 12;
    let one_way = config(Topology::Rings { rings: 1, sites }, |c| c.one_way = true);
    let problem = Problem::random(one_way, 5, 1, 5);
    let touched = 7;
    let mut start = values(&problem.initial);
    start[touched] += 0.5;
    let moved = Problem {
        cell: problem.cell.clone(),
        parameters: problem.parameters.clone(),
        drive: problem.drive.clone(),
        initial: var(&Tensor::from_vec(start, (2, 1, sites), &Device::Cpu).unwrap()),
        ..problem
    };
    let difference = values(&(states(&moved) - states(&problem)).unwrap());
    for (index, state) in difference.chunks(2 * sites).enumerate() {
        for (unit, difference) in state.iter().enumerate() {
            let behind = touched as isize - (unit % sites) as isize;
            let reached = (0..=index as isize + 1).contains(&behind);
            assert_eq!(*difference != 0.0, reached, "step {}, unit {unit}", index + 1);
        }
    }
}
