//! Data sets from the command line: imported, fetched, interrupted, harmful.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

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
    // A set by the suite's own name, with the time step of its records, which is not the game's.
    let game = nwm(folder.path())
        .args(["data", "import"])
        .arg(suite.join("matching_pennies/train.tfrecord"))
        .args(["--set", "matching_pennies", "--out", "game.h5", "--json"])
        .output()
        .unwrap();
    assert_eq!(code(&game), 0, "{}", stderr(&game));
    assert_eq!(json(&game)["dataset"]["dt"], 0.05);
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
    // The second time there is a folder of the set's name.
    for name in ["mnist", "rotating_mnist", "gratings", "static_gratings", "noise", "noise"] {
        let output = nwm(folder.path()).args(["data", "show", name, "--out", name]).output();
        let output = output.unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(folder.path().join(name).join("sheet.png").is_file());
    }
    let output = nwm(folder.path()).args(["data", "fetch", "imagenet"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("expected one of mnist"), "{}", stderr(&output));
}

/// Names in a folder; none if there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Waits until a child has come so far.
fn wait_until(what: &str, child: &mut Child, reached: impl Fn() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before {what}");
        assert!(start.elapsed() < Duration::from_secs(120), "no {what} after two minutes");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts the generation of a set in three portions.
fn generate(folder: &Path, out: &str) -> Command {
    let mut command = nwm(folder);
    command.args(["data", "generate", "double_pendulum", "--split", "train"]);
    command.args(["--count", "2600", "--out", out]).stderr(Stdio::piped());
    command
}

#[test]
fn a_killed_generation_goes_on_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = generate(folder.path(), "whole.h5").output().unwrap();
    assert_eq!(code(&whole), 0, "{}", stderr(&whole));
    let parts = folder.path().join("set.h5.parts");
    let portions = ["000000000.h5", "000001020.h5", "000002040.h5"];
    let growing = |name: &String| name.starts_with(".set.h5.");
    let mut made: Vec<SystemTime> = Vec::new();
    for finished in 0..=3 {
        let mut child = generate(folder.path(), "set.h5").spawn().unwrap();
        // At another moment each time: with no, one, two portions done, and while they are put together.
        wait_until("it had so many portions", &mut child, || {
            let names = names(&parts);
            let has = |name: &str| names.iter().any(|found| found == name);
            match finished {
                0 => has("lock"),
                3 => portions.iter().all(|name| has(name)) && names.iter().any(growing),
                _ => has(portions[finished - 1]),
            }
        });
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "killed");
        assert!(!folder.path().join("set.h5").exists());
        let now: Vec<SystemTime> = portions
            .iter()
            .filter_map(|name| fs::metadata(parts.join(name)).ok()?.modified().ok())
            .collect();
        assert!(now.starts_with(&made), "a finished portion was made again");
        made = now;
    }
    assert_eq!(made.len(), 3);
    let output = generate(folder.path(), "set.h5").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(bytes("set.h5") == bytes("whole.h5"));
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(left, ["set.h5", "whole.h5"]);
}

#[test]
fn an_interrupted_generation_exits_130_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let parts = folder.path().join("set.h5.parts");
    let mut child = generate(folder.path(), "set.h5").spawn().unwrap();
    wait_until("it had a portion", &mut child, || parts.join("000000000.h5").exists());
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(stderr(&output).contains("the same command goes on"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["set.h5.parts"]);
    assert!(names(&parts).iter().all(|name| !name.ends_with(".partial")));
}

#[test]
fn runs_that_start_together_share_a_set() {
    let folder = tempfile::tempdir().unwrap();
    let start = |run: &str| {
        train(folder.path(), run)
            .args(["--set", "data.train_trajectories=5000", "--set", "data.frames=512"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // More than one portion: the second run finds the first one at work.
    for run in [start("one"), start("two")] {
        let output = run.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let sets = names(&folder.path().join("data/cache"));
    assert_eq!(sets.iter().filter(|name| name.ends_with(".h5")).count(), 1, "{sets:?}");
    assert!(sets.iter().all(|name| !name.ends_with(".parts")), "{sets:?}");
}

/// What is merely wrong with a file of the user's own is said as it is, with its exit code.
#[test]
fn a_file_of_another_shape_or_split_is_refused_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = hdf5::H5File::create(folder.path().join("flat.h5")).unwrap();
    let frames = file.new_dataset::<u8>().shape([4, 60, 3]).create("frames").unwrap();
    frames.write_raw(&[0_u8; 720]).unwrap();
    file.close().unwrap();
    let refuse = |train_file: &str, test_file: &str, expected: &str, exit: i32| {
        let output = train(folder.path(), "run")
            .args(["--set", "data.name=file", "--set", &format!("data.train_file={train_file}")])
            .args(["--set", &format!("data.test_file={test_file}")])
            .output()
            .unwrap();
        let message = stderr(&output);
        assert_eq!(code(&output), exit, "{message}");
        assert!(message.contains(expected) && !message.contains("harmful"), "{message}");
    };
    let shape = "flat.h5: dataset /frames: found shape [4, 60, 3], expected [trajectory, time";
    refuse("flat.h5", "other.h5", shape, 3);
    refuse("flat.h5", "flat.h5", "found one file for two purposes", 2);
    let test_set = nwm(folder.path())
        .args(["data", "generate", "spring", "--split", "test", "--count", "3", "--steps", "20"])
        .args(["--frames", "--out", "test.h5"])
        .output()
        .unwrap();
    assert_eq!(code(&test_set), 0, "{}", stderr(&test_set));
    refuse("test.h5", "other.h5", "frames of the test split: expected those of the train split", 3);
}

/// A file whose frames are larger than any memory: nothing is stored of them, but a reader would make room.
#[test]
fn a_file_that_asks_for_terabytes_is_refused_by_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.h5");
    let file = hdf5::H5File::create(&path).unwrap();
    let frames = file.new_dataset::<u8>().shape([2, 60, 65_536, 65_536, 300]);
    frames.chunk(&[1, 1, 2048, 2048, 256]).create("frames").unwrap();
    file.close().unwrap();
    let output = train(folder.path(), "run")
        .args(["--set", "data.name=file", "--set", "data.train_file=huge.h5"])
        .output()
        .unwrap();
    let message = stderr(&output);
    assert_eq!(code(&output), 3, "{message}");
    let expected =
        "failed to train run: huge.h5: file: found data on which a process that may use 8 GiB";
    assert!(message.contains(expected), "{message}");
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
    assert_eq!(code(&output), 6);
    assert!(stderr(&output).contains("failed to generate file/set.h5"), "{}", stderr(&output));
}
