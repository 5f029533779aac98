//! Dispersion and stability against numbers of the specification, and against the cell itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic")]

mod common;

use std::f64::consts::TAU;

use common::config;
use num_complex::Complex64;
use nwm_core::dispersion::{LinearWave, kernel_transform, phase_velocity};
use nwm_core::imex::reference;
use nwm_core::stability::Oscillator;
use nwm_core::{Bias, Cell, CellConfig, Scalar, State, Topology};

fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected} within {tolerance:e}"
    );
}

fn assert_complex(found: Complex64, re: f64, im: f64) {
    assert_close(found.re, re, 1e-12);
    assert_close(found.im, im, 1e-12);
}

/// Effective scalars of the rotating digits.
fn digits() -> Oscillator {
    Oscillator::of(&CellConfig::new(Topology::Dense { units: 1 }))
}

/// Coupling and damping kernels of T1.
fn t1_kernels() -> [Vec<f64>; 2] {
    let list = |f: fn(f64) -> f64| (0..9).map(|tap| f(f64::from(tap))).collect();
    [list(|e| 0.3 * (e + 0.5).cos()), list(|e| 0.2 * (0.7 * e + 0.2).sin())]
}

#[test]
fn d1_torus() {
    let wave_vector = [TAU / 8.0, 2.0 * TAU / 12.0];
    let [coupling, damping] =
        t1_kernels().map(|kernel| kernel_transform(&kernel, [3, 3], wave_vector).unwrap());
    assert_complex(coupling, 0.020574194555559, -0.080843541316998);
    assert_complex(damping, 0.052693179651367, -0.489773296210155);
    let wave = LinearWave::new(digits(), coupling, damping, 1.0);
    let [first, second] = wave.multipliers();
    assert_complex(first, 0.968447223931199, 0.091025388967760);
    assert_complex(second, 0.960644848988848, -0.153282467195266);
    assert_close(first.norm(), 0.972715604365828, 1e-12);
    assert_close(second.norm(), 0.972797019237967, 1e-12);
    assert_complex(first.powi(10), 0.448993529158670, 0.611122546629416);
    let [first, second] = wave.rates();
    assert_complex(first, -0.209230122597572, 0.749890944729874);
    assert_complex(second, -0.238076697751060, -1.239664240940029);
}

#[test]
fn d2_undamped_ring() {
    let oscillator = Oscillator { dt: 0.1, gamma: 1.0, alpha: 0.0 };
    for (mode, frequency, discrete) in [
        (0, 0.774596669241, 0.774790449239),
        (1, 0.798786726069, 0.798999242838),
        (2, 0.863971417008, 0.864240354800),
        (4, 1.048808848170, 1.049290148072),
    ] {
        let wave_vector = [0.0, TAU * f64::from(mode) / 16.0];
        let coupling = kernel_transform(&[0.25, -0.1, 0.25], [1, 3], wave_vector).unwrap();
        let wave = LinearWave::new(oscillator, coupling, Complex64::ZERO, 1.0);
        assert_close(wave.rates()[0].im.abs(), frequency, 1e-12);
        let multiplier = wave.multipliers()[0];
        assert_close(multiplier.norm(), 1.0, 1e-12);
        assert_close(multiplier.arg().abs() / 0.1, discrete, 1e-12);
    }
}

#[test]
fn d3_one_way_ring() {
    let multipliers = |mode: f64| {
        let wave_vector = [0.0, TAU * mode / 54.0];
        let coupling = kernel_transform(&[0.0, 0.0, 0.6], [1, 3], wave_vector).unwrap();
        let wave = LinearWave::new(digits(), coupling, Complex64::ZERO, 1.0);
        (wave.multipliers(), wave_vector)
    };
    let ([first, second], _) = multipliers(1.0);
    assert_complex(first, 0.973000557020192, 0.072282466619096);
    assert_complex(second, 0.958454410071125, -0.071201859446062);
    let ([first, second], wave_vector) = multipliers(4.0);
    assert_complex(first, 0.990065667868471, 0.083380745141861);
    assert_close(first.norm(), 0.993570518560336, 1e-12);
    assert_close(phase_velocity(first, wave_vector), -0.180522799042, 1e-12);
    assert_complex(second, 0.940462156911631, -0.079203266981106);
    assert_close(second.norm(), 0.943791410261482, 1e-12);
}

/// One step of the cell on the real part of a small plane wave, compared with the multiplier.
fn assert_wave_is_multiplied(config: &CellConfig, kernels: &[Vec<f64>; 2], wave_vector: [f64; 2]) {
    // Small enough that tanh is the identity up to amplitude², below the tolerance.
    const AMPLITUDE: f64 = 1e-6;
    let (columns, taps) = match config.topology {
        Topology::Torus { columns, .. } => (columns, [3, 3]),
        Topology::Rings { sites, .. } => (sites, [1, 3]),
        _ => panic!("waves need sites in space"),
    };
    let cell = Cell::new(config.clone()).unwrap();
    let oscillator = Oscillator::of(config);
    let mut packed = kernels.concat();
    packed.extend([oscillator.dt, oscillator.gamma, oscillator.alpha]);
    let parameters = cell.layout().parameters(&packed).unwrap();
    let [coupling, damping] =
        [0, 1].map(|index| kernel_transform(&kernels[index], taps, wave_vector).unwrap());
    let wave = LinearWave::new(oscillator, coupling, damping, 1.0);
    for multiplier in wave.multipliers() {
        let field = |factor: Complex64| -> Vec<f64> {
            let site = |index: usize| {
                let (row, column) = ((index / columns) as f64, (index % columns) as f64);
                let phase = wave_vector[0] * row + wave_vector[1] * column;
                (Complex64::from_polar(AMPLITUDE, phase) * factor).re
            };
            (0..cell.units()).map(site).collect()
        };
        let ratio = wave.velocity_ratio(multiplier);
        let start = State { position: field(Complex64::ONE), velocity: field(ratio) };
        let still = vec![0.0; cell.units()];
        let next = reference::step(cell.config(), &parameters, &still, &start).unwrap();
        let error = |found: &[f64], factor| common::relative_error(found, &field(factor));
        assert!(error(&next.position, multiplier) < 1e-10);
        assert!(error(&next.velocity, multiplier * ratio) < 1e-10);
    }
}

#[test]
fn the_cell_multiplies_small_plane_waves_as_predicted() {
    let bare = |topology| {
        config(topology, |c| {
            c.bias = Bias::None;
            c.drive_coupling = false;
        })
    };
    let torus = bare(Topology::Torus { rows: 8, columns: 12 });
    for (row, column) in [(1.0, 2.0), (0.0, 0.0), (4.0, 5.0), (-2.0, 3.0)] {
        let wave_vector = [TAU * row / 8.0, TAU * column / 12.0];
        assert_wave_is_multiplied(&torus, &t1_kernels(), wave_vector);
    }
    let rings = bare(Topology::Rings { rings: 2, sites: 54 });
    let kernels = [vec![0.0, 0.0, 0.6], vec![0.1, -0.2, 0.05]];
    assert_wave_is_multiplied(&rings, &kernels, [0.0, TAU * 4.0 / 54.0]);
}

#[test]
fn impulse_gains_and_eigenvalues_of_the_presets() {
    let init = digits().dt;
    // dt, gamma, alpha of the sequence experiments; G_x, G_v; eigenvalues.
    for (dt, gamma, alpha, position, velocity, eigenvalues) in [
        (0.042, 2.7, 4.7, 0.370370370, 0.351742861, [(0.972774, 0.0), (0.825063, 0.0)]),
        (0.076, 0.4, 8.0, 2.5, 0.245555862, [(0.996191, 0.0), (0.393499, 0.0)]),
        (0.06, 66.0, 15.0, 0.015151515, 0.12, [(0.724344, 0.0), (0.138056, 0.0)]),
        (0.016, 94.5, 9.5, 0.014520901, 0.137849008, [(0.911904, 0.128184), (0.911904, -0.128184)]),
        (0.034, 1.3, 12.7, 0.769230769, 0.153542371, [(0.996504, 0.0), (0.570194, 0.0)]),
        (0.1, 0.2, 6.4, 5.0, 0.308033700, [(0.996869, 0.0), (0.361131, 0.0)]),
        (0.054, 4.9, 4.8, 0.204081633, 0.322157812, [(0.929668, 0.0), (0.796844, 0.0)]),
        (init, 1.0, 0.5, 2.564052107, 2.566642945, [(0.961105, 0.118325), (0.961105, -0.118325)]),
    ] {
        let oscillator = Oscillator { dt, gamma, alpha };
        let gains = oscillator.impulse_gains().unwrap();
        assert_close(gains.position, position, 5.1e-10);
        assert_close(gains.velocity, velocity, 5.1e-10);
        for (found, (re, im)) in oscillator.eigenvalues().into_iter().zip(eigenvalues) {
            assert_close(found.re, re, 5.1e-7);
            assert_close(found.im, im, 5.1e-7);
        }
    }
}

#[test]
fn free_unit_loses_amplitude_as_documented() {
    let [first, _] = digits().eigenvalues();
    assert_close(first.re, 0.961104890935, 1e-12);
    assert_close(first.im, 0.118324593921, 1e-12);
    assert_close(digits().spectral_radius(), 0.968361152105, 1e-12);
    // Documented without rounding of the last digit.
    assert_close(first.arg(), 0.122496, 1e-6);
}

#[test]
fn unstable_units_have_no_impulse_gains() {
    for (gamma, alpha) in [(1.0, 0.0), (0.0, 0.5), (1e6, 0.5), (1.0, f64::NAN)] {
        let oscillator = Oscillator { dt: 0.1, gamma, alpha };
        let error = oscillator.impulse_gains().unwrap_err().to_string();
        assert!(error.contains("spectral radius"), "{error}");
    }
}

#[test]
fn energy_bound_needs_enough_damping() {
    let oscillator = Oscillator { dt: 0.1, gamma: 1.0, alpha: 0.5 };
    assert_close(oscillator.energy_bound(2.0, 7, 3).unwrap(), 2.0 + 3.0 * 0.7 / 0.4, 1e-12);
    assert_eq!(Oscillator { alpha: 0.1, ..oscillator }.energy_bound(2.0, 7, 3), None);
    assert_eq!(Oscillator { alpha: 11.0, ..oscillator }.energy_bound(2.0, 7, 3), None);
}

#[test]
fn kernel_of_the_wrong_size_is_refused() {
    let error = kernel_transform(&[1.0; 8], [3, 3], [0.0, 0.0]).unwrap_err().to_string();
    assert!(error.contains("[3, 3]") && error.contains("[8]"), "{error}");
}

#[test]
fn fixed_scalars_describe_their_own_unit() {
    let config = config(Topology::Dense { units: 1 }, |c| {
        c.dt = Scalar::Fixed(0.2);
        c.gamma = Scalar::Learned { raw: -3.0 };
        c.alpha = Scalar::Fixed(0.7);
    });
    assert_eq!(Oscillator::of(&config), Oscillator { dt: 0.2, gamma: 0.0, alpha: 0.7 });
}
