use std::f64::consts::TAU;

use num_complex::Complex64;
use nwm_core::dispersion::{LinearWave, kernel_transform};

use super::*;

fn simulation(change: impl FnOnce(&mut SimulationOptions)) -> Simulation {
    let mut options = SimulationOptions::default();
    change(&mut options);
    Simulation::new(options).unwrap()
}

/// The amplitude of `exp(i k r)` in every frame, `k` in cycles per site.
fn mode(positions: &[f32], [rows, columns]: [usize; 2], wave_number: [f64; 2]) -> Vec<Complex64> {
    let frame = |frame: &[f32]| {
        let term = |(site, &value): (usize, &f32)| {
            let (row, column) = ((site / columns) as f64, (site % columns) as f64);
            let phase = TAU * (wave_number[0] * row + wave_number[1] * column);
            Complex64::from_polar(f64::from(value), -phase)
        };
        frame.iter().enumerate().map(term).sum()
    };
    positions.chunks_exact(rows * columns).map(frame).collect()
}

/// Runs a small wave that travels along `wave_number`, and returns frequency and growth as measured.
fn measured(simulation: &Simulation, wave_number: [f64; 2]) -> [f64; 2] {
    // The cube of this is lost in single precision.
    const AMPLITUDE: f64 = 1e-3;
    let medium = &simulation.medium;
    let wave_vector = wave_number.map(|cycles| TAU * cycles);
    let [coupling, damping] = [&medium.coupling, &medium.damping]
        .map(|kernel| kernel_transform(kernel, medium.taps, wave_vector).unwrap());
    let wave = LinearWave::new(medium.oscillator, coupling, damping, 1.0);
    let slower = |one: &Complex64, other: &Complex64| one.arg().total_cmp(&other.arg());
    let multiplier = wave.multipliers().into_iter().min_by(slower).unwrap();
    let field = |factor: Complex64| {
        simulation.sheet.each(|row, column| {
            let phase = wave_vector[0] * row as f64 + wave_vector[1] * column as f64;
            (Complex64::from_polar(AMPLITUDE, phase) * factor).re
        })
    };
    let start =
        State { position: field(Complex64::ONE), velocity: field(wave.velocity_ratio(multiplier)) };
    let still = vec![0.0; simulation.sheet.sites()];
    let maps = simulation.run_from(&start, |_| still.clone(), |_, _| ()).unwrap();
    let amplitudes = mode(&maps[0].positions, simulation.map_size(), wave_number);
    let advance: f64 = amplitudes.windows(2).map(|pair| (pair[1] / pair[0]).arg()).sum();
    let between = (amplitudes.len() - 1) as f64;
    let [first, last] = [amplitudes[0], amplitudes[amplitudes.len() - 1]];
    [-advance / between / TAU, (last.norm() / first.norm()).powf(1.0 / between)]
}

#[test]
fn small_waves_travel_at_the_speed_that_the_dispersion_relation_gives() {
    let torus = Topology::Torus { rows: 32, columns: 48 };
    let rings = Topology::Rings { rings: 3, sites: 48 };
    // A wavelength of eight sites to the left is the one that grows fastest; to the right waves decay.
    for (preset, topology, modes) in [
        (SimulationPreset::Pulse, torus, &[[0, 1], [2, 0], [3, -4], [-8, 6], [-1, -12]][..]),
        (SimulationPreset::Pulse, rings, &[[0, 1], [0, -3], [0, 10]]),
        (SimulationPreset::OneWay, torus, &[[0, -6], [1, -4], [-2, -9], [0, 3]]),
        (SimulationPreset::OneWay, rings, &[[0, -2], [0, -6], [0, 2]]),
    ] {
        let simulation = simulation(|options| {
            options.preset = preset;
            options.topology = topology;
            // In more steps rounding wakes the wave that grows, where this one decays.
            options.steps = 20;
        });
        for mode in modes {
            let wave_number = [f64::from(mode[0]) / 32.0, f64::from(mode[1]) / 48.0];
            let expected = simulation.plane_wave(wave_number).unwrap();
            let [frequency, growth] = measured(&simulation, wave_number);
            let found = PlaneWave { frequency, ..expected }.speed();
            let error = found / expected.speed() - 1.0;
            assert!(error.abs() < 1e-3, "{preset:?} {mode:?}: {found}, {expected:?}");
            assert!((growth / expected.growth - 1.0).abs() < 1e-3, "{preset:?} {mode:?}: {growth}");
        }
    }
}

#[test]
fn waves_of_one_way_coupling_grow_to_the_left_alone() {
    let simulation = simulation(|options| options.preset = SimulationPreset::OneWay);
    for cycles in 1..16 {
        let along = f64::from(cycles) / 64.0;
        let [left, right] = [-along, along].map(|it| simulation.plane_wave([0.0, it]).unwrap());
        assert!(right.growth < 1.0 && left.growth > right.growth, "{cycles} cycles");
    }
    assert!(simulation.plane_wave([0.0, -0.125]).unwrap().growth > 1.01);
}

/// The frequency of `a_t = T a_(t-1) - D a_(t-2)`, whose coefficients fit the amplitudes best.
fn frequency_of_recurrence(amplitudes: &[Complex64]) -> f64 {
    let sum = |one: fn(&[Complex64]) -> Complex64, other: fn(&[Complex64]) -> Complex64| {
        amplitudes.windows(3).map(|window| one(window).conj() * other(window)).sum::<Complex64>()
    };
    let (last, before, next) =
        (|it: &[Complex64]| it[1], |it: &[Complex64]| -it[0], |it: &[Complex64]| it[2]);
    let determinant = sum(last, last) * sum(before, before) - sum(last, before) * sum(before, last);
    let [of_last, of_before] = [sum(last, next), sum(before, next)];
    let trace = (of_last * sum(before, before) - sum(last, before) * of_before) / determinant;
    let product = (sum(last, last) * of_before - of_last * sum(before, last)) / determinant;
    let root = (trace * trace - product * 4.0).sqrt();
    ((trace + root) / 2.0).arg().abs() / TAU
}

#[test]
fn every_mode_of_the_default_pulse_keeps_its_speed() {
    let simulation = simulation(|_| ());
    let maps = simulation.run(|_, _| ()).unwrap();
    let size = simulation.map_size();
    for mode_number in [[0, 4], [6, 0], [3, 5], [7, -4], [0, 9]] {
        let wave_number = mode_number.map(|cycles| f64::from(cycles) / 64.0);
        // The pulse is over after two of its periods.
        let amplitudes = mode(&maps[0].positions, size, wave_number).split_off(100);
        let expected = simulation.plane_wave(wave_number).unwrap();
        let frequency = frequency_of_recurrence(&amplitudes);
        let found = PlaneWave { frequency, ..expected }.speed();
        let error = found / expected.speed() - 1.0;
        assert!(error.abs() < 0.02, "{mode_number:?}: {found}, {}", expected.speed());
    }
}

/// The root of the mean square of the positions of a frame.
fn amplitude(map: &MapTrajectory, frame: usize, sites: usize) -> f64 {
    let frame = &map.positions[frame * sites..][..sites];
    let squares: f64 = frame.iter().map(|&value| f64::from(value).powi(2)).sum();
    (squares / sites as f64).sqrt()
}

#[test]
fn pulses_last_and_published_cells_fall_silent() {
    let at = |preset, frame: usize| {
        let simulation = simulation(|options| options.preset = preset);
        amplitude(&simulation.run(|_, _| ()).unwrap()[0], frame, 4096)
    };
    assert!(at(SimulationPreset::Pulse, 399) > 0.5 * at(SimulationPreset::Pulse, 99));
    assert!(at(SimulationPreset::OneWay, 399) > 10.0 * at(SimulationPreset::OneWay, 30));
    assert!(at(SimulationPreset::Published, 399) < 1e-3 * at(SimulationPreset::Published, 60));
}

/// How many points of a frame the phase turns around, in either sense.
fn windings(map: &MapTrajectory, frame: usize, [rows, columns]: [usize; 2]) -> [usize; 2] {
    let sites = rows * columns;
    let phase = |row: usize, column: usize| {
        let site = frame * sites + row % rows * columns + column % columns;
        f64::from(-map.velocities[site]).atan2(f64::from(map.positions[site]))
    };
    let mut found = [0, 0];
    for (row, column) in (0..sites).map(|site| (site / columns, site % columns)) {
        let corners = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
            .map(|(down, right)| phase(row + down, column + right));
        let turns: f64 = corners
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .map(|step| step - (step / TAU).round() * TAU)
            .sum();
        found[0] += usize::from(turns > 1.0);
        found[1] += usize::from(turns < -1.0);
    }
    found
}

#[test]
fn two_spirals_turn_until_the_end() {
    let simulation = simulation(|options| options.preset = SimulationPreset::Spiral);
    let maps = simulation.run(|_, _| ()).unwrap();
    for frame in [0, 50, 100, 200, 300, 399] {
        assert_eq!(windings(&maps[0], frame, [64, 64]), [1, 1], "frame {frame}");
    }
    // And they turn: a site in an arm swings with nearly the frequency of a single oscillator.
    let site: Vec<f32> = maps[0].positions.chunks_exact(4096).map(|it| it[20 * 64 + 30]).collect();
    let crossings = site.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((12..=24).contains(&crossings), "{crossings} swings in 400 steps");
}

#[test]
fn longer_runs_begin_as_shorter_ones_and_noise_depends_on_the_seed() {
    let run = |steps, seed| {
        let simulation = simulation(|options| {
            options.topology = Topology::Torus { rows: 9, columns: 10 };
            options.drive = Some(SimulationDrive::Noise);
            (options.steps, options.seed) = (steps, seed);
        });
        simulation.run(|_, _| ()).unwrap().remove(0)
    };
    let (short, long) = (run(40, 1), run(70, 1));
    assert_eq!(short.positions, long.positions[..40 * 90]);
    assert_eq!(short.velocities, long.velocities[..40 * 90]);
    assert_ne!(short.positions, run(40, 2).positions);
}

#[test]
fn maps_do_not_know_of_each_other() {
    let run = |channels| {
        let simulation = simulation(|options| {
            options.topology = Topology::Torus { rows: 21, columns: 24 };
            (options.channels, options.steps) = (channels, 80);
        });
        simulation.run(|_, _| ()).unwrap()
    };
    let (one, three) = (run(1), run(3));
    for (found, expected) in three[0].positions.iter().zip(&one[0].positions) {
        assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
    }
    assert!(three[0] != three[1] && three[1] != three[2]);
}

#[test]
fn what_cannot_be_simulated_is_refused_by_name() {
    let refused = |change: fn(&mut SimulationOptions), words: &[&str]| {
        let mut options = SimulationOptions::default();
        change(&mut options);
        let error = Simulation::new(options).unwrap_err();
        assert!(matches!(error, Error::Key { .. }), "{error:?}");
        let message = error.to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    };
    refused(|o| o.steps = 0, &["steps: found 0"]);
    refused(|o| o.channels = 0, &["channels: found 0"]);
    refused(|o| o.channels = 65, &["channels: found 65", "64"]);
    refused(|o| o.topology = Topology::Torus { rows: 0, columns: 9 }, &["at least one site"]);
    refused(|o| o.topology = Topology::Torus { rows: 9, columns: 2 }, &["at least 3", "pulse"]);
    refused(|o| o.topology = Topology::Dense { units: 9 }, &["torus or rings"]);
    refused(|o| o.steps = 8193, &["at most 33554432", "8193 x 1 x 64 x 64"]);
    const HUGE: usize = usize::MAX / 2;
    refused(|o| o.topology = Topology::Torus { rows: HUGE, columns: HUGE }, &["at most"]);
    let rings = |o: &mut SimulationOptions| {
        o.topology = Topology::Rings { rings: 4, sites: 6 };
        o.preset = SimulationPreset::OneWay;
    };
    refused(rings, &["at least 7", "one-way"]);
    let spiral = |o: &mut SimulationOptions| {
        o.topology = Topology::Rings { rings: 4, sites: 64 };
        o.preset = SimulationPreset::Spiral;
    };
    refused(spiral, &["a torus for spirals"]);
}
