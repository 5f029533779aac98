//! Trajectories, periods and pixels that were computed with the suite's own code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use nwm_data::{Appearance, Renderer, System, Variant};

const PENDULUM: [f64; 3] = [0.5, 3.0, 1.0];
const SPRING: [f64; 2] = [0.5, 2.0];

fn pendulum(start: [f64; 2]) -> Vec<f64> {
    let mut states = vec![0.0; 512 * 2];
    System::Pendulum.solve(&PENDULUM, &start, 0.05, &mut states).unwrap();
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
            let energy = System::Pendulum.energy(&PENDULUM, state).unwrap();
            // The tolerance of 1e-9 per step adds up over some 1000 steps.
            assert!((energy - expected).abs() < 1e-6, "{energy}");
        }
    }
}

/// Periods by complete elliptic integrals: 4 K(H/3)/sqrt(3) swinging, 2 K(3/H)/sqrt(H) rotating.
#[test]
fn pendulum_periods() {
    let mut swing = [0.0; 4];
    System::Pendulum.solve(&PENDULUM, &[1.5, 0.5], 4.380_922_521, &mut swing).unwrap();
    assert!((swing[2] - 1.5).abs() < 1e-6 && (swing[3] - 0.5).abs() < 1e-6, "{swing:?}");
    let mut turn = [0.0; 4];
    System::Pendulum.solve(&PENDULUM, &[0.5, 2.0], 2.054_708_285, &mut turn).unwrap();
    let full = 0.5 + std::f64::consts::TAU;
    assert!((turn[2] - full).abs() < 1e-6 && (turn[3] - 2.0).abs() < 1e-6, "{turn:?}");
}

#[test]
fn spring_in_closed_form() {
    let mut states = vec![0.0; 512 * 2];
    System::MassSpring.solve(&SPRING, &[0.6, 0.8], 0.05, &mut states).unwrap();
    for (frame, state) in states.chunks(2).enumerate() {
        let angle = 2.0 * 0.05 * frame as f64 - 0.927_295_218_001_612;
        assert!((state[0] - angle.cos()).abs() < 1e-12);
        assert!((state[1] + angle.sin()).abs() < 1e-12);
        assert!((System::MassSpring.energy(&SPRING, state).unwrap() - 1.0).abs() < 1e-12);
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

#[test]
fn single_precision_pictures_are_the_bytes_over_255() {
    let renderer = Renderer::new(System::Pendulum, Variant::Plain).with_resolution(17).unwrap();
    let appearance = Appearance { parameters: &PENDULUM, offset: [0.1, 0.2], colour_indices: &[0] };
    let (mut bytes, mut values) = (vec![0_u8; 17 * 17 * 3], vec![0.0_f32; 17 * 17 * 3]);
    renderer.frame(&[0.7, 0.0], &appearance, &mut bytes).unwrap();
    renderer.frame_f32(&[0.7, 0.0], &appearance, &mut values).unwrap();
    for (byte, value) in bytes.iter().zip(&values) {
        assert_eq!(f32::from(*byte) / 255.0, *value);
    }
    assert!(values.iter().any(|&value| value > 0.99));
}

#[test]
fn wrong_lengths_and_resolutions_are_errors() {
    let renderer = Renderer::new(System::Pendulum, Variant::Plain);
    let appearance = Appearance { parameters: &PENDULUM, offset: [0.0; 2], colour_indices: &[0] };
    let message = renderer.frame(&[0.0; 2], &appearance, &mut [0; 7]).unwrap_err().to_string();
    assert_eq!(message, "picture: found 7 values, expected [row, column, channel] = 3072");
    let mut out = vec![0; renderer.frame_len()];
    assert!(renderer.frame(&[0.0; 3], &appearance, &mut out).is_err());
    let two_colours = Appearance { colour_indices: &[0, 1], ..appearance };
    assert!(renderer.frame(&[0.0; 2], &two_colours, &mut out).is_err());
    assert!(renderer.clone().with_resolution(1).is_err());
    assert!(renderer.with_resolution(2).is_ok());
}
