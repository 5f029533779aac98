//! Recordings in files of others: every kind, order, type and damage.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use nwm_data::Error;
use nwm_data::recording::{Recording, RecordingOptions, is_hdf5};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// An array as NumPy saves it.
fn npy(descr: &str, is_fortran: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let shape: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The value at a place: all are told apart.
fn value(trial: usize, time: usize, row: usize, column: usize) -> f64 {
    (1000 * trial + 100 * time + 10 * row + column) as f64 - 50.0
}

const LENGTHS: [usize; 4] = [2, 7, 3, 4];

/// All values with the axes in an order, the first one slowest; `order` numbers trial, time, row, column.
fn values(order: &[usize]) -> Vec<f64> {
    let lengths: Vec<usize> = order.iter().map(|&axis| LENGTHS[axis]).collect();
    (0..lengths.iter().product())
        .map(|mut index| {
            let mut place = [0; 4];
            for (&axis, length) in order.iter().zip(&lengths).rev() {
                place[axis] = index % length;
                index /= length;
            }
            value(place[0], place[1], place[2], place[3])
        })
        .collect()
}

fn saved(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn options(dataset: Option<&str>, axes: Option<&str>) -> RecordingOptions {
    let mut options = RecordingOptions::default();
    options.dataset = dataset.map(str::to_owned);
    options.axes = axes.map(|axes| axes.parse().unwrap());
    options
}

/// Reads the middle of the last trial and compares.
fn assert_reads(path: &Path, options: &RecordingOptions, has_trials: bool) {
    let mut recording = Recording::open(path, options).unwrap();
    let trials = if has_trials { LENGTHS[0] } else { 1 };
    assert_eq!((recording.trials(), recording.time(), recording.size()), (trials, 7, [3, 4]));
    let trial = trials - 1;
    for time in [0..7, 2..5, 6..7] {
        let found = recording.read(trial, time.clone()).unwrap();
        let mut expected = Vec::new();
        for t in time {
            for row in 0..3 {
                expected.extend((0..4).map(|column| value(trial, t, row, column)));
            }
        }
        assert_eq!(found, expected, "{}", path.display());
    }
}

fn message(path: &Path, options: &RecordingOptions) -> String {
    let error = Recording::open(path, options).unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
    error.to_string()
}

#[test]
fn npy_of_every_type_and_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    let values = values(&[0, 1, 2, 3]);
    let encoded =
        |of: &dyn Fn(f64) -> Vec<u8>| values.iter().flat_map(|&x| of(x)).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("<f8", encoded(&|x| x.to_le_bytes().to_vec())),
        (">f8", encoded(&|x| x.to_be_bytes().to_vec())),
        ("<f4", encoded(&|x| (x as f32).to_le_bytes().to_vec())),
        (">f4", encoded(&|x| (x as f32).to_be_bytes().to_vec())),
        ("<f2", encoded(&|x| half::f16::from_f64(x).to_le_bytes().to_vec())),
        ("<i2", encoded(&|x| (x as i16).to_le_bytes().to_vec())),
        (">i4", encoded(&|x| (x as i32).to_be_bytes().to_vec())),
        ("<i8", encoded(&|x| (x as i64).to_le_bytes().to_vec())),
    ];
    for (descr, data) in cases {
        let path = saved(folder.path(), "a.npy", &npy(descr, false, &LENGTHS, &data));
        assert_reads(&path, &RecordingOptions::default(), true);
    }
    let bytes = npy("|u1", false, &[2, 2, 1], &[0, 1, 254, 255]);
    let path = saved(folder.path(), "bytes.npy", &bytes);
    let mut recording = Recording::open(&path, &RecordingOptions::default()).unwrap();
    assert_eq!(recording.read(0, 0..2).unwrap(), [0.0, 1.0, 254.0, 255.0]);
    let path = saved(folder.path(), "complex.npy", &npy("<c8", false, &[2, 2, 1], &[0; 32]));
    let found = message(&path, &RecordingOptions::default());
    assert!(found.contains("<c8") && found.contains("whole or real numbers"), "{found}");
}

#[test]
fn axes_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let orders: [(&str, &[usize]); 6] = [
        ("trial,time,row,column", &[0, 1, 2, 3]),
        ("row,column,time,trial", &[2, 3, 1, 0]),
        ("time,column,row", &[1, 3, 2]),
        ("column,time,row", &[3, 1, 2]),
        ("row,column,time", &[2, 3, 1]),
        ("time,trial,column,row", &[1, 0, 3, 2]),
    ];
    for (axes, order) in orders {
        let shape: Vec<usize> = order.iter().map(|&axis| LENGTHS[axis]).collect();
        let data: Vec<u8> = values(order).into_iter().flat_map(f64::to_le_bytes).collect();
        let path = saved(folder.path(), "c.npy", &npy("<f8", false, &shape, &data));
        assert_reads(&path, &options(None, Some(axes)), order.len() == 4);
        // The same array as Fortran stores it.
        let reversed: Vec<usize> = order.iter().rev().copied().collect();
        let data: Vec<u8> = values(&reversed).into_iter().flat_map(f64::to_le_bytes).collect();
        let path = saved(folder.path(), "f.npy", &npy("<f8", true, &shape, &data));
        assert_reads(&path, &options(None, Some(axes)), order.len() == 4);
    }
    let line = npy("|u1", false, &[2, 3], &[0, 1, 2, 3, 4, 5]);
    let path = saved(folder.path(), "line.npy", &line);
    let mut recording = Recording::open(&path, &RecordingOptions::default()).unwrap();
    assert_eq!((recording.time(), recording.size()), (2, [1, 3]));
    assert_eq!(recording.read(0, 1..2).unwrap(), [3.0, 4.0, 5.0]);
    assert!(matches!(recording.read(0, 1..3), Err(Error::OutOfRange { axis: "time", .. })));
    assert!(matches!(recording.read(1, 0..1), Err(Error::OutOfRange { axis: "trial", .. })));
}

fn archive(path: &Path, method: CompressionMethod, arrays: &[(&str, &[u8])]) {
    let mut archive = ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn npz_plain_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let data: Vec<u8> = values(&[0, 1, 2, 3]).into_iter().flat_map(f64::to_le_bytes).collect();
    let array = npy("<f8", false, &LENGTHS, &data);
    let other = npy("<f8", false, &[1], &[0; 8]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        archive(&path, method, &[("lfp.npy", &array)]);
        assert_reads(&path, &RecordingOptions::default(), true);
        archive(&path, method, &[("rate.npy", &other), ("lfp.npy", &array), ("note.txt", b"x")]);
        assert_reads(&path, &options(Some("lfp"), None), true);
        // The other one cannot be a recording.
        assert_reads(&path, &RecordingOptions::default(), true);
        let found = message(&path, &options(Some("eeg"), None));
        assert!(found.contains("no array eeg"), "{found}");
        let found = message(&path, &options(Some("rate"), None));
        assert!(found.contains("shape [1]"), "{found}");
        archive(&path, method, &[("eeg.npy", &array), ("lfp.npy", &array)]);
        let found = message(&path, &RecordingOptions::default());
        assert!(found.contains("the arrays eeg, lfp") && found.contains("--dataset"), "{found}");
    }
    let whole = std::fs::read(&path).unwrap();
    let cut = saved(folder.path(), "cut.npz", &whole[..whole.len() / 2]);
    assert!(message(&cut, &RecordingOptions::default()).contains("an archive that cannot be read"));
}

#[test]
fn hdf5_of_any_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = hdf5::H5File::create(&path).unwrap();
    let all = values(&[0, 1, 2, 3]);
    let doubles =
        file.new_dataset::<f64>().shape(LENGTHS).chunk(&[1, 2, 3, 4]).create("lfp").unwrap();
    doubles.write_raw(&all).unwrap();
    let whole: Vec<i16> = all.iter().map(|&x| x as i16).collect();
    let counts = file.new_dataset::<i16>().shape(LENGTHS).create("counts").unwrap();
    counts.write_raw(&whole).unwrap();
    let times = file.new_dataset::<f64>().shape([3]).create("times").unwrap();
    times.write_raw(&[0.0, 1.0, 2.0]).unwrap();
    file.close().unwrap();
    assert!(is_hdf5(&path).unwrap());
    assert_reads(&path, &options(Some("/lfp"), None), true);
    assert_reads(&path, &options(Some("counts"), None), true);
    let found = message(&path, &RecordingOptions::default());
    assert!(found.contains("/counts, /lfp, /times") && found.contains("--dataset"), "{found}");
    let found = message(&path, &options(Some("/nothing"), None));
    assert!(found.contains("dataset /nothing"), "{found}");
    let found = message(&path, &options(Some("lfp"), Some("time,row,column")));
    assert!(
        found.contains("[2, 7, 3, 4]") && found.contains("the axes time,row,column"),
        "{found}"
    );
    nwm_data::foreign::recording(&path, &options(Some("lfp"), None)).unwrap();
}

#[test]
fn an_array_that_is_alone_needs_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = hdf5::H5File::create(&path).unwrap();
    let group = file.root_group().create_group("acquisition").unwrap();
    let data = group.new_dataset::<f32>().shape([7, 3, 4]).create("data").unwrap();
    let values: Vec<f32> = values(&[1, 2, 3]).into_iter().map(|x| x as f32).collect();
    data.write_raw(&values).unwrap();
    let times = file.new_dataset::<f64>().shape([7]).create("times").unwrap();
    times.write_raw(&[0.0; 7]).unwrap();
    file.close().unwrap();
    assert_reads(&path, &RecordingOptions::default(), false);
    assert_reads(&path, &options(Some("/acquisition/data"), None), false);
}

#[test]
fn damaged_and_strange_files_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let whole = npy("<f8", false, &[4, 2, 2], &[0; 128]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (whole[..whole.len() - 1].to_vec(), "127 bytes of numbers; the file may be cut off"),
        (whole[..20].to_vec(), "no readable header"),
        (npy("<f8", false, &[1 << 40, 1 << 10, 2], &[0; 16]), "16 bytes of numbers"),
        (npy("<f8", false, &[1 << 30, 1 << 30, 2], &[0; 16]), "16 bytes of numbers"),
        (npy("<f8", false, &[4, 0, 2], &[]), "no empty axis"),
        (npy("<f8", false, &[1, 1, 1, 1, 2], &[0; 16]), "--axes"),
        (npy("<f8", false, &[16], &[0; 128]), "--axes"),
        (npy("|O", false, &[1, 1, 1], &[0; 128]), "whole or real numbers"),
        (b"time,row\n1,2\n".to_vec(), "an NPY, NPZ or HDF5 file"),
        (Vec::new(), "0 bytes of something else"),
    ];
    for (bytes, expected) in cases {
        let path = saved(folder.path(), "bad.npy", &bytes);
        let found = message(&path, &RecordingOptions::default());
        assert!(found.contains(expected) && found.contains("bad.npy"), "{found}");
    }
    let path = saved(folder.path(), "good.npy", &whole);
    let found = message(&path, &options(Some("lfp"), None));
    assert!(found.contains("no --dataset for an NPY file"), "{found}");
    let absent = folder.path().join("absent.npy");
    let absent = Recording::open(&absent, &RecordingOptions::default());
    assert!(matches!(absent, Err(Error::Io { .. })));
    let folder = Recording::open(folder.path(), &RecordingOptions::default());
    assert!(matches!(folder, Err(Error::Io { .. })));
}

#[test]
fn a_header_that_claims_gigabytes_is_refused_before_there_is_room_for_it() {
    let folder = tempfile::tempdir().unwrap();
    for version in [2, 3] {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend([b' '; 60]);
        let path = saved(folder.path(), "claims.npy", &bytes);
        let found = message(&path, &RecordingOptions::default());
        assert!(found.contains("4294967295 bytes long, more than 10000"), "{found}");
    }
}

#[test]
fn a_header_of_brackets_in_brackets_is_refused_before_they_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    for depth in [90, 9000] {
        let text = format!("{{'descr': '|u1', 'fortran_order': True,{} 'shape'", "{".repeat(depth));
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
        let path = saved(folder.path(), "nested.npy", &bytes);
        let found = message(&path, &RecordingOptions::default());
        assert!(found.contains("brackets in brackets"), "{found}");
    }
}

#[test]
fn a_header_of_the_second_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let first = npy("<i2", false, &[3, 1, 2], &[7; 12]);
    let mut second = b"\x93NUMPY\x02\x00".to_vec();
    second.extend([first[8], first[9], 0, 0]);
    second.extend(&first[10..]);
    let path = saved(folder.path(), "second.npy", &second);
    let mut recording = Recording::open(&path, &RecordingOptions::default()).unwrap();
    assert_eq!(recording.read(0, 2..3).unwrap(), [1799.0; 2]);
}

#[test]
fn a_damaged_header_is_an_error_or_another_array() {
    let folder = tempfile::tempdir().unwrap();
    let whole = npy("<f8", false, &[4, 2, 2], &[0; 128]);
    let mut refused = 0;
    for place in 0..whole.len() - 128 {
        for mask in [1, 2, 8, 64, 128] {
            let mut bytes = whole.clone();
            bytes[place] ^= mask;
            let path = saved(folder.path(), "flipped.npy", &bytes);
            match Recording::open(&path, &RecordingOptions::default()) {
                Ok(mut recording) => {
                    let values = recording.read(0, 0..recording.time()).unwrap();
                    assert!(values.len() <= 128);
                }
                Err(Error::Content { .. }) => refused += 1,
                Err(other) => unreachable!("{other}"),
            }
        }
    }
    assert!(refused > 200, "{refused}");
}
