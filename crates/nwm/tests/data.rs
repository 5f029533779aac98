//! Data sets from the command line: imported, fetched, interrupted, harmful.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{code, json, nwm, stderr, train};

/// A folder of the shared samples, or `None` (said on standard error) where they are absent.
fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("NWM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(folder);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("skipped: {} does not exist (set NWM_SHARED)", path.display());
        None
    }
}

#[test]
fn records_of_the_suite_are_imported_and_shown() {
    let Some(suite) = shared("data/suite") else { return };
    let folder = tempfile::tempdir().unwrap();
    let record = suite.join("pendulum_colors_friction/train.tfrecord");
    let import = |variant: &str, out: &str| {
        nwm(folder.path())
            .args(["data", "import"])
            .arg(&record)
            .args(["--set", "pendulum", "--variant", variant, "--frames", "--out", out, "--json"])
            .output()
            .unwrap()
    };
    let output = import("colors_friction", "p.h5");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["dataset"]["trajectories"], 3);
    assert_eq!(json(&output)["dataset"]["split"], "train");
    let shown = nwm(folder.path()).args(["data", "show", "p.h5", "--out", "p"]).output().unwrap();
    assert_eq!(code(&shown), 0, "{}", stderr(&shown));
    for file in ["sheet.png", "movie.gif", "energy.svg"] {
        assert!(folder.path().join("p").join(file).is_file(), "{file}");
    }
    let refused = import("colors", "other.h5");
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("failed to import into other.h5"), "{}", stderr(&refused));
    assert!(!folder.path().join("other.h5").exists());
}

#[test]
fn mnist_is_fetched_from_a_folder_and_verified() {
    let Some(mnist) = shared("data/mnist") else { return };
    let folder = tempfile::tempdir().unwrap();
    let fetch = |from: &Path| {
        let mut command = nwm(folder.path());
        command.args(["data", "fetch", "mnist", "--json", "--from"]).arg(from);
        command.output().unwrap()
    };
    let output = fetch(&mnist);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["files"].as_array().unwrap().len(), 4);
    let images = folder.path().join("data/cache/mnist/train-images-idx3-ubyte.gz");
    assert!(images.is_file());
    let again = fetch(&mnist);
    assert!(json(&again)["files"][0]["from"].is_null(), "what is there is left alone");
    // A damaged file is replaced, and a damaged original refused.
    fs::write(&images, "damaged").unwrap();
    assert!(!json(&fetch(&mnist))["files"][0]["from"].is_null());
    fs::write(&images, "damaged").unwrap();
    let refused = fetch(&folder.path().join("data/cache/mnist"));
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("train-images-idx3-ubyte.gz"), "{}", stderr(&refused));
}

#[test]
fn sets_without_a_file_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mnist", "rotating_mnist", "gratings", "static_gratings", "noise"] {
        let output = nwm(folder.path()).args(["data", "show", name, "--out", name]).output();
        let output = output.unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(folder.path().join(name).join("sheet.png").is_file());
    }
    let output = nwm(folder.path()).args(["data", "fetch", "imagenet"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("expected one of mnist"), "{}", stderr(&output));
}

#[test]
fn a_killed_generation_goes_on_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |out: &str| {
        let mut command = nwm(folder.path());
        command.args(["data", "generate", "double_pendulum", "--split", "train"]);
        command.args(["--count", "2600", "--out", out]);
        command
    };
    let whole = generate("whole.h5").output().unwrap();
    assert_eq!(code(&whole), 0, "{}", stderr(&whole));
    for kill in 0..4 {
        let mut child = generate("set.h5").stderr(Stdio::null()).spawn().unwrap();
        // At another moment each time: with no, one, two portions done, or while they are put together.
        let parts = folder.path().join("set.h5.parts");
        let start = Instant::now();
        let names = ["lock", "000000000.h5", "000001020.h5", "whole.h5"];
        while !parts.join(names[kill]).exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = generate("set.h5").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(bytes("set.h5") == bytes("whole.h5"));
    assert!(!folder.path().join("set.h5.parts").exists());
}

/// A file whose frames are larger than any memory: nothing is stored of them, but a reader would make room.
#[test]
fn a_file_that_asks_for_terabytes_is_refused_by_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.h5");
    let file = hdf5::H5File::create(&path).unwrap();
    let frames = file.new_dataset::<u8>().shape([2, 60, 65_536, 65_536, 300]);
    frames.chunk(&[1, 1, 64, 64, 3]).create("frames").unwrap();
    file.close().unwrap();
    let output = train(folder.path(), "run")
        .args(["--set", "data.name=file", "--set", "data.train_file=huge.h5"])
        .output()
        .unwrap();
    let message = stderr(&output);
    assert_eq!(code(&output), 3, "{message}");
    assert!(message.contains("failed to read huge.h5"), "{message}");
    assert!(message.contains("a process that may use 8 GiB ends"), "{message}");
}

/// A file system of four megabytes, if this process may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "nwm-test"])
            .arg(path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("skipped: a small file system cannot be mounted here");
        }
        mounted.then(|| Self(path.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn full_and_read_only_disks_exit_6_and_leave_nothing_under_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |count: &str, out: &str| {
        nwm(folder.path())
            .args(["data", "generate", "spring", "--split", "test", "--count", count, "--out", out])
            .output()
            .unwrap()
    };
    let full = folder.path().join("full");
    let Some(_full) = SmallDisk::mount(&full, "size=4m") else { return };
    // In one piece, and in portions of which not even the first one fits.
    for count in ["1000", "5000"] {
        let output = generate(count, "full/set.h5");
        assert_eq!(code(&output), 6, "{}", stderr(&output));
        assert!(stderr(&output).contains("full/set.h5"), "{}", stderr(&output));
        assert!(!full.join("set.h5").exists());
    }
    // A small set still fits: nothing large was left behind.
    assert_eq!(code(&generate("20", "full/small.h5")), 0);
    let fixed = folder.path().join("fixed");
    let Some(_fixed) = SmallDisk::mount(&fixed, "size=1m,ro") else { return };
    let output = generate("20", "fixed/set.h5");
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    assert!(stderr(&output).contains("fixed/set.h5"), "{}", stderr(&output));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output = nwm(folder.path())
        .args([
            "data",
            "generate",
            "spring",
            "--split",
            "test",
            "--count",
            "2",
            "--out",
            "file/set.h5",
        ])
        .output()
        .unwrap();
    assert_ne!(code(&output), 0);
    assert!(stderr(&output).contains("failed to generate file/set.h5"), "{}", stderr(&output));
}
