//! Against records that the suite's own generator wrote: states and, byte for byte, pictures.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use common::tfrecord::{Record, records};
use nwm_data::{Appearance, Renderer, System, Variant};
use serde::Deserialize;

/// A record of the suite, reduced to what fits into this repository.
#[derive(Deserialize)]
struct GoldenRecord {
    system: System,
    parameters: Vec<f64>,
    /// `[frame, dimension]`.
    states: Vec<f64>,
    /// SHA-256 of the pictures' bytes, `[frame, row, column, channel]`.
    pictures_sha256: String,
}

fn golden_records() -> Vec<GoldenRecord> {
    let text = include_str!("data/suite_records.json");
    serde_json::from_str(text).unwrap()
}

/// Pictures of all states, `[frame, row, column, channel]`.
fn pictures(system: System, parameters: &[f64], states: &[f64]) -> Vec<u8> {
    let renderer = Renderer::new(system, Variant::Plain);
    let appearance = Appearance { parameters, offset: [0.0; 2], colour_indices: &[0] };
    let dimension = system.state_dimension();
    let mut pictures = vec![0; states.len() / dimension * renderer.frame_len()];
    for (state, picture) in states.chunks(dimension).zip(pictures.chunks_mut(renderer.frame_len()))
    {
        renderer.frame(state, &appearance, picture).unwrap();
    }
    pictures
}

/// Largest difference between the suite's states and ours from the same start.
fn largest_difference(system: System, parameters: &[f64], states: &[f64]) -> f64 {
    let mut ours = vec![0.0; states.len()];
    system.solve(parameters, &states[..system.state_dimension()], 0.05, &mut ours).unwrap();
    ours.iter().zip(states).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn golden_records_are_reproduced() {
    let records = golden_records();
    assert_eq!(records.len(), 2);
    for GoldenRecord { system, parameters, states, pictures_sha256 } in records {
        assert_eq!(states.len(), 64 * 2);
        let difference = largest_difference(system, &parameters, &states);
        assert!(difference < 1e-6, "{system}: {difference}");
        let pictures = pictures(system, &parameters, &states);
        assert_eq!(common::sha256(&pictures), pictures_sha256, "{system}");
    }
}

fn sample_records(system: System) -> Option<Vec<Record>> {
    let folder = common::shared("data/suite")?;
    let records = records(&folder.join(system.name()).join("train.tfrecord"));
    assert_eq!(records.len(), 3);
    Some(records)
}

fn parameters_of(system: System, record: &Record) -> Vec<f64> {
    let doubles = |name: &&str| record.doubles(&format!("other/{name}"))[0];
    system.parameter_names().iter().map(doubles).collect()
}

#[test]
fn every_sample_is_reproduced() {
    for system in System::ALL {
        let Some(records) = sample_records(system) else { return };
        for (number, record) in records.iter().enumerate() {
            let (parameters, states) = (parameters_of(system, record), record.doubles("x"));
            let difference = largest_difference(system, &parameters, &states);
            assert!(difference < 1e-6, "{system} {number}: {difference}");
            let (ours, theirs) = (pictures(system, &parameters, &states), record.pictures());
            assert_eq!(ours.len(), theirs.len());
            let unequal = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
            assert_eq!(unequal, 0, "{system} {number}: bytes that differ");
        }
    }
}

/// The reduced records are the first ones of the samples. `NWM_WRITE_GOLDEN=1` writes them anew.
#[test]
fn golden_records_are_the_samples() {
    let mut expected = Vec::new();
    for system in System::ALL {
        let Some(records) = sample_records(system) else { return };
        expected.push(serde_json::json!({
            "system": system,
            "parameters": parameters_of(system, &records[0]),
            "states": records[0].doubles("x"),
            "pictures_sha256": common::sha256(&records[0].pictures()),
        }));
    }
    let expected = serde_json::Value::from(expected);
    if std::env::var_os("NWM_WRITE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/suite_records.json");
        std::fs::write(path, format!("{expected}\n")).unwrap();
        return;
    }
    let found: serde_json::Value =
        serde_json::from_str(include_str!("data/suite_records.json")).unwrap();
    assert_eq!(found, expected);
}
