//! Trajectories T1 to T6 of the specification of the sequence experiments, through the reference and
//! through the op, in f64 and f32.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod common;

use common::case::{Case, assert_close, list, map};
use common::config;
use nwm_core::imex::reference::layer_norm;
use nwm_core::{Bias, Cell, CellConfig, Scalar, Topology};

/// Fixed scalars of the sequence experiments.
fn sequence_scalars(config: &mut CellConfig) {
    config.dt = Scalar::Fixed(0.042);
    config.gamma = Scalar::Fixed(2.7);
    config.alpha = Scalar::Fixed(4.7);
}

#[test]
fn t1_torus_of_the_rotating_digits() {
    let (rows, columns) = (4, 5);
    let case = Case {
        cell: Cell::new(CellConfig::new(Topology::Torus { rows, columns })).unwrap(),
        parameters: vec![
            list(9, |e| 0.3 * (e + 0.5).cos()),
            list(9, |e| 0.2 * (0.7 * e + 0.2).sin()),
            list(9, |e| 0.25 * (0.9 * e - 0.3).cos()),
            map(rows, columns, |i, j| 0.05 * (i + 2.0 * j).sin()),
            vec![-1.95],
            vec![1.0],
            vec![0.5],
        ],
        drive: (0..3)
            .flat_map(|t| map(rows, columns, |i, j| (0.5 * i + 0.3 * j + 0.7 * f64::from(t)).sin()))
            .collect(),
        position: map(rows, columns, |i, j| 0.4 * (0.6 * i + 0.9 * j).sin()),
        velocity: map(rows, columns, |i, j| 0.3 * (0.8 * i - 0.5 * j).cos()),
    };
    // [0,0], [0,4], [1,2], [3,0], [3,4], the sum and the sum of squares.
    let digest = |field: &[f64]| {
        let sum = field.iter().sum();
        let squares = field.iter().map(|x| x * x).sum();
        vec![field[0], field[4], field[7], field[15], field[19], sum, squares]
    };
    case.check(1e-10, |states, tolerance| {
        assert_close(
            &digest(&states[0].0),
            &[
                0.037446321591,
                -0.189979180777,
                0.303915189229,
                0.356584731402,
                -0.265111762294,
                1.385047101303,
                1.639541056539,
            ],
            tolerance,
        );
        assert_close(
            &digest(&states[0].1),
            &[
                0.300644817099,
                -0.104140134377,
                0.270806965783,
                -0.264579947334,
                0.353214344188,
                3.376719702682,
                1.160966547178,
            ],
            tolerance,
        );
        assert_close(
            &digest(&states[2].0),
            &[
                0.092138303843,
                -0.227618031689,
                0.359641610711,
                0.296707176971,
                -0.145398781009,
                2.286284331932,
                1.571574120051,
            ],
            tolerance,
        );
        assert_close(
            &digest(&states[2].1),
            &[
                0.178906769857,
                -0.174958058509,
                0.202212357000,
                -0.225268570407,
                0.518496398704,
                3.538901505845,
                1.460561170354,
            ],
            tolerance,
        );
    });
}

#[test]
fn t2_one_way_rings_with_state_norm() {
    let (rings, sites) = (2, 6);
    let case = Case {
        cell: Cell::new(config(Topology::Rings { rings, sites }, |c| {
            c.one_way = true;
            c.bias = Bias::PerRingPosition;
            c.state_norm = true;
        }))
        .unwrap(),
        parameters: vec![
            vec![1.0],
            vec![0.8],
            vec![1.2],
            list(sites, |j| 0.1 * j.sin()),
            vec![-1.95],
            vec![1.0],
            vec![0.5],
            vec![1.0; 12],
            vec![0.0; 12],
        ],
        drive: (0..2)
            .flat_map(|t| map(rings, sites, |q, j| (0.5 * q + 0.3 * j + 0.7 * f64::from(t)).sin()))
            .collect(),
        position: map(rings, sites, |q, j| 0.4 * (0.6 * q + 0.9 * j).sin()),
        velocity: map(rings, sites, |q, j| 0.3 * (0.8 * q - 0.5 * j).cos()),
    };
    case.check(1e-10, |states, tolerance| {
        let expected_position = [
            -0.045194276486,
            0.974428224386,
            1.183785309700,
            0.405727875028,
            -0.800973260810,
            -1.564644705043,
        ];
        let expected_velocity = [
            0.369214877802,
            0.314561390695,
            0.208017312811,
            0.085049815094,
            -0.033805087395,
            -0.158847595827,
        ];
        assert_close(&states[0].0[..6], &expected_position, tolerance);
        assert_close(&states[0].1[..6], &expected_velocity, tolerance);
        let expected_position = [
            0.674894141814,
            1.269348764809,
            0.854466611818,
            -0.271221075990,
            -1.264439436098,
            -1.370451480632,
        ];
        let expected_velocity = [
            0.303038757696,
            0.278574886643,
            0.324547123311,
            0.296428838965,
            0.270667072435,
            0.383689043577,
        ];
        assert_close(&states[1].0[6..], &expected_position, tolerance);
        assert_close(&states[1].1[6..], &expected_velocity, tolerance);
    });
}

/// The scalar input of T3 and T4.
fn sequence_input(time: usize) -> f64 {
    (0.9 * time as f64).sin() + 0.5
}

#[test]
fn t3_torus_of_the_sequence_tasks_with_readout() {
    // The input map is outside the cell: V u + its bias, one value per unit.
    let drive: Vec<f64> = (0..5)
        .flat_map(|time| list(9, move |k| (k + 1.0).sin() * sequence_input(time) + 0.1 * k.cos()))
        .collect();
    let case = Case {
        cell: Cell::new(config(Topology::Torus { rows: 3, columns: 3 }, |c| {
            sequence_scalars(c);
            c.drive_coupling = false;
            c.bias = Bias::PerMap;
        }))
        .unwrap(),
        parameters: vec![
            list(9, |k| 0.3 * (k + 0.5).cos()),
            list(9, |k| 0.2 * (0.7 * k + 0.2).sin()),
            // The biases of the two convolutions add up.
            vec![0.03 - 0.02],
        ],
        drive,
        position: vec![0.0; 9],
        velocity: vec![0.0; 9],
    };
    case.check(1e-10, |states, tolerance| {
        let (position, velocity) = &states[4];
        let expected = [
            0.01363178599120,
            0.01369993217763,
            0.00249728938218,
            -0.01248983018424,
            -0.01374860207176,
            -0.00446688136692,
            0.01148778289533,
            0.01396283198757,
            0.00680839978525,
        ];
        assert_close(position, &expected, tolerance);
        let expected = [0.08225208076128, 0.08207638357739, 0.01618657968169];
        assert_close(&velocity[..3], &expected, tolerance);
        let logit = |class: usize, bias: f64| {
            let weight = |unit: usize| 0.1 * ((class * 9 + unit) as f64).cos();
            position.iter().enumerate().map(|(unit, x)| weight(unit) * x).sum::<f64>() + bias
        };
        let expected = [0.01606453066452, -0.01715032000564];
        assert_close(&[logit(0, 0.01), logit(1, -0.01)], &expected, tolerance);
    });
}

#[test]
fn t4_dense_cell_of_the_sequence_tasks() {
    // The joint weight is [3, 7] on (u, v, x); the cell's matrices are [in, out].
    let joint = |out: usize, column: usize| 0.4 * (0.3 + (out * 7 + column) as f64).sin();
    let block = |first: usize| {
        (0..9).map(|index| joint(index % 3, first + index / 3)).collect::<Vec<f64>>()
    };
    let case = Case {
        cell: Cell::new(config(Topology::Dense { units: 3 }, |c| {
            sequence_scalars(c);
            c.drive_coupling = false;
        }))
        .unwrap(),
        parameters: vec![block(4), block(1), vec![0.1, -0.2, 0.3]],
        drive: (0..5)
            .flat_map(|time| (0..3).map(move |unit| joint(unit, 0) * sequence_input(time)))
            .collect(),
        position: vec![0.0; 3],
        velocity: vec![0.0; 3],
    };
    case.check(1e-10, |states, tolerance| {
        let (position, velocity) = &states[4];
        let expected = [0.00425582079140, 0.00223500787075, 0.01141298754260];
        assert_close(position, &expected, tolerance);
        let expected = [0.02705180187908, 0.00747717498154, 0.07085207890395];
        assert_close(velocity, &expected, tolerance);
    });
}

#[test]
fn t5_torus_with_two_channels() {
    let (rows, columns) = (3, 4);
    let kernel = |f: fn(f64, f64, f64) -> f64| {
        (0..36)
            .map(|index| f((index / 18) as f64, (index / 9 % 2) as f64, (index % 9) as f64))
            .collect::<Vec<f64>>()
    };
    let field = |f: &dyn Fn(f64, f64, f64) -> f64| {
        (0..2)
            .flat_map(|channel| map(rows, columns, |r, c| f(f64::from(channel), r, c)))
            .collect::<Vec<f64>>()
    };
    let case = Case {
        cell: Cell::new(config(Topology::Torus { rows, columns }, |c| {
            sequence_scalars(c);
            c.channels = 2;
            c.bias = Bias::None;
            c.drive_coupling = false;
        }))
        .unwrap(),
        parameters: vec![
            kernel(|o, i, e| 0.2 * (1.3 * o + 0.7 * i + 0.5 * e).cos()),
            kernel(|o, i, e| 0.15 * (0.9 * o + 1.1 * i + 0.4 * e).sin()),
        ],
        drive: [0.0, 1.0]
            .iter()
            .flat_map(|t| field(&|ch, r, c| (0.3 * ch + 0.2 * r - 0.1 * c + 0.5 * t).sin()))
            .collect(),
        position: field(&|ch, r, c| 0.3 * (ch + 0.5 * r + 0.8 * c).sin()),
        velocity: field(&|ch, r, c| 0.2 * (0.4 * ch + 0.9 * r - 0.3 * c).cos()),
    };
    // (channel, row, column) = (0,0,0), (0,2,3), (1,0,0), (1,1,2), and the sum.
    let digest =
        |field: &[f64]| vec![field[0], field[11], field[12], field[18], field.iter().sum::<f64>()];
    case.check(1e-10, |states, tolerance| {
        let (position, velocity) = &states[1];
        let expected =
            [0.012461882318, -0.066914831025, 0.261531551825, 0.022634161007, 3.162589269665];
        assert_close(&digest(position), &expected, tolerance);
        let expected =
            [0.139794756972, 0.119588962506, 0.092039604209, 0.116380349095, 1.690073556152];
        assert_close(&digest(velocity), &expected, tolerance);
    });
}

#[test]
fn t6_layer_norm() {
    let normalised = layer_norm(&list(12, |n| 2.0 * (0.7 * n).sin() + 0.3));
    let expected = [
        -0.200481437672,
        0.736685111783,
        1.233087589397,
        1.055260153447,
        0.286837825691,
        -0.710778366199,
    ];
    assert_close(&normalised[..6], &expected, 1e-10);
    assert_close(&normalised[11..], &[1.237042294397], 1e-10);
}
