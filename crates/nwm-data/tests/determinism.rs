//! The same bytes on every machine, for every number of threads.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::sync::Arc;

use nwm_data::{DatasetSpec, FrameSource, RenderedTrajectories, Split, System, generate};

/// SHA-256 of the states and of the pictures of 8 trajectories of 40 frames, seed 7.
///
/// These are promises to everybody who ever generated a set: where one changes on purpose,
/// `GENERATOR_VERSION` rises with it.
const GOLDEN: [(System, &str, &str); 2] = [
    (
        System::MassSpring,
        "3b81071f86b86fff14c4401d2eef670e0ad9657efc724b4d2ee7834aa7e99b7a",
        "78452f61a098efc85a52d6677201864e267d9e6c5e712b13f2c4210b5f823f96",
    ),
    (
        System::Pendulum,
        "0bcfec6360b0bac1309500de52b935c8e3ddfde15573507c350d279834f19981",
        "ebfc9f0d617d56f0a6408fdeda05fdc44c55f513f26c193133927296bdb4ed1b",
    ),
];

fn spec(system: System) -> DatasetSpec {
    DatasetSpec { frames: 40, seed: 7, ..DatasetSpec::new(system, Split::Train, 8) }
}

#[test]
fn bytes_are_pinned() {
    for (system, states, pictures) in GOLDEN {
        let set = Arc::new(generate(&spec(system)).unwrap());
        let found_states = common::sha256(&common::little_endian(set.states()));
        let source = RenderedTrajectories::new(set);
        let mut all = Vec::new();
        let mut one = vec![0; 40 * 32 * 32 * 3];
        for trajectory in 0..8 {
            source.draw(trajectory..trajectory + 1, &mut one).unwrap();
            all.extend_from_slice(&one);
        }
        assert_eq!((found_states.as_str(), common::sha256(&all).as_str()), (states, pictures));
    }
}

#[test]
fn threads_do_not_matter() {
    for system in System::ALL {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| common::little_endian(generate(&spec(system)).unwrap().states()))
        };
        let one = with_threads(1);
        assert_eq!(one, with_threads(2));
        assert_eq!(one, with_threads(5));
    }
}

#[test]
fn a_larger_set_starts_with_the_smaller_one() {
    for system in System::ALL {
        let small = generate(&spec(system)).unwrap();
        let large = DatasetSpec { trajectories: 20, frames: 90, ..spec(system) };
        let large = generate(&large).unwrap();
        for trajectory in 0..small.len() {
            let (few, many) = (small.trajectory(trajectory), large.trajectory(trajectory));
            let few = few.unwrap();
            assert_eq!(few, &many.unwrap()[..few.len()]);
        }
    }
}

#[test]
fn seeds_splits_and_systems_give_different_sets() {
    let base = spec(System::Pendulum);
    let first = |spec: DatasetSpec| generate(&spec).unwrap().states()[0];
    let starts = [
        first(base.clone()),
        first(DatasetSpec { seed: 8, ..base.clone() }),
        first(DatasetSpec { split: Split::Validation, ..base.clone() }),
        first(DatasetSpec { split: Split::Test, ..base.clone() }),
        first(DatasetSpec { system: System::MassSpring, ..base }),
    ];
    for (index, start) in starts.iter().enumerate() {
        assert!(!starts[index + 1..].contains(start), "{starts:?}");
    }
}

#[test]
fn rendered_windows_are_parts_of_the_whole() {
    let source = RenderedTrajectories::new(common::small_set(System::Pendulum, 2, 12));
    let mut bytes = vec![0; 12 * 3072];
    source.draw(1..2, &mut bytes).unwrap();
    let mut window = vec![0.0; 5 * 3072];
    source.read(1, 4, 5, &mut window).unwrap();
    for (value, byte) in window.iter().zip(&bytes[4 * 3072..]) {
        assert_eq!(*value, f32::from(*byte) / 255.0);
    }
    assert!(source.read(1, 8, 5, &mut window).is_err(), "one frame too many");
    assert!(source.read(2, 0, 5, &mut window).is_err(), "no such trajectory");
    assert!(source.read(1, 0, 4, &mut window).is_err(), "a buffer of another length");
    assert!(source.read(1, usize::MAX, 5, &mut window).is_err(), "an overflowing range");
}
