//! The same bits for any number of threads, and for a sample whatever its neighbours are.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use candle_core::{DType, Tensor, Var};
use common::{Problem, records, values, variants};
use nwm_core::Record;

/// Bits of the tape and of all gradients of a simple loss.
fn bits(problem: &Problem, record: Record) -> Vec<Vec<u64>> {
    let tape = problem.forward(record, DType::F32);
    let gradients = tape.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let bits = |tensor: &Tensor| values(tensor).into_iter().map(f64::to_bits).collect();
    let inputs = problem.inputs();
    let of_input = |(_, input): &(&str, Var)| bits(gradients.get(input).unwrap());
    std::iter::once(bits(&tape)).chain(inputs.iter().map(of_input)).collect()
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (one, two, five) = (pool(1), pool(2), pool(5));
    for (name, config) in variants() {
        for &record in records(&config) {
            // More samples than fit one dense task.
            let problem = Problem::random(config.clone(), 9, 37, 3);
            let expected = one.install(|| bits(&problem, record));
            for pool in [&two, &five] {
                assert!(pool.install(|| bits(&problem, record)) == expected, "{name}, {record:?}");
            }
        }
    }
}

#[test]
fn samples_do_not_influence_each_other() {
    for (name, config) in variants() {
        let problem = Problem::random(config.clone(), 5, 3, 11);
        let all = problem.forward(Record::States, DType::F64);
        for sample in 0..3 {
            let alone = Problem {
                drive: Var::from_tensor(&problem.drive.narrow(1, sample, 1).unwrap()).unwrap(),
                initial: Var::from_tensor(&problem.initial.narrow(1, sample, 1).unwrap()).unwrap(),
                parameters: problem.parameters.clone(),
                cell: problem.cell.clone(),
                steps: 5,
                samples: 1,
            };
            let found = values(&alone.forward(Record::States, DType::F64));
            let expected = values(&all.narrow(1, sample, 1).unwrap());
            assert!(found == expected, "{name}, sample {sample}");
        }
    }
}
