//! The op against the reference: any shape in f64, and long sequences in f32.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod common;

use candle_core::{DType, Tensor, Var};
use common::{Problem, config, records, relative_error, values, variants};
use nwm_core::{Bias, CellConfig, InstructionSet, Record, Scalar, Topology};
use proptest::prelude::*;

/// Local cells of every kind on small maps, with odd and even sides, single rows and single sites.
fn local_config() -> impl Strategy<Value = CellConfig> {
    let sides = (0_usize..3, 0_usize..5, 0_usize..5, any::<bool>());
    // Few maps and many, also as many as a vector holds and one more.
    let channels = prop_oneof![4 => 1_usize..4, 1 => Just(8), 1 => Just(11), 2 => 16_usize..26];
    let options = (channels, 0_usize..4, any::<[bool; 3]>());
    (sides, options).prop_map(
        |((half_kernel, more_rows, more_columns, rings), (channels, bias, flags))| {
            let kernel_size = 2 * half_kernel + 1;
            let columns = kernel_size + more_columns;
            let topology = if rings {
                Topology::Rings { rings: 1 + more_rows, sites: columns }
            } else {
                Topology::Torus { rows: kernel_size + more_rows, columns }
            };
            config(topology, |c| {
                c.kernel_size = kernel_size;
                c.channels = channels;
                c.bias = match (bias, rings) {
                    (0, _) => Bias::None,
                    (1, _) => Bias::PerMap,
                    (2, true) => Bias::PerRingPosition,
                    _ => Bias::PerSite,
                };
                let [one_way, drive_coupling, state_norm] = flags;
                c.one_way = one_way && rings && kernel_size == 3;
                c.drive_coupling = drive_coupling;
                c.state_norm = state_norm;
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn op_equals_reference_for_random_local_cells(
        config in local_config(), steps in 1_usize..6, samples in 1_usize..4, seed in any::<u64>(),
    ) {
        for &record in records(&config) {
            let problem = Problem::random(config.clone(), steps, samples, seed);
            let found = values(&problem.forward(record, DType::F64));
            // Only the order of a few hundred sums differs.
            prop_assert!(relative_error(&found, &problem.reference(record)) < 1e-12);
        }
    }

    #[test]
    fn op_equals_reference_for_random_dense_cells(
        units in 1_usize..20, steps in 1_usize..6, samples in 1_usize..40, seed in any::<u64>(),
        drive_coupling in any::<bool>(), state_norm in any::<bool>(),
    ) {
        let config = config(Topology::Dense { units }, |c| {
            c.drive_coupling = drive_coupling;
            c.state_norm = state_norm;
        });
        for &record in records(&config) {
            let problem = Problem::random(config.clone(), steps, samples, seed);
            let found = values(&problem.forward(record, DType::F64));
            prop_assert!(relative_error(&found, &problem.reference(record)) < 1e-12);
        }
    }
}

/// Gradients of a weighted sum of the tape in double precision: all parameters as one vector, then
/// the drive, then the initial state.
fn gradients(problem: &Problem, record: Record, dtype: DType) -> [Vec<f64>; 3] {
    let tape = problem.forward(record, dtype);
    let weights: Vec<f64> = (0..tape.elem_count()).map(|i| (0.7 * i as f64).sin() + 0.1).collect();
    let weights = Tensor::from_vec(weights, tape.shape(), tape.device()).unwrap();
    let loss = (tape * weights.to_dtype(dtype).unwrap()).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let gradient = |input: &Var| values(gradients.get(input).unwrap());
    let parameters = problem.parameters.iter().flat_map(gradient).collect();
    [parameters, gradient(&problem.drive), gradient(&problem.initial)]
}

/// On every instruction set, f32 forward against the f64 reference, f32 gradients against f64 gradients (which are checked
/// against central differences elsewhere).
///
/// Rounding of the tape enters the gradients as 6e-8 |v| / dt per step and averages out over steps
/// and sites; contracting dynamics forget it. 1e-5 leaves an order of magnitude. The gradient of a
/// single scalar can be a sum that nearly cancels, so parameters are measured together.
fn assert_single_precision(name: &str, config: CellConfig, steps: usize, samples: usize) {
    for &record in records(&config) {
        let problem = Problem::random(config.clone(), steps, samples, 7);
        let reference = problem.reference(record);
        let double = gradients(&problem, record, DType::F64);
        for set in InstructionSet::ALL {
            let Some(problem) = problem.on(set) else {
                eprintln!("skipped: {set}, which this processor lacks");
                continue;
            };
            let found = values(&problem.forward(record, DType::F32));
            let error = relative_error(&found, &reference);
            assert!(error < 1e-5, "{name}, {record:?}, {set}, forward: {error:e}");
            let single = gradients(&problem, record, DType::F32);
            for ((input, single), double) in
                ["parameters", "drive", "initial state"].iter().zip(&single).zip(&double)
            {
                let error = relative_error(single, double);
                assert!(error < 1e-5, "{name}, {record:?}, {set}, gradient of {input}: {error:e}");
            }
        }
    }
}

/// Scalars of the sequence experiments, under which single units forget in about 40 steps.
fn contracting(config: &mut CellConfig) {
    config.dt = Scalar::Fixed(0.042);
    config.gamma = Scalar::Fixed(2.7);
    config.alpha = Scalar::Fixed(4.7);
}

#[test]
fn single_precision_holds_over_long_sequences() {
    let torus = Topology::Torus { rows: 7, columns: 9 };
    assert_single_precision("torus", config(torus, contracting), 784, 2);
    let rings = config(Topology::Rings { rings: 3, sites: 10 }, |c| {
        contracting(c);
        c.one_way = true;
    });
    assert_single_precision("one-way rings", rings, 784, 2);
    let channels = config(Topology::Torus { rows: 5, columns: 4 }, |c| {
        contracting(c);
        c.channels = 4;
    });
    assert_single_precision("four channels", channels, 300, 1);
    let maps = config(Topology::Torus { rows: 5, columns: 9 }, |c| {
        contracting(c);
        c.channels = 17;
    });
    assert_single_precision("17 channels", maps, 784, 1);
    let more_maps = config(Topology::Torus { rows: 3, columns: 9 }, |c| {
        contracting(c);
        c.channels = 65;
    });
    assert_single_precision("65 channels", more_maps, 60, 1);
    let dense = config(Topology::Dense { units: 33 }, contracting);
    assert_single_precision("dense", dense, 784, 3);
}

#[test]
fn single_precision_holds_at_the_suite_s_time_step() {
    let torus = Topology::Torus { rows: 23, columns: 23 };
    let scalars = |c: &mut CellConfig| {
        c.dt = Scalar::Fixed(0.125);
        c.gamma = Scalar::Fixed(1.0);
        c.alpha = Scalar::Fixed(0.5);
    };
    assert_single_precision("torus", config(torus, scalars), 60, 3);
}

#[test]
fn single_precision_matches_the_reference_for_every_kind_of_cell() {
    for (name, config) in variants() {
        assert_single_precision(name, config, 12, 3);
    }
}
