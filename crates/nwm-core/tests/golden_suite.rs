//! Trajectories of the specification of the Hamiltonian suite (6.5), through the reference and through
//! the op, in f64 and f32.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use common::case::{Case, assert_close, list, map};
use common::config;
use nwm_core::{Bias, Cell, CellConfig, Topology};

/// Drive, bias and start of the Hamiltonian suite's numbers; 3 x 4 sites, the same drive each step.
fn suite_case(topology: Topology, kernels: [Vec<f64>; 3], steps: usize) -> Case {
    let [coupling, damping, drive] = kernels;
    Case {
        cell: Cell::new(CellConfig::new(topology)).unwrap(),
        parameters: vec![
            coupling,
            damping,
            drive,
            map(3, 4, |i, j| 0.01 * (i - j)),
            vec![-1.95],
            vec![1.0],
            vec![0.5],
        ],
        drive: (0..steps).flat_map(|_| map(3, 4, |i, j| 0.2 * ((i * j) % 3.0) - 0.1)).collect(),
        position: list(12, |site| 0.1 * site - 0.5),
        velocity: map(3, 4, |i, j| 0.05 * (j - i)),
    }
}

#[test]
fn hamiltonian_torus() {
    let kernel = |f: fn(f64, f64) -> f64| map(3, 3, f);
    let kernels = [
        kernel(|a, c| 0.01 * (3.0 * a + c + 1.0)),
        kernel(|a, c| 0.02 * (a - c)),
        kernel(|a, c| 0.03 * (a + 2.0 * c - 3.0)),
    ];
    let case = suite_case(Topology::Torus { rows: 3, columns: 4 }, kernels, 3);
    case.check(5e-9, |states, tolerance| {
        let expected_position = [
            -0.49205708,
            -0.38806335,
            -0.28434843,
            -0.18035387,
            -0.10214587,
            0.00185274,
            0.10557315,
            0.20929007,
            0.28416254,
            0.38787719,
            0.49159204,
            0.59558655,
        ];
        let expected_velocity = [
            0.06377125,
            0.09583565,
            0.12566153,
            0.15773267,
            -0.01722856,
            0.01487507,
            0.04474508,
            0.07458708,
            -0.12715399,
            -0.09733027,
            -0.06750485,
            -0.03543419,
        ];
        assert_close(&states[0].0, &expected_position, tolerance);
        assert_close(&states[0].1, &expected_velocity, tolerance);
        let (position, velocity) = &states[2];
        let expected = [-0.45469443, 0.55796787, 0.17700110, -0.18723203];
        assert_close(&[position[0], position[11], velocity[0], velocity[11]], &expected, tolerance);
    });
}

#[test]
fn hamiltonian_rings() {
    let kernels = [vec![0.1, 0.2, 0.3], vec![-0.1, 0.0, 0.1], vec![0.05, 0.1, 0.15]];
    let case = suite_case(Topology::Rings { rings: 3, sites: 4 }, kernels, 1);
    case.check(5e-9, |states, tolerance| {
        let expected_position = [
            -0.49647695,
            -0.39175431,
            -0.28672827,
            -0.18375471,
            -0.10428848,
            0.00123844,
            0.10583468,
            0.20826672,
            0.28790000,
            0.39275630,
            0.49732356,
            0.59989067,
        ];
        let expected_velocity = [
            0.02828543,
            0.06620207,
            0.10655458,
            0.13042833,
            -0.03443083,
            0.00994307,
            0.04684481,
            0.06637093,
            -0.09714710,
            -0.05815738,
            -0.02148827,
            -0.00087780,
        ];
        assert_close(&states[0].0, &expected_position, tolerance);
        assert_close(&states[0].1, &expected_velocity, tolerance);
    });
}

#[test]
fn hamiltonian_free_unit() {
    let case = Case {
        cell: Cell::new(config(Topology::Torus { rows: 1, columns: 1 }, |c| {
            c.kernel_size = 1;
            c.bias = Bias::None;
        }))
        .unwrap(),
        parameters: vec![vec![0.0], vec![0.0], vec![0.0], vec![-1.95], vec![1.0], vec![0.5]],
        drive: vec![0.0; 50],
        position: vec![1.0],
        velocity: vec![0.0],
    };
    case.check(5e-9, |states, tolerance| {
        for (step, expected) in [
            (1, [0.98448646, -0.12455336]),
            (10, [0.38057148, -0.71804030]),
            (50, [0.19163503, 0.03326233]),
        ] {
            let (position, velocity) = &states[step - 1];
            assert_close(&[position[0], velocity[0]], &expected, tolerance);
        }
    });
}
