//! Files of named arrays: what is written is read, and damage is found.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::{Path, PathBuf};

use nwm_data::arrays::{self, ArrayLayout, ArraysFile, Element, Integrity, Summary};
use nwm_data::{Error, FrameSource, FramesFile, Split};
use serde_json::json;

/// Trajectories of the file below.
const ROWS: usize = 3;

/// Times of each: more than one chunk, the last of which is not full.
const TIMES: usize = 50;

fn frames() -> Vec<u8> {
    // No pattern, so that chunks stay large and flips hit them.
    let noise = |index: usize| (index as u32).wrapping_mul(2_654_435_761) >> 24;
    (0..ROWS * TIMES * 8 * 8 * 3).map(|index| noise(index) as u8).collect()
}

fn layouts() -> Vec<ArrayLayout> {
    let axes = ["trajectory", "time", "row", "column", "channel"];
    vec![
        ArrayLayout::new("frames", &axes, &[ROWS, TIMES, 8, 8, 3], Element::U8),
        ArrayLayout::new("predictions", &axes, &[ROWS, TIMES, 8, 8, 3], Element::F32),
        ArrayLayout::new("index", &["time"], &[TIMES], Element::U32),
        ArrayLayout::new("energy", &["trajectory"], &[ROWS], Element::F64),
    ]
}

fn predictions() -> Vec<f32> {
    frames().iter().map(|&byte| f32::from(byte) / 255.0).collect()
}

fn write(path: &Path) -> Result<(), Error> {
    let about = json!({"split": "test", "seed": u64::MAX, "dt": 0.1 + 0.2});
    arrays::write(path, "movies", &about, layouts(), |file| {
        file.append("index", &(0..TIMES as u32).collect::<Vec<_>>())?;
        file.append("energy", &[0.1_f64, -0.0, 1e300])?;
        // One row, then two.
        let (frames, predictions) = (frames(), predictions());
        let row = frames.len() / ROWS;
        for rows in [0..row, row..frames.len()] {
            file.append("frames", &frames[rows.clone()])?;
            file.append("predictions", &predictions[rows])?;
        }
        Ok(())
    })
}

fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("movies.h5");
    write(&path).unwrap();
    (folder, path)
}

#[test]
fn what_is_written_is_read() {
    let (_folder, path) = written();
    let file = ArraysFile::open(&path).unwrap();
    assert_eq!(file.kind(), "movies");
    let about: serde_json::Value = file.about().unwrap();
    assert_eq!((&about["seed"], &about["dt"]), (&json!(u64::MAX), &json!(0.1 + 0.2)));
    assert_eq!(file.read::<u8>("frames").unwrap(), frames());
    assert_eq!(file.read::<f32>("predictions").unwrap(), predictions());
    assert_eq!(file.read::<u32>("index").unwrap()[49], 49);
    assert_eq!(file.read::<f64>("energy").unwrap(), [0.1, -0.0, 1e300]);
    assert_eq!(file.arrays()["frames"].axes[1], "time");
    let message = file.read::<f64>("index").unwrap_err().to_string();
    assert!(message.contains("dataset /index: found u32, expected f64"), "{message}");
    let message = file.read::<f64>("phase").unwrap_err().to_string();
    assert!(message.contains("dataset phase: found nothing"), "{message}");
    let again = path.with_file_name("again.h5");
    write(&again).unwrap();
    assert!(std::fs::read(path).unwrap() == std::fs::read(again).unwrap(), "other bytes");
}

#[test]
fn a_summary_describes_the_file_and_data_sets_are_of_no_kind() {
    let (folder, path) = written();
    assert_eq!(arrays::kind_of(&path).unwrap().as_deref(), Some("movies"));
    let Summary { kind, arrays, integrity, .. } = arrays::inspect(&path).unwrap();
    assert_eq!((kind.as_str(), arrays.len(), integrity), ("movies", 4, Integrity::Intact));

    let set = folder.path().join("set.h5");
    let spec = nwm_data::DatasetSpec {
        frames: 5,
        ..nwm_data::DatasetSpec::new(nwm_data::System::Pendulum, Split::Train, 2)
    };
    let options = nwm_data::store::WriteOptions::default();
    nwm_data::store::write(&set, &nwm_data::generate(&spec).unwrap(), options).unwrap();
    assert_eq!(arrays::kind_of(&set).unwrap(), None);
    assert!(ArraysFile::open(&set).is_err());
    assert!(nwm_data::store::inspect(&path).is_err());
}

#[test]
fn frames_made_of_test_trajectories_are_known_as_such() {
    let (_folder, path) = written();
    for array in ["/frames", "/predictions"] {
        let source = FramesFile::open(&path, array).unwrap();
        assert_eq!((source.split(), source.trajectories()), (Some(Split::Test), ROWS));
        let mut frame = vec![0.0; 8 * 8 * 3];
        source.read(1, 2, 1, &mut frame).unwrap();
        let expected = predictions()[(TIMES + 2) * 192];
        assert_eq!(frame[0], expected, "{array}");
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.h5");
    let layout = |shape: &[usize]| vec![ArrayLayout::new("x", &["a", "b"], shape, Element::F32)];
    let refused = |shape: &[usize], rows: &[f32]| {
        let result = arrays::write(&path, "x", &(), layout(shape), |file| file.append("x", rows));
        result.unwrap_err().to_string()
    };
    assert!(refused(&[2, 3], &[0.0; 3]).contains("found 1 values, expected rows = 2"));
    assert!(refused(&[2, 3], &[0.0; 4]).contains("whole rows"));
    assert!(refused(&[2, 3], &[0.0; 9]).contains("found 9 values"));
    assert!(refused(&[2, 0], &[]).contains("none of them 0"));
    let wrong_type =
        arrays::write(&path, "x", &(), layout(&[1, 1]), |file| file.append("x", &[0.0_f64]));
    assert!(wrong_type.unwrap_err().to_string().contains("expected one of x of f32"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn truncated_and_flipped_files_are_found() {
    let (_folder, path) = written();
    let content = std::fs::read(&path).unwrap();
    for length in [0, 7, 100, content.len() / 2, content.len() - 1] {
        std::fs::write(&path, &content[..length]).unwrap();
        let intact = arrays::inspect(&path).map(|summary| summary.integrity);
        assert!(!matches!(intact, Ok(Integrity::Intact)), "{length} bytes");
    }
    let mut noticed = 0;
    for position in (0..content.len()).step_by(content.len() / 200) {
        let mut flipped = content.clone();
        flipped[position] ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        match arrays::inspect(&path) {
            // Not every byte of an HDF5 file carries something.
            Ok(summary) if summary.integrity == Integrity::Intact => {
                let file = ArraysFile::open(&path).unwrap();
                assert!(file.read::<u8>("frames").unwrap() == frames(), "flip at {position}");
                assert!(file.read::<f32>("predictions").unwrap() == predictions());
            }
            Ok(summary) => {
                assert!(summary.arrays.iter().any(|array| array.problem.is_some()));
                noticed += 1;
            }
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 150, "{noticed} of 200 flips were noticed");
}

#[test]
fn another_version_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.h5");
    let file = hdf5::H5File::create(&path).unwrap();
    file.set_attr_string("metadata", r#"{"format":2,"kind":"movies","frames":[]}"#).unwrap();
    file.close().unwrap();
    assert_eq!(arrays::kind_of(&path).unwrap().as_deref(), Some("movies"));
    let message = ArraysFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("found format version 2, expected format version 1"), "{message}");
}
