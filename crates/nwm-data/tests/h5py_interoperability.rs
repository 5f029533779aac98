//! The same files seen by h5py, the reader that Python users have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

mod common;

use std::path::Path;
use std::process::Command;

use nwm_data::store::{self, WriteOptions};
use nwm_data::{FrameSource, FramesFile, System};

/// Runs a Python program with arguments, or says why it cannot.
fn python(program: &str, arguments: &[&Path]) -> Option<String> {
    let available = Command::new("python3").args(["-c", "import h5py, numpy"]).output();
    if !available.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 cannot import h5py");
        return None;
    }
    let output = Command::new("python3").arg("-c").arg(program).args(arguments).output().unwrap();
    let (out, error) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{error}");
    Some(String::from_utf8(out).unwrap())
}

#[test]
fn h5py_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.h5");
    let set = common::small_set(System::Pendulum, 3, 70);
    store::write(&path, &set, WriteOptions { frames: true }).unwrap();
    let program = r#"
import hashlib, json, sys, h5py
with h5py.File(sys.argv[1], "r") as f:
    text = f.attrs["metadata"]
    metadata = json.loads(text)
    assert f.attrs["metadata_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert sorted(f) == sorted(metadata["arrays"]), sorted(f)
    for name, record in metadata["arrays"].items():
        array = f[name][...]
        assert list(array.shape) == record["shape"], name
        little = array.astype(array.dtype.newbyteorder("<"))
        rows = b"".join(hashlib.sha256(row.tobytes()).digest() for row in little)
        assert hashlib.sha256(rows).hexdigest() == record["sha256"], name
        assert f[name].compression == "gzip" and f[name].shuffle, name
    assert metadata["dataset"]["system"] == "pendulum" and metadata["parameter_names"] == ["m", "g", "l"]
    print(repr(float(f["states"][2, 69, 1])), f["frames"][1, 5, 4, 15].tolist())
"#;
    let Some(printed) = python(program, &[&path]) else { return };
    let stored = FramesFile::open(&path, "/frames").unwrap();
    let mut picture = vec![0.0; 3072];
    stored.read(1, 5, 1, &mut picture).unwrap();
    let place = (4 * 32 + 15) * 3;
    let pixel: Vec<f32> = picture[place..place + 3].iter().map(|value| value * 255.0).collect();
    let expected = format!("{:?} {pixel:.0?}\n", set.state(2, 69).unwrap()[1]);
    assert_eq!(printed, expected);
}

/// Values of the test file at `[trajectory, time, row, column, channel]`, 0 to 250.
fn expected_byte(index: [usize; 5]) -> u8 {
    let [trajectory, time, row, column, channel] = index;
    ((trajectory * 101 + time * 17 + row * 5 + column * 3 + channel) % 251) as u8
}

#[test]
fn we_read_what_h5py_writes() {
    let folder = tempfile::tempdir().unwrap();
    let program = r#"
import sys, h5py, numpy as np
n, t, r, c, k = np.indices((3, 10, 6, 7, 2))
bytes_ = ((n * 101 + t * 17 + r * 5 + c * 3 + k) % 251).astype(np.uint8)
unit = bytes_ / 255.0
layouts = {
    "plain": {},
    "chunked": dict(chunks=(1, 4, 6, 7, 2)),
    "gzip": dict(chunks=(2, 3, 6, 7, 2), compression="gzip", shuffle=True, fletcher32=True),
    "growing": dict(chunks=(1, 4, 6, 7, 2), maxshape=(None, None, 6, 7, 2), compression="gzip"),
}
types = {"u8": bytes_, "f32": unit.astype("<f4"), "f64": unit.astype("<f8"), "f32be": unit.astype(">f4")}
for version in ["earliest", "latest"]:
    with h5py.File(f"{sys.argv[1]}/{version}.h5", "w", libver=version) as f:
        f["frames"] = bytes_
        for layout, options in layouts.items():
            for name, data in types.items():
                f.create_dataset(f"deep/{layout}_{name}", data=data, **options)
        f["four_axes"] = bytes_[0]
        f["signed"] = bytes_.astype(np.int16)
        f["text"] = "not numbers"
        f["empty"] = np.zeros((0, 10, 6, 7, 2), np.uint8)
        f["levels"] = bytes_.astype("f4")
"#;
    if python(program, &[folder.path()]).is_none() {
        return;
    }
    for version in ["earliest", "latest"] {
        let path = folder.path().join(format!("{version}.h5"));
        let mut names = vec![FramesFile::DEFAULT_DATASET.to_owned()];
        for layout in ["plain", "chunked", "gzip", "growing"] {
            names
                .extend(["u8", "f32", "f64", "f32be"].map(|kind| format!("/deep/{layout}_{kind}")));
        }
        for name in names {
            assert_frames(&FramesFile::open(&path, &name).unwrap(), &format!("{version} {name}"));
        }
        for (name, found) in [
            ("/four_axes", "shape [10, 6, 7, 2]"),
            ("/signed", "type"),
            ("/text", "type"),
            ("/empty", "shape [0, 10, 6, 7, 2]"),
            ("/absent", "nothing readable (dataset 'absent' not found; the file has /"),
        ] {
            let message = FramesFile::open(&path, name).unwrap_err().to_string();
            let expected = format!("{version}.h5: dataset {name}: found {found}");
            assert!(message.contains(&expected), "{message}");
        }
        let levels = FramesFile::open(&path, "/levels").unwrap();
        let message = levels.read(2, 1, 1, &mut [0.0; 84]).unwrap_err().to_string();
        assert!(message.contains("in trajectory 2, frame 1, expected values in 0..1"), "{message}");
    }
}

fn assert_frames(file: &FramesFile, what: &str) {
    assert_eq!(file.frame_shape(), [6, 7, 2], "{what}");
    assert_eq!((file.trajectories(), file.frames()), (3, 10), "{what}");
    let (start, count) = (2, 7);
    let mut values = vec![0.0; count * 84];
    file.read(1, start, count, &mut values).unwrap();
    for (place, value) in values.iter().enumerate() {
        let (time, row, column, channel) = (place / 84, place / 14 % 6, place / 2 % 7, place % 2);
        let expected = f32::from(expected_byte([1, start + time, row, column, channel])) / 255.0;
        assert!((value - expected).abs() < 1e-7, "{what}: {place}: {value} {expected}");
    }
}
