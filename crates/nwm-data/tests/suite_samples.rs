//! Against records that the suite's own generator wrote: states, derivatives and, byte for byte, pictures.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use common::samples::{SETS, Sample, samples};
use nwm_data::{Appearance, Renderer, System};
use serde::{Deserialize, Serialize};

/// The first record of a set, reduced to what fits into this repository.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct GoldenRecord {
    sample: Sample,
    /// SHA-256 of the pictures' bytes, `[frame, row, column, channel]`.
    pictures_sha256: String,
}

fn golden_records() -> Vec<GoldenRecord> {
    serde_json::from_str(include_str!("data/suite_records.json")).unwrap()
}

/// Pictures of all states, `[frame, row, column, channel]`.
fn pictures(sample: &Sample) -> Vec<u8> {
    let Sample { system, variant, parameters, offset, colour_indices, states, .. } = sample;
    let renderer = Renderer::new(*system, *variant);
    let appearance = Appearance { parameters, offset: *offset, colour_indices };
    let frames = states.len() / system.state_dimension();
    let mut pictures = vec![0; frames * renderer.frame_len()];
    renderer.frames(states, &appearance, &mut pictures).unwrap();
    pictures
}

/// The states from the same start, and the derivatives along the suite's own states.
fn check_motion(sample: &Sample, what: &str) {
    let Sample { system, variant, parameters, states, derivatives, .. } = sample;
    let dimension = system.state_dimension();
    let mut ours = vec![0.0; states.len()];
    // The samples of the games, too, were written at the physics' time step.
    system.solve(*variant, parameters, &states[..dimension], 0.05, &mut ours).unwrap();
    let largest =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let tolerance = if *system == System::DoublePendulum { 1e-5 } else { 1e-6 };
    let difference = largest(&ours, states);
    assert!(difference < tolerance, "{what}: states differ by {difference}");
    for (state, slope) in states.chunks(dimension).zip(ours.chunks_mut(dimension)) {
        system.derivative(parameters, state, slope).unwrap();
    }
    let difference = largest(&ours, derivatives);
    assert!(difference < 1e-9, "{what}: derivatives differ by {difference}");
}

#[test]
fn golden_records_are_reproduced() {
    let records = golden_records();
    assert_eq!(records.len(), SETS.len());
    for GoldenRecord { sample, pictures_sha256 } in records {
        let what = format!("{} {}", sample.system, sample.variant);
        assert_eq!(sample.states.len(), 64 * sample.system.state_dimension(), "{what}");
        check_motion(&sample, &what);
        assert_eq!(common::sha256(&pictures(&sample)), pictures_sha256, "{what}");
    }
}

#[test]
fn every_sample_is_reproduced() {
    for (system, variant) in SETS {
        let Some(samples) = samples(system, variant) else { return };
        assert_eq!(samples.len(), 3);
        for (number, (sample, theirs)) in samples.iter().enumerate() {
            let what = format!("{system} {variant} {number}");
            check_motion(sample, &what);
            let ours = pictures(sample);
            assert_eq!(ours.len(), theirs.len(), "{what}");
            let unequal = ours.iter().zip(theirs).filter(|(a, b)| a != b).count();
            assert_eq!(unequal, 0, "{what}: bytes that differ");
        }
    }
}

/// The reduced records are the first ones of the samples. `NWM_WRITE_GOLDEN=1` writes them anew.
#[test]
fn golden_records_are_the_samples() {
    let mut expected = Vec::new();
    for (system, variant) in SETS {
        let Some(samples) = samples(system, variant) else { return };
        let Some((sample, pictures)) = samples.into_iter().next() else { panic!("no sample") };
        expected.push(GoldenRecord { sample, pictures_sha256: common::sha256(&pictures) });
    }
    if std::env::var_os("NWM_WRITE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/suite_records.json");
        std::fs::write(path, serde_json::to_string(&expected).unwrap() + "\n").unwrap();
        return;
    }
    assert_eq!(golden_records(), expected);
}
