//! Writes the files that fuzzing starts from: one small valid file of every kind, into corpus/TARGET. Those of the targets
//! that stand on nwm-train need its feature.
#![allow(clippy::unwrap_used, reason = "a tool of the developers")]

#[path = "seeds_recordings.rs"]
mod recordings;
#[path = "../crates/nwm-data/tests/common/suite_file.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod suite_file;
#[cfg(feature = "train")]
#[path = "seeds_training.rs"]
mod training;

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
            write(
                "idx",
                path.file_name().unwrap().to_str().unwrap(),
                &std::fs::read(&path).unwrap(),
            );
        }
    }
    recordings::write_all();
    for (kind, name, text) in PAGES {
        write("pages", name, &[&[kind], text.as_bytes()].concat());
    }
    #[cfg(feature = "train")]
    training::write_all();
}

/// What pages are made from, after the number of its kind.
const PAGES: [(u8, &str, &str); 4] = [
    (0, "run", include_str!("../data/models/smnist/run.json")),
    (
        1,
        "result",
        r#"{"format":1,"model":"cornn","data":"spring","split":"test","preset":null,"seed":0,"commit":"c","device":"cpu",
        "parameters":9,"checkpoint":{"step":4,"sha256":"ab"},"steps":4,"seconds":1.0,"trajectories":2,
        "slices":{"extrapolation":[60,120]},"metrics":{"loss":0.3,"l2_norm":null},"references":{"mean_image":{"loss":0.4}},
        "per_step":{"first_frame":1,"l2_norm":[0.1,null]},"per_trajectory":{"loss":[0.3,0.3]},"unit":1e-8,
        "valid_time":{"frames":3,"relative":0.5,"longest":6},"symplecticity":{"symetric":0.5,"sym":0.1,"r_squared":0.9},
        "intervals":{"loss":[0.2,0.4]},"confusion":[[1,0],[0,1]],"rules":{"last":null,"best":null},
        "waves":{"sequences":8,"skipped_frames":18,"frames":90,"band":[0.1,0.2],"surrogates":19}}"#,
    ),
    (
        2,
        "plan",
        r#"{"format":1,"table":"table1","preset":"quick","reduced":true,"commit":"c","rows":["spring","pendulum"],
        "columns":["cornn","nwm_2d"],"unit":1e-8,"metric":"loss","models":{"cornn":"cornn"},
        "published":{"spring":{"cornn":2.5}},"published_std":{"spring":{"cornn":0.1}},
        "runs":[{"row":"spring","column":"cornn","seed":0,"run_dir":"../runs/a"}]}"#,
    ),
    (
        3,
        "metrics",
        "step,loss,mse,accuracy,validation,waves_pgd,waves_pgd_null\n1,0.5,0.4,,0.1,0.25,0.125\n2,0.4,,,,,\n",
    ),
];

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
