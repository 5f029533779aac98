//! The kernels, emulated, against the renderer and the exponential on the CPU, bit for bit; and that tests find planted
//! mistakes.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::Path;

use nwm_cuda::{Argument, Emulation, Grid, Kernel, Module, Order, Queue, Sources};

use super::draw::{DRAW_FRAMES, words};
use crate::discs::Disc;
use crate::generate;
use crate::render::Renderer;
use crate::scenes::Scenes;
use crate::spec::{DatasetSpec, Split, Variant};
use crate::systems::System;

/// The kernels, and the one that tests alone call.
const TESTED: Module = Module {
    name: "draw_frames",
    kernels: &["draw_discs", "draw_strategies", "exponentials"],
    ptx: &[],
};

/// A queue of an emulation with mistakes; none where there is no compiler.
fn queue(defines: &[&str], checked: bool, order: Order) -> Option<Emulation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let (name, modules) = ("draw_frames", &[&TESTED][..]);
    Sources { name, folder: &folder, modules, checked, defines }.start_for_tests(order)
}

/// Scenes of a few frames of some trajectories, with the values of the renderer.
fn pictures(system: System, variant: Variant, resolution: usize) -> Vec<(Scenes, Vec<f32>)> {
    let spec = DatasetSpec { frames: 4, variant, ..DatasetSpec::new(system, Split::Train, 3) };
    let set = generate(&spec).unwrap();
    let renderer = Renderer::new(system, variant).with_resolution(resolution).unwrap();
    (0..set.len())
        .map(|trajectory| {
            let states = set.trajectory(trajectory).unwrap();
            let appearance = set.appearance(trajectory).unwrap();
            let mut expected = vec![0.0; spec.frames * renderer.frame_len()];
            renderer.frames(states, &appearance, &mut expected).unwrap();
            (renderer.scenes(states, &appearance).unwrap(), expected)
        })
        .collect()
}

/// Whether all pictures have the bits that were expected.
fn agree(queue: &Emulation, cases: &[(Scenes, Vec<f32>)]) -> bool {
    cases.iter().all(|(scenes, expected)| {
        let drawn = scenes.draw_on(queue).unwrap();
        queue.download(&drawn).unwrap() == *expected
    })
}

#[test]
fn every_picture_of_the_suite_has_the_bits_of_the_renderer() {
    for order in Order::ALL {
        let Some(queue) = queue(&[], false, order) else { return };
        for system in System::ALL {
            for &variant in system.variants() {
                // One pixel of a block, several blocks, and a last one that is not full.
                for resolution in [2, 5, 16, 32, 33] {
                    let cases = pictures(system, variant, resolution);
                    assert!(agree(&queue, &cases), "{system} {variant} {resolution} {order:?}");
                }
            }
        }
    }
}

#[test]
fn drawing_breaks_no_rule_of_shared_memory() {
    let Some(queue) = queue(&[], true, Order::Shuffled) else { return };
    for system in [System::TwoBody, System::RockPaperScissors] {
        assert!(agree(&queue, &pictures(system, Variant::Plain, 17)));
    }
}

/// Two discs of every distance from one upon the other to one beside the other, the larger one in front and behind, partly
/// outside, and one so large that it covers all.
fn overlapping(resolution: usize) -> (Scenes, Vec<f32>) {
    let renderer = Renderer::new(System::DoublePendulum, Variant::Plain);
    let renderer = renderer.with_resolution(resolution).unwrap();
    let mut discs = Vec::new();
    for step in 0..12 {
        let distance = f64::from(step) * 0.05;
        let red = [1.0, 0.0, 0.0];
        discs.push(Disc::new([0.3, 0.4], 0.12, red));
        discs.push(Disc::new([0.3 + distance, 0.4], 0.2, [0.0, 1.0, 1.0]));
        discs.push(Disc::new([1.0 - distance, 0.9], 0.25, red));
        discs.push(Disc::new([1.05, 0.8 + distance], 0.05, [0.0, 0.5, 1.0]));
        discs.push(Disc::new([0.5, 0.5], 0.1 + 4.0 * distance, red));
        discs.push(Disc::new([0.5, 0.5], 0.3, [1.0, 0.0, 1.0]));
    }
    let numbers = discs.iter().flat_map(|disc| disc.to_numbers()).collect();
    let scenes = Scenes::of_numbers(renderer.clone(), numbers);
    let mut expected = Vec::new();
    let last = (resolution - 1) as f64;
    for pair in discs.chunks_exact(2) {
        for row in 0..resolution {
            for column in 0..resolution {
                let colour = crate::discs::composite(pair, column as f64 / last, row as f64 / last);
                expected.extend(crate::discs::bytes(colour).map(|byte| f32::from(byte) / 255.0));
            }
        }
    }
    (scenes, expected)
}

#[test]
fn discs_that_hide_each_other_have_the_bits_of_the_definition() {
    let Some(queue) = queue(&[], false, Order::Shuffled) else { return };
    for resolution in [32, 61] {
        let (scenes, expected) = overlapping(resolution);
        assert_eq!(scenes.draw::<f32>(), expected);
        assert!(agree(&queue, &[(scenes, expected)]), "{resolution}");
    }
}

#[test]
fn planted_mistakes_are_found() {
    let Some(wrong) = queue(&["PLANT_BACK_TO_FRONT"], false, Order::Forward) else { return };
    assert!(!agree(&wrong, &[overlapping(32)]));
    let Some(wrong) = queue(&["PLANT_TRANSPOSED"], false, Order::Forward) else { return };
    assert!(!agree(&wrong, &pictures(System::MatchingPennies, Variant::Plain, 32)));
}

/// `exp` of all numbers by the kernel's method, as bits.
fn exponentials(queue: &Emulation, numbers: &[f64]) -> Vec<u64> {
    let (uploaded, results) =
        (queue.upload(&words(numbers)).unwrap(), queue.array(2 * numbers.len()).unwrap());
    let arguments = [
        Argument::count("numbers", numbers.len()).unwrap(),
        Argument::array(&uploaded, 0),
        Argument::array(&results, 0),
    ];
    let blocks = [numbers.len().div_ceil(1024), 1, 1];
    let grid = Grid { blocks, threads: 1024, shared_words: 0 };
    queue.launch(Kernel { module: &TESTED, name: "exponentials" }, grid, &arguments).unwrap();
    let downloaded = queue.download(&results).unwrap();
    let (pairs, _) = downloaded.as_chunks::<2>();
    let bits = |[low, high]: &[f32; 2]| u64::from(low.to_bits()) | u64::from(high.to_bits()) << 32;
    pairs.iter().map(bits).collect()
}

/// Numbers of all sizes and both signs, all around every branch of the method, and those of discs.
fn sweep() -> Vec<f64> {
    let mut stream = crate::stream::Stream::new("exponential test", &[]);
    let edges = [
        0x3e30_0000_0000_0000_u64, // 2^-28
        0x3e30_0001_0000_0000,
        0x3fd6_2e42_0000_0000, // log(2) / 2
        0x3fd6_2e43_0000_0000,
        0x3ff0_a2b2_0000_0000, // 1.5 log(2)
        0x4086_232b_0000_0000,
        709.782_712_893_384_f64.to_bits(),
        708.396_418_532_264_1_f64.to_bits(),
        745.133_219_101_941_1_f64.to_bits(),
        0x7ff0_0000_0000_0000, // infinity, and what is not a number above it
    ];
    let mut numbers = vec![0.0, -0.0, 1.0, f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1)];
    for edge in edges {
        numbers.extend((edge - 40..edge + 40).map(f64::from_bits));
    }
    for halves in 0..2160 {
        // Between two powers of two the method changes the one that it takes.
        let bits = (f64::from(halves) * 0.5 * std::f64::consts::LN_2).to_bits();
        numbers.extend((bits.saturating_sub(3)..bits + 3).map(f64::from_bits));
    }
    numbers.extend((0..100_000).map(|_| stream.uniform(0.0, 120.0)));
    numbers.extend((0..50_000).map(|_| stream.uniform(0.0, 750.0)));
    numbers.extend((0..50_000).map(|_| stream.uniform(-70.0, 11.0).exp2()));
    let negative: Vec<f64> = numbers.iter().map(|number| -number).collect();
    numbers.extend(negative);
    numbers
}

#[test]
fn the_exponential_has_the_bits_of_that_on_the_cpu() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let numbers = sweep();
    for (&number, found) in numbers.iter().zip(exponentials(&queue, &numbers)) {
        let expected = libm::exp(number);
        let same = if expected.is_nan() {
            f64::from_bits(found).is_nan()
        } else {
            found == expected.to_bits()
        };
        assert!(same, "exp({number:e}): {found:x}, expected {:x}", expected.to_bits());
    }
}

#[test]
fn an_exponential_with_a_fused_sum_is_found() {
    let Some(queue) = queue(&["PLANT_FUSED"], false, Order::Forward) else { return };
    let numbers: Vec<f64> = (0..20_000).map(|step| f64::from(step) * 0.003 - 30.0).collect();
    let expected: Vec<u64> = numbers.iter().map(|&number| libm::exp(number).to_bits()).collect();
    assert!(exponentials(&queue, &numbers) != expected);
}

#[test]
fn the_tested_module_is_the_one_that_is_launched() {
    assert_eq!(TESTED.name, DRAW_FRAMES.name);
    assert_eq!(TESTED.kernels[..2], *DRAW_FRAMES.kernels);
}

#[test]
fn nothing_is_drawn_of_no_pictures() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let renderer = Renderer::new(System::Pendulum, Variant::Plain);
    let none = Scenes::of_numbers(renderer, Vec::new());
    assert!(none.is_empty() && none.draw::<f32>().is_empty());
    assert_eq!(queue.length(&none.draw_on(&queue).unwrap()), 0);
}
