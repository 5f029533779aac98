//! Writes the files that fuzzing starts from: one small valid file of every kind, into corpus/TARGET.
#![allow(clippy::unwrap_used, reason = "a tool of the developers")]

#[path = "../crates/nwm-data/tests/common/suite_file.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod suite_file;

use std::path::Path;

use nwm_data::store::{self, WriteOptions};
use nwm_data::{DatasetSpec, Split, System, Trajectories, generate};

fn main() {
    for (set, name) in sets() {
        write("tfrecord", &name, &suite_file::suite_file(&set));
        write("example", &name, &suite_file::suite_message(&set, 0));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/hdf5_store");
        std::fs::create_dir_all(&folder).unwrap();
        store::write(&folder.join(name), &set, WriteOptions { frames: true }).unwrap();
    }
    let array = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4][..], &[7; 24]].concat();
    write("idx", "plain", &array);
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/nwm-data/data/mnist-sample");
    for entry in std::fs::read_dir(digits).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "gz") {
            write("idx", path.file_name().unwrap().to_str().unwrap(), &std::fs::read(&path).unwrap());
        }
    }
}

/// The smallest set of every kind.
fn sets() -> Vec<(Trajectories, String)> {
    let mut sets = Vec::new();
    for system in System::ALL {
        for &variant in system.variants() {
            let spec =
                DatasetSpec { variant, frames: 2, ..DatasetSpec::new(system, Split::Train, 2) };
            sets.push((generate(&spec).unwrap(), format!("{system}_{variant}")));
        }
    }
    sets
}

fn write(target: &str, name: &str, content: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), content).unwrap();
}
