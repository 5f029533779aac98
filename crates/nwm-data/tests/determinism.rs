//! The same bytes on every machine, for every number of threads.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::sync::Arc;

use nwm_data::{DatasetSpec, FrameSource, RenderedTrajectories, Split, System, Variant, generate};
use serde::{Deserialize, Serialize};

/// SHA-256 of the states and of the pictures of 8 trajectories of 40 frames, seed 7, of every set.
///
/// These are promises to everybody who ever generated a set: where one changes on purpose, `GENERATOR_VERSION` rises with
/// it. `NWM_WRITE_GOLDEN=1` writes them anew.
const GOLDEN: &str = include_str!("data/digests.json");

/// The digests of one set.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Digests {
    system: System,
    variant: Variant,
    states: String,
    pictures: String,
}

fn spec(system: System) -> DatasetSpec {
    DatasetSpec { frames: 40, seed: 7, ..DatasetSpec::new(system, Split::Train, 8) }
}

#[test]
fn bytes_are_pinned() {
    let sets = System::ALL
        .into_iter()
        .flat_map(|system| system.variants().iter().map(move |&variant| (system, variant)));
    let found: Vec<Digests> = sets
        .map(|(system, variant)| {
            let set = Arc::new(generate(&DatasetSpec { variant, ..spec(system) }).unwrap());
            let states = common::sha256(&common::little_endian(set.states()));
            let mut pictures = vec![0_u8; 8 * 40 * 32 * 32 * 3];
            RenderedTrajectories::new(set).draw(0..8, &mut pictures).unwrap();
            Digests { system, variant, states, pictures: common::sha256(&pictures) }
        })
        .collect();
    assert_eq!(found.len(), 13);
    if std::env::var_os("NWM_WRITE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/digests.json");
        std::fs::write(path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        return;
    }
    let expected: Vec<Digests> = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(found, expected);
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
