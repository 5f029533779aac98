//! The commands that write, each with what it needs.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::{code, nwm, stderr};

/// A command in a folder that is ready for it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is there before; copied for each trial.
    pub(crate) template: TempDir,
    pub(crate) arguments: Vec<String>,
    /// What starting it again needs beside that.
    pub(crate) again: Vec<String>,
    /// The exit code without a fault.
    pub(crate) code: i32,
    /// Whether it refuses what it has done, instead of doing it again.
    pub(crate) is_done_once: bool,
    /// Points that are tried if not all are.
    pub(crate) sample: usize,
}

impl Scenario {
    fn new(name: &'static str, template: TempDir, arguments: &str) -> Self {
        let arguments = arguments.split(' ').map(str::to_owned).collect();
        Self {
            name,
            template,
            arguments,
            again: Vec::new(),
            code: 0,
            is_done_once: false,
            sample: 8,
        }
    }

    fn again(mut self, argument: &str) -> Self {
        self.again.push(argument.to_owned());
        self
    }

    fn code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    fn sample(mut self, sample: usize) -> Self {
        self.sample = sample;
        self
    }
}

/// Two maps on a sheet of 3 x 3, two checkpoints after the first.
const SMALL: &str = "\
[data]\ntrain_trajectories = 6\nvalidation_trajectories = 2\ntest_trajectories = 3\nframes = 40\n\
[model]\nname = \"nwm_2d\"\ninference_steps = 4\n\
[model.encoder]\nchannels = 2\n[model.decoder]\nchannels = 2\n\
[model.cell]\nrows = 3\ncolumns = 3\n\
[train]\nsteps = 4\nbatch_size = 2\nwindow = 8\nlearning_rate = 1e-2\nlog_every = 1\n\
checkpoint_every = 2\nkeep_last = 2\n\
[analysis]\nevery = 0\n\
[eval]\nextrapolation_steps = 6\nbatch_size = 2\n";

const FILMS: &str = "\
[data]\nname = \"gratings\"\nwavelength = 12.0\nframes = 4\ntrain_trajectories = 8\nvalidation_trajectories = 0\n\
[model]\nname = \"nwm_2d\"\n[model.cell]\nrows = 6\ncolumns = 6\n\
[train]\nsteps = 1\nbatch_size = 2\nlog_every = 1\ncheckpoint_every = 1\n[analysis]\nevery = 0\n[eval]\nbatch_size = 2\n";

const FIGURE: &str = r#"{"format": 1, "figure": "fig5", "title": "Induced", "preset": "smoke", "reduced": true, "note": "small",
    "commit": "c0ffee", "runs": [{"name": "rings", "data": "rotating_mnist", "model": "nwm_1d", "seed": 0, "run_dir": "rings",
    "products": {"induce": "products/rings/induce"}}]}"#;

const TABLE: &str = r#"{"format": 1, "table": "own", "preset": "smoke", "commit": "c0ffee", "reduced": true, "rows": ["spring"],
    "columns": ["nwm_2d"], "unit": 1e-8, "metric": "forward_extrapolation_l2_norm",
    "runs": [{"row": "spring", "column": "nwm_2d", "seed": 0, "run_dir": "run"}]}"#;

fn empty() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs a command that must do well.
fn prepare(folder: &Path, arguments: &str) {
    let output = nwm(folder).args(arguments.split(' ')).output().unwrap();
    assert_eq!(code(&output), 0, "nwm {arguments}: {}", stderr(&output));
}

fn configured(configuration: &str) -> TempDir {
    let folder = empty();
    fs::write(folder.path().join("small.toml"), configuration).unwrap();
    folder
}

const TRAIN: &str = "train --config small.toml --run-dir run";

fn trained() -> TempDir {
    let folder = configured(SMALL);
    prepare(folder.path(), TRAIN);
    folder
}

fn evaluated() -> TempDir {
    let folder = trained();
    prepare(folder.path(), "eval run");
    folder
}

pub(crate) fn train() -> Option<Scenario> {
    Some(Scenario::new("train", configured(SMALL), TRAIN).again("--resume").sample(40))
}

/// A run that goes on has more to replace than one that begins.
pub(crate) fn train_again() -> Option<Scenario> {
    let arguments = format!("{TRAIN} --resume --set train.steps=8");
    Some(Scenario::new("train_again", trained(), &arguments).sample(30))
}

/// A step that is not finite leaves a bundle.
pub(crate) fn diagnose() -> Option<Scenario> {
    let arguments = format!("{TRAIN} --set train.learning_rate=1e30 --set train.steps=50");
    Some(Scenario::new("diagnose", configured(SMALL), &arguments).again("--resume").code(5))
}

pub(crate) fn eval() -> Option<Scenario> {
    Some(Scenario::new("eval", trained(), "eval run"))
}

pub(crate) fn report() -> Option<Scenario> {
    Some(Scenario::new("report", evaluated(), "report run --out page.html").sample(4))
}

pub(crate) fn unroll() -> Option<Scenario> {
    Some(Scenario::new("unroll", trained(), "unroll run --count 2 --out unrolled.h5"))
}

pub(crate) fn export() -> Option<Scenario> {
    let scenario = Scenario::new("export", trained(), "export run --out kept");
    Some(Scenario { is_done_once: true, ..scenario })
}

pub(crate) fn generate() -> Option<Scenario> {
    let arguments = "data generate spring --split test --count 3 --steps 20 --out spring.h5";
    Some(Scenario::new("generate", empty(), arguments))
}

/// In the place of a file that is there.
pub(crate) fn generate_frames() -> Option<Scenario> {
    let arguments =
        "data generate pendulum --split test --count 3 --steps 20 --frames --out pendulum.h5";
    let folder = empty();
    prepare(folder.path(), &arguments.replace("--steps 20 --frames", "--steps 10"));
    Some(Scenario::new("generate_frames", folder, arguments))
}

/// A set so large that its portions wait in a folder.
pub(crate) fn generate_in_parts() -> Option<Scenario> {
    let arguments =
        "data generate spring --split test --count 2 --steps 2800 --frames --out spring.h5";
    Some(Scenario::new("generate_in_parts", empty(), arguments).sample(3))
}

pub(crate) fn import() -> Option<Scenario> {
    let record = shared("data/suite/pendulum_colors_friction/train.tfrecord")?;
    let folder = empty();
    fs::copy(record, folder.path().join("train.tfrecord")).unwrap();
    let arguments = "data import train.tfrecord --set pendulum --variant colors_friction --frames --out pendulum.h5";
    Some(Scenario::new("import", folder, arguments))
}

pub(crate) fn show() -> Option<Scenario> {
    let folder = empty();
    prepare(
        folder.path(),
        "data generate spring --split test --count 2 --steps 20 --out spring.h5",
    );
    Some(Scenario::new("show", folder, "data show spring.h5 --out shown"))
}

pub(crate) fn fetch() -> Option<Scenario> {
    let digits = shared("data/mnist")?;
    let digits = digits.canonicalize().unwrap();
    let arguments = format!("data fetch mnist --from {}", digits.display());
    Some(Scenario::new("fetch", empty(), &arguments).sample(4))
}

pub(crate) fn waves() -> Option<Scenario> {
    let folder = empty();
    let shape = [120, 5, 6];
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}, {}), }}\n",
        shape[0], shape[1], shape[2]
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    for index in 0..shape.iter().product() {
        let (time, column) = (index / (shape[1] * shape[2]), index % shape[2]);
        bytes.extend((0.6 * time as f32 - 0.8 * column as f32).sin().to_le_bytes());
    }
    fs::write(folder.path().join("recording.npy"), bytes).unwrap();
    Some(Scenario::new("waves", folder, "waves recording.npy --surrogates 19 --out waves"))
}

pub(crate) fn simulate() -> Option<Scenario> {
    Some(Scenario::new("simulate", empty(), "simulate --topology torus:8x8 --steps 60 --out waves"))
}

pub(crate) fn selectivity() -> Option<Scenario> {
    let folder = configured(FILMS);
    prepare(folder.path(), TRAIN);
    Some(Scenario::new("selectivity", folder, "selectivity run --images 10 --out out").sample(3))
}

pub(crate) fn table() -> Option<Scenario> {
    let folder = configured(SMALL);
    prepare(folder.path(), &format!("{TRAIN} --preset smoke"));
    prepare(folder.path(), "eval run");
    fs::write(folder.path().join("plan.json"), TABLE).unwrap();
    Some(Scenario::new("table", folder, "table . --out table"))
}

pub(crate) fn figure() -> Option<Scenario> {
    let folder = empty();
    fs::write(folder.path().join("fig5.json"), FIGURE).unwrap();
    Some(Scenario::new("figure", folder, "figure fig5.json --out figure"))
}

pub(crate) fn gallery() -> Option<Scenario> {
    let folder = empty();
    fs::create_dir(folder.path().join("reports")).unwrap();
    Some(Scenario::new("gallery", folder, "gallery reports").sample(4))
}

pub(crate) fn manual() -> Option<Scenario> {
    Some(Scenario::new("manual", empty(), "man pages").sample(4))
}

/// A file of the shared samples, or `None` (said on standard error) where it is absent.
fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("NWM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(path);
    if !path.exists() {
        eprintln!("skipped: {} does not exist (set NWM_SHARED)", path.display());
        return None;
    }
    Some(path)
}
