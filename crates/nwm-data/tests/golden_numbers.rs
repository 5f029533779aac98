//! Trajectories, periods and pixels that were computed with the suite's own code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use nwm_data::{Appearance, Renderer, System, Variant};

const PENDULUM: [f64; 3] = [0.5, 3.0, 1.0];
const SPRING: [f64; 2] = [0.5, 2.0];

fn pendulum(start: [f64; 2]) -> Vec<f64> {
    let mut states = vec![0.0; 512 * 2];
    System::Pendulum.solve(Variant::Plain, &PENDULUM, &start, 0.05, &mut states).unwrap();
    states
}

#[test]
fn pendulum_trajectories() {
    let swinging = [
        (1, [1.54625585, 0.42508966]),
        (10, [1.62571519, -0.24810744]),
        (60, [-1.32871762, 0.70956046]),
        (119, [-0.35508375, -1.24511857]),
        (511, [0.06581783, 1.28087719]),
    ];
    let rotating = [
        (1, [0.69799016, 1.95776129]),
        (10, [2.19153480, 1.34579795]),
        (60, [9.51424676, 1.09069962]),
        (119, [18.4789089, 2.02033807]),
        (511, [78.51651647, 1.08813294]),
    ];
    for (start, golden) in [([1.5, 0.5], swinging), ([0.5, 2.0], rotating)] {
        let states = pendulum(start);
        for (frame, expected) in golden {
            for (found, expected) in states[2 * frame..2 * frame + 2].iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "frame {frame}: {found} {expected}");
            }
        }
    }
}

#[test]
fn pendulum_energy_is_known_and_kept() {
    for (start, expected) in [([1.5, 0.5], 1.643_894_197), ([0.5, 2.0], 4.183_626_157)] {
        for state in pendulum(start).chunks(2) {
            let energy = System::Pendulum.invariant(&PENDULUM, state).unwrap();
            // The tolerance of 1e-9 per step adds up over some 1000 steps.
            assert!((energy - expected).abs() < 1e-6, "{energy}");
        }
    }
}

/// Periods by complete elliptic integrals: 4 K(H/3)/sqrt(3) swinging, 2 K(3/H)/sqrt(H) rotating.
#[test]
fn pendulum_periods() {
    let mut swing = [0.0; 4];
    System::Pendulum
        .solve(Variant::Plain, &PENDULUM, &[1.5, 0.5], 4.380_922_521, &mut swing)
        .unwrap();
    assert!((swing[2] - 1.5).abs() < 1e-6 && (swing[3] - 0.5).abs() < 1e-6, "{swing:?}");
    let mut turn = [0.0; 4];
    System::Pendulum
        .solve(Variant::Plain, &PENDULUM, &[0.5, 2.0], 2.054_708_285, &mut turn)
        .unwrap();
    let full = 0.5 + std::f64::consts::TAU;
    assert!((turn[2] - full).abs() < 1e-6 && (turn[3] - 2.0).abs() < 1e-6, "{turn:?}");
}

/// States at frames of 0.05 (games 0.1) by the suite's own equations, DOP853 at 1e-12.
fn assert_trajectory(
    system: System,
    parameters: &[f64],
    start: &[f64],
    tolerance: f64,
    golden: &[(usize, &[f64])],
) {
    let dimension = system.state_dimension();
    let mut states = vec![0.0; 512 * dimension];
    let dt = system.default_dt();
    system.solve(Variant::Plain, parameters, start, dt, &mut states).unwrap();
    for &(frame, expected) in golden {
        for (found, expected) in states[frame * dimension..].iter().zip(expected) {
            let error = (found - expected).abs();
            assert!(error < tolerance, "{system} frame {frame}: {found} {expected}");
        }
    }
}

#[test]
fn two_body_trajectory() {
    let momentum = [0.268_328_16, -0.357_770_88];
    let exact = 0.5 / 1.25_f64.powf(1.5);
    let (px, py) = (0.75 * exact, -exact);
    assert!((px - momentum[0]).abs() < 1e-8 && (py - momentum[1]).abs() < 1e-8);
    let start = [1.0, 0.75, -1.0, -0.75, px, py, -px, -py];
    let parameters = [1.0; 3];
    let energy = System::TwoBody.invariant(&parameters, &start).unwrap();
    assert!((energy + 0.2).abs() < 1e-12, "{energy}");
    assert_trajectory(
        System::TwoBody,
        &parameters,
        &start,
        1e-6,
        &[
            (1, &[1.013_255_70, 0.731_992_41]),
            (10, &[1.117_492_30, 0.560_099_06]),
            (60, &[1.136_305_38, -0.520_874_34]),
            (119, &[0.106_820_46, -1.245_427_39]),
            (511, &[-0.750_062_04, -0.999_953_47]),
        ],
    );
}

#[test]
fn two_bodies_stay_opposite_on_a_circle() {
    let (radius, scale) = (1.25_f64, 0.5 / 1.25_f64.powf(1.5));
    let start = [1.0, 0.75, -1.0, -0.75, 0.75 * scale, -scale, -0.75 * scale, scale];
    let mut states = vec![0.0; 512 * 8];
    System::TwoBody.solve(Variant::Plain, &[1.0; 3], &start, 0.05, &mut states).unwrap();
    for state in states.chunks(8) {
        assert!((state[0].hypot(state[1]) - radius).abs() < 1e-6);
        for axis in [0, 1, 4, 5] {
            assert!((state[axis] + state[axis + 2]).abs() < 1e-9, "centre of mass and momentum");
        }
        let angular_momentum = state[0] * state[5] - state[1] * state[4];
        assert!((angular_momentum + radius.sqrt() / 2.0).abs() < 1e-6);
    }
}

#[test]
fn matching_pennies_trajectory() {
    let system = System::MatchingPennies;
    let start = [0.3, 0.7, 0.6, 0.4];
    let mut slope = [0.0; 4];
    system.derivative(&[], &start, &mut slope).unwrap();
    for (found, expected) in slope.iter().zip([0.084, -0.084, 0.192, -0.192]) {
        assert!((found - expected).abs() < 1e-15);
    }
    assert!((system.invariant(&[], &start).unwrap() - 0.0504).abs() < 1e-15);
    let both = |x: f64, y: f64| [x, 1.0 - x, y, 1.0 - y];
    assert_trajectory(
        system,
        &[],
        &start,
        1e-7,
        &[
            (1, &both(0.309_269_84, 0.618_613_88)),
            (10, &both(0.460_385_00, 0.717_086_35)),
            (60, &both(0.282_008_50, 0.467_042_98)),
            (119, &both(0.347_362_55, 0.333_622_34)),
            (511, &both(0.450_692_00, 0.284_546_61)),
        ],
    );
}

#[test]
fn rock_paper_scissors_trajectory() {
    let system = System::RockPaperScissors;
    let start = [0.2, 0.3, 0.5, 0.1, 0.6, 0.3];
    let mut slope = [0.0; 6];
    system.derivative(&[], &start, &mut slope).unwrap();
    for (found, expected) in slope.iter().zip([-0.086, -0.099, 0.185, 0.033, -0.102, 0.069]) {
        assert!((found - expected).abs() < 1e-15);
    }
    assert!((system.invariant(&[], &start).unwrap() - 0.00054).abs() < 1e-15);
    assert_trajectory(
        system,
        &[],
        &start,
        1e-8,
        &[(
            1,
            &[0.191_665_02, 0.290_080_86, 0.518_254_12, 0.103_547_18, 0.589_359_29, 0.307_093_54],
        )],
    );
}

#[test]
fn double_pendulum_trajectory() {
    let system = System::DoublePendulum;
    let (parameters, start) = ([0.5, 0.5, 1.0, 1.0, 3.0], [1.0, -0.5, 0.7, 1.2]);
    let energy = system.invariant(&parameters, &start).unwrap();
    assert!((energy + 1.307_622_81).abs() < 1e-8, "{energy}");
    let mut slope = [0.0; 4];
    system.derivative(&parameters, &start, &mut slope).unwrap();
    let expected = [0.616_658_16, 2.356_379_33, -3.249_133_23, 1.443_858_59];
    for (found, expected) in slope.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8);
    }
    assert_trajectory(
        system,
        &parameters,
        &start,
        1e-5,
        &[
            (1, &[1.023_963_25, -0.379_469_60, 0.544_103_08, 1.260_564_06]),
            (10, &[0.521_143_61, 1.101_377_81, -0.359_633_89, 0.963_492_42]),
            (60, &[0.462_798_26, -0.817_753_21, 1.372_975_44, -0.986_865_56]),
            (119, &[-0.574_419_6, 1.456_890_31, 1.410_259_92, 0.277_193_88]),
        ],
    );
}

#[test]
fn spring_in_closed_form() {
    let mut states = vec![0.0; 512 * 2];
    System::MassSpring.solve(Variant::Plain, &SPRING, &[0.6, 0.8], 0.05, &mut states).unwrap();
    for (frame, state) in states.chunks(2).enumerate() {
        let angle = 2.0 * 0.05 * frame as f64 - 0.927_295_218_001_612;
        assert!((state[0] - angle.cos()).abs() < 1e-12);
        assert!((state[1] + angle.sin()).abs() < 1e-12);
        assert!((System::MassSpring.invariant(&SPRING, state).unwrap() - 1.0).abs() < 1e-12);
    }
}

/// Draws one state with the position `q`.
fn picture(system: System, parameters: &[f64], q: f64) -> Vec<u8> {
    let renderer = Renderer::new(system, Variant::Plain);
    let appearance = Appearance { parameters, offset: [0.0; 2], colour_indices: &[0] };
    let mut picture = vec![0; renderer.frame_len()];
    renderer.frame(&[q, 0.0], &appearance, &mut picture).unwrap();
    picture
}

fn assert_pixels(picture: &[u8], pixels: &[(usize, usize, [u8; 3])]) {
    for &(row, column, expected) in pixels {
        let place = (row * 32 + column) * 3;
        assert_eq!(picture[place..place + 3], expected, "row {row}, column {column}");
    }
}

fn channel_sums(picture: &[u8]) -> [u32; 3] {
    let mut sums = [0; 3];
    for pixel in picture.chunks(3) {
        for (sum, &byte) in sums.iter_mut().zip(pixel) {
            *sum += u32::from(byte);
        }
    }
    sums
}

#[test]
fn spring_pixels() {
    let middle = picture(System::MassSpring, &SPRING, 0.0);
    assert_pixels(
        &middle,
        &[
            (15, 15, [254, 0, 0]),
            (16, 16, [254, 0, 0]),
            (15, 12, [238, 8, 8]),
            (15, 11, [156, 50, 53]),
            (11, 15, [156, 50, 53]),
            (10, 15, [91, 84, 88]),
            (0, 0, [81, 88, 93]),
        ],
    );
    assert_eq!(channel_sums(&middle), [93_880, 84_592, 89_384]);
    assert_pixels(
        &picture(System::MassSpring, &SPRING, 0.5),
        &[
            (21, 15, [254, 0, 0]),
            (25, 15, [211, 22, 23]),
            (26, 15, [114, 72, 76]),
            (16, 15, [109, 74, 78]),
            (17, 15, [205, 25, 27]),
        ],
    );
}

#[test]
fn pendulum_pixels() {
    let hanging = picture(System::Pendulum, &PENDULUM, 0.0);
    assert_pixels(
        &hanging,
        &[
            (4, 15, [254, 0, 0]),
            (0, 15, [165, 46, 48]),
            (8, 15, [235, 9, 10]),
            (9, 15, [147, 55, 58]),
        ],
    );
    assert_eq!(channel_sums(&hanging), [93_834, 84_616, 89_410]);
    assert_pixels(
        &picture(System::Pendulum, &PENDULUM, std::f64::consts::FRAC_PI_2),
        &[(15, 27, [254, 0, 0]), (15, 22, [147, 55, 58]), (15, 4, [81, 88, 93])],
    );
}

/// A plain picture of two balls, the first one red.
fn two_balls(system: System, parameters: &[f64], state: &[f64]) -> Vec<u8> {
    let renderer = Renderer::new(system, Variant::Plain);
    let appearance = Appearance { parameters, offset: [0.0; 2], colour_indices: &[0, 1] };
    let mut picture = vec![0; renderer.frame_len()];
    renderer.frame(state, &appearance, &mut picture).unwrap();
    picture
}

#[test]
fn double_pendulum_pixels() {
    let hanging = two_balls(System::DoublePendulum, &[0.5, 0.5, 1.0, 1.0, 3.0], &[0.0; 4]);
    assert_pixels(
        &hanging,
        &[
            (9, 15, [254, 0, 0]),
            (3, 15, [0, 253, 253]),
            (6, 15, [113, 82, 85]),
            (5, 15, [40, 179, 181]),
            (7, 15, [215, 20, 21]),
        ],
    );
    assert_eq!(channel_sums(&hanging), [85_078, 91_868, 96_726]);
}

#[test]
fn two_body_pixels() {
    let state = [1.0, 1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 0.0];
    let picture = two_balls(System::TwoBody, &[1.0; 3], &state);
    assert_pixels(
        &picture,
        &[
            (21, 21, [254, 0, 0]),
            (10, 10, [0, 254, 254]),
            (21, 18, [172, 42, 44]),
            (21, 17, [95, 82, 86]),
        ],
    );
    assert_eq!(channel_sums(&picture), [86_067, 92_839, 97_546]);
}

#[test]
fn games_are_blocks_of_grey() {
    let draw = |system, state: &[f64]| {
        let renderer = Renderer::new(system, Variant::Plain);
        let appearance = Appearance { parameters: &[], offset: [0.0; 2], colour_indices: &[] };
        let mut picture = vec![0; renderer.frame_len()];
        renderer.frame(state, &appearance, &mut picture).unwrap();
        picture
    };
    let pennies = draw(System::MatchingPennies, &[0.3, 0.7, 0.6, 0.4]);
    for (corner, byte) in [((0, 0), 45), ((0, 16), 30), ((16, 0), 107), ((16, 16), 71)] {
        assert_pixels(
            &pennies,
            &[(corner.0, corner.1, [byte; 3]), (corner.0 + 15, corner.1 + 15, [byte; 3])],
        );
    }
    // Blocks of 11, of which the last ones are cut off: 11, 11, 10.
    let scissors = draw(System::RockPaperScissors, &[0.2, 0.3, 0.5, 0.1, 0.6, 0.3]);
    let byte = |share: f64| [(255.0 * share) as u8; 3];
    assert_pixels(
        &scissors,
        &[
            (0, 0, byte(0.2 * 0.1)),
            (10, 10, byte(0.2 * 0.1)),
            (11, 10, byte(0.3 * 0.1)),
            (22, 11, byte(0.5 * 0.6)),
            (31, 31, byte(0.5 * 0.3)),
        ],
    );
}

#[test]
fn single_precision_pictures_are_the_bytes_over_255() {
    let renderer = Renderer::new(System::Pendulum, Variant::Plain).with_resolution(17).unwrap();
    let appearance = Appearance { parameters: &PENDULUM, offset: [0.1, 0.2], colour_indices: &[0] };
    let (mut bytes, mut values) = (vec![0_u8; 17 * 17 * 3], vec![0.0_f32; 17 * 17 * 3]);
    renderer.frame(&[0.7, 0.0], &appearance, &mut bytes).unwrap();
    renderer.frame(&[0.7, 0.0], &appearance, &mut values).unwrap();
    for (byte, value) in bytes.iter().zip(&values) {
        assert_eq!(f32::from(*byte) / 255.0, *value);
    }
    assert!(values.iter().any(|&value| value > 0.99));
}

#[test]
fn wrong_lengths_and_resolutions_are_errors() {
    let renderer = Renderer::new(System::Pendulum, Variant::Plain);
    let appearance = Appearance { parameters: &PENDULUM, offset: [0.0; 2], colour_indices: &[0] };
    let message = renderer.frame(&[0.0; 2], &appearance, &mut [0_u8; 7]).unwrap_err().to_string();
    assert_eq!(message, "picture: found 7 values, expected [row, column, channel] = 3072");
    let mut out = vec![0_u8; renderer.frame_len()];
    assert!(renderer.frame(&[0.0; 3], &appearance, &mut out).is_err());
    let two_colours = Appearance { colour_indices: &[0, 1], ..appearance };
    assert!(renderer.frame(&[0.0; 2], &two_colours, &mut out).is_err());
    assert!(renderer.clone().with_resolution(1).is_err());
    assert!(renderer.with_resolution(2).is_ok());
}
