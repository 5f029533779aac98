//! Files: what is written is read, and every deviation from the format is named.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nwm_data::store::{self, Dataset, FORMAT, Integrity, WriteOptions};
use nwm_data::{
    DatasetSpec, Error, FrameSource, FramesFile, RenderedTrajectories, Split, System, Trajectories,
    generate,
};
use sha2::{Digest, Sha256};

const FRAMES: WriteOptions = WriteOptions { frames: true };

fn written(options: WriteOptions) -> (tempfile::TempDir, PathBuf, Arc<Trajectories>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    let set = common::small_set(System::Pendulum, 3, 70);
    store::write(&path, &set, options).unwrap();
    (folder, path, set)
}

#[test]
fn what_is_written_is_read() {
    for system in System::ALL {
        for options in [WriteOptions::default(), FRAMES] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("set.h5");
            // A time step whose decimal form needs all its digits.
            let spec = DatasetSpec {
                frames: 11,
                dt: 0.1 + 0.2,
                seed: u64::MAX,
                ..DatasetSpec::new(system, Split::Validation, 4)
            };
            let set = Arc::new(generate(&spec).unwrap());
            store::write(&path, &set, options).unwrap();
            assert_eq!(store::read(&path).unwrap(), *set);
        }
    }
}

#[test]
fn equal_sets_give_equal_files() {
    let (_first_folder, first, _) = written(FRAMES);
    let (_second_folder, second, _) = written(FRAMES);
    assert!(std::fs::read(first).unwrap() == std::fs::read(second).unwrap());
}

#[test]
fn stored_frames_are_the_rendered_ones() {
    let (_folder, path, set) = written(FRAMES);
    let stored = FramesFile::open(&path, FramesFile::DEFAULT_DATASET).unwrap();
    let rendered = RenderedTrajectories::new(set);
    assert_eq!(stored.trajectories(), 3);
    assert_eq!(stored.frames(), 70);
    assert_eq!(stored.frame_shape(), [32, 32, 3]);
    // Windows within a chunk of 64 frames, across its border, and all.
    for (start, count) in [(0, 5), (60, 10), (0, 70)] {
        let (mut left, mut right) = (vec![0.0; count * 3072], vec![1.0; count * 3072]);
        stored.read(2, start, count, &mut left).unwrap();
        rendered.read(2, start, count, &mut right).unwrap();
        assert!(left == right, "{start} {count}");
    }
}

#[test]
fn a_summary_describes_an_intact_file() {
    let (_folder, path, set) = written(FRAMES);
    let summary = store::inspect(&path).unwrap();
    assert_eq!(summary.integrity, Integrity::Intact);
    assert_eq!(summary.dataset, *set.spec());
    let names: Vec<&str> = summary.arrays.iter().map(|array| array.name.as_str()).collect();
    let expected = ["states", "times", "parameters", "offsets", "colour_indices", "frames"];
    assert_eq!(names, expected);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["integrity"], "intact");
    assert_eq!(json["dataset"]["system"], "pendulum");
    assert_eq!(json["arrays"][5]["record"]["shape"], serde_json::json!([3, 70, 32, 32, 3]));
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("absent.h5"), folder.path().to_path_buf()] {
        let error = store::read(&path).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        assert!(FramesFile::open(&path, "/frames").is_err());
    }
}

#[test]
fn a_foreign_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.h5");
    std::fs::write(&path, "not HDF5 at all").unwrap();
    let message = store::read(&path).unwrap_err().to_string();
    assert!(message.contains("text.h5: file: found 15 bytes that are no HDF5"), "{message}");
    assert!(message.ends_with("delete the file and make it again"), "{message}");
}

/// Writes a file like ours with the HDF5 library directly, after `change` edited its metadata.
fn forge(path: &Path, states_shape: &[usize], change: impl FnOnce(&mut serde_json::Value)) {
    let (_folder, original, set) = written(WriteOptions::default());
    let mut metadata: serde_json::Value = {
        let file = hdf5::H5File::open(&original).unwrap();
        serde_json::from_str(&file.attr_string("metadata").unwrap()).unwrap()
    };
    change(&mut metadata);
    let text = metadata.to_string();
    let file = hdf5::H5File::create(path).unwrap();
    let mut states = set.states().to_vec();
    states.resize(states_shape.iter().product(), 0.0);
    let write = |name: &str, shape: &[usize], data: &[f64]| {
        let array = file.new_dataset::<f64>().shape(shape).create(name).unwrap();
        array.write_raw(data).unwrap();
    };
    write("states", states_shape, &states);
    write("times", &[70], &(0..70).map(|frame| f64::from(frame) * 0.05).collect::<Vec<_>>());
    write("parameters", &[3, 3], set.parameters());
    write("offsets", &[3, 2], set.offsets());
    let colours = file.new_dataset::<u32>().shape([3, 1]).create("colour_indices").unwrap();
    colours.write_raw(set.colour_indices()).unwrap();
    file.set_attr_string("metadata", &text).unwrap();
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    file.set_attr_string("metadata_sha256", &digest).unwrap();
    file.close().unwrap();
}

fn forged_message(states_shape: &[usize], change: impl FnOnce(&mut serde_json::Value)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.h5");
    forge(&path, states_shape, change);
    store::read(&path).unwrap_err().to_string()
}

#[test]
fn forging_alone_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.h5");
    forge(&path, &[3, 70, 2], |_| ());
    assert_eq!(store::read(&path).unwrap(), *common::small_set(System::Pendulum, 3, 70));
}

#[test]
fn another_shape_is_named_with_both_shapes() {
    let message = forged_message(&[3, 70, 3], |_| ());
    let expected = "dataset /states: found [3, 70, 3] of f64, expected \
                    [trajectory, frame, dimension] = [3, 70, 2] of f64; delete the file";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_newer_version_is_named() {
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["format"] = (FORMAT + 1).into();
        metadata["invented_later"] = true.into();
    });
    let expected = "attribute metadata: found format version 2, expected format version 1";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn another_generator_is_named() {
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["origin"]["version"] = 0.into();
    });
    let expected = "found generated by nwm-data, generator version 0, expected generated by nwm-data, \
                    generator version 1";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_metadata_record_that_contradicts_the_data_set_is_named() {
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["arrays"]["offsets"]["shape"] = serde_json::json!([3, 3]);
    });
    assert!(message.contains("metadata of dataset offsets: found"), "{message}");
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["arrays"].as_object_mut().unwrap().remove("times");
    });
    assert!(message.contains("metadata of dataset times: found nothing"), "{message}");
}

#[test]
fn a_count_that_the_file_cannot_hold_is_refused_before_memory_is_asked_for() {
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["dataset"]["trajectories"] = serde_json::json!(1_u64 << 40);
    });
    assert!(message.contains("metadata of dataset"), "{message}");
    let message = forged_message(&[3, 70, 2], |metadata| {
        metadata["dataset"]["trajectories"] = serde_json::json!(u64::MAX);
    });
    assert!(message.contains("data.trajectories x data.frames"), "{message}");
}

#[test]
fn pictures_larger_than_the_file_can_hold_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.h5");
    forge(&path, &[3, 70, 2], |metadata| {
        metadata["arrays"]["frames"] = serde_json::json!({
            "axes": ["trajectory", "frame", "row", "column", "channel"],
            "shape": [3, 70, 4096, 4096, 3],
            "element": "u8",
            "sha256": "",
        });
    });
    let file = hdf5::H5File::open_rw(&path).unwrap();
    let frames = file.new_dataset::<u8>().shape([3, 70, 4096, 4096, 3]);
    frames.chunk(&[1, 70, 512, 512, 3]).create("frames").unwrap();
    file.close().unwrap();
    let summary = store::inspect(&path).unwrap();
    assert_eq!(summary.integrity, Integrity::Damaged);
    let problem = summary.arrays[5].problem.as_ref().unwrap();
    assert!(problem.contains("expected a file that can hold"), "{problem}");
}

#[test]
fn chunks_that_are_not_ours_are_refused() {
    let (_folder, path, set) = written(WriteOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let forged = folder.path().join("forged.h5");
    // Chunks of eight gigabytes, and some that are merely others.
    for (chunk, expected) in [
        (vec![1 << 15, 1 << 15, 1], "expected chunks of at most 1024 MiB"),
        (vec![1, 70, 2], "found chunks of [1, 70, 2], expected chunks of [3, 70, 2]"),
    ] {
        let ours = hdf5::H5File::open(&path).unwrap();
        let file = hdf5::H5File::create(&forged).unwrap();
        let states = file.new_dataset::<f64>().shape([3, 70, 2]).resizable().chunk(&chunk);
        states.create("states").unwrap();
        let times = file.new_dataset::<f64>().shape([70]).create("times").unwrap();
        let dt = set.spec().dt;
        times.write_raw(&(0..70).map(|frame| f64::from(frame) * dt).collect::<Vec<_>>()).unwrap();
        for (name, columns) in [("parameters", 3), ("offsets", 2)] {
            let array = file.new_dataset::<f64>().shape([3, columns]).create(name).unwrap();
            let values = if name == "parameters" { set.parameters() } else { set.offsets() };
            array.write_raw(values).unwrap();
        }
        let colours = file.new_dataset::<u32>().shape([3, 1]).create("colour_indices").unwrap();
        colours.write_raw(set.colour_indices()).unwrap();
        for name in ["metadata", "metadata_sha256"] {
            file.set_attr_string(name, &ours.attr_string(name).unwrap()).unwrap();
        }
        file.close().unwrap();
        let message = Dataset::open(&forged).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_changed_state_is_found_by_its_digest() {
    // Without compression, so that the number can be found.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.h5");
    forge(&path, &[3, 70, 2], |_| ());
    let set = common::small_set(System::Pendulum, 3, 70);
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = set.states()[100].to_le_bytes();
    let place = bytes.windows(8).position(|window| window == needle).unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let message = store::read(&path).unwrap_err().to_string();
    assert!(message.contains("dataset /states: found SHA-256"), "{message}");
    let summary = store::inspect(&path).unwrap();
    assert_eq!(summary.integrity, Integrity::Damaged);
    assert!(summary.arrays[0].problem.is_some());
    assert!(summary.arrays[1..].iter().all(|array| array.problem.is_none()));
}

#[test]
fn changed_metadata_is_found_by_its_own_digest() {
    let (_folder, path, _) = written(WriteOptions::default());
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"\"seed\":0";
    let place = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[place + needle.len() - 1] = b'1';
    std::fs::write(&path, bytes).unwrap();
    for message in [
        store::read(&path).unwrap_err().to_string(),
        store::inspect(&path).unwrap_err().to_string(),
    ] {
        assert!(message.contains("attribute metadata: found SHA-256"), "{message}");
    }
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let (folder, path, set) = written(WriteOptions::default());
    let absent = folder.path().join("absent").join("set.h5");
    let error = store::write(&absent, &set, WriteOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with(&absent.display().to_string()), "{error}");
    assert_eq!(store::read(&path).unwrap(), *set);
}

#[test]
fn a_set_is_read_as_it_is_needed() {
    let (_folder, path, set) = written(FRAMES);
    let dataset = Dataset::open(&path).unwrap();
    assert_eq!((dataset.spec(), dataset.split()), (set.spec(), Some(Split::Train)));
    assert_eq!(dataset.states(2, 60, 10).unwrap(), set.trajectory(2).unwrap()[120..140]);
    assert_eq!(dataset.appearance(1).unwrap(), set.appearance(1).unwrap());
    dataset.verify().unwrap();
    assert_eq!(dataset.load().unwrap(), *set);
    let rendered = RenderedTrajectories::new(set);
    let (mut left, mut right) = (vec![0.0; 5 * 3072], vec![1.0; 5 * 3072]);
    dataset.read(1, 62, 5, &mut left).unwrap();
    rendered.read(1, 62, 5, &mut right).unwrap();
    assert!(left == right);
    for (trajectory, start, count) in [(3, 0, 1), (0, 70, 1), (0, 69, 2), (0, 1, usize::MAX)] {
        let error = dataset.states(trajectory, start, count).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
    }
}

#[test]
fn a_file_of_the_old_format_is_not_given_to_the_library() {
    let (_folder, path, _) = written(WriteOptions::default());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 0;
    std::fs::write(&path, bytes).unwrap();
    let message = store::read(&path).unwrap_err().to_string();
    assert!(message.contains("an HDF5 file of the old format 0, not written by nwm"), "{message}");
}
