//! What several tests share.

use std::path::Path;

use super::{Interrupt, Job, Nwm, Output, RunState, Training};

/// A run of this column on the spring, in this state, that should take 100 seconds.
pub(crate) fn job(column: &str, state: RunState) -> Job {
    let name = format!("spring-{column}-seed0");
    let training = Training {
        preset: "quick".to_owned(),
        seed: 0,
        set: Training::settings("mass_spring", column, Vec::new()),
        run_dir: name.clone().into(),
    };
    let kind = column.to_owned();
    Job { name, kind, expected_seconds: 100.0, training, state, products: Vec::new() }
}

/// The result.json of a finished run, cut to what is read here.
pub(crate) fn result_json(data: &str, model: &str, seed: u64) -> String {
    format!(
        r#"{{"format":1,"model":"{model}","data":"{data}","preset":"quick","seed":{seed},"commit":"c0ffee","seconds":120.0,"metrics":{{}}}}"#
    )
}

/// A stand-in for the `nwm` program: a shell script that says what it does.
#[cfg(unix)]
pub(crate) fn stand_in() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nwm")
}

/// A program that runs in this folder.
pub(crate) fn nwm(program: &Path, folder: &Path) -> Nwm {
    Nwm {
        program: program.to_owned(),
        folder: folder.to_owned(),
        threads: 1,
        output: Output::Terminal,
        interrupt: Interrupt::default(),
        passes_on: false,
        deadline: None,
    }
}
