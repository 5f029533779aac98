//! The `nwm` commands that runs, tables and figures consist of.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What follows `nwm` on a command line.
pub(super) type Arguments = Vec<OsString>;

/// The array of a file of unrolled sequences that holds the positions of the oscillators.
const POSITION: &str = "/position";
/// Four turns of a digit, as the paper shows them, or two periods of a grating.
const UNROLLED_STEPS: &str = "72";
/// Recordings without waves that each one is compared with: the smallest p-value is 1/200.
const SURROGATES: &str = "199";

/// What `nwm train` needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Training {
    pub(super) preset: String,
    pub(super) data: String,
    pub(super) model: String,
    pub(super) seed: u64,
    /// Settings that lie over the preset, each as `key=value`.
    pub(super) set: Vec<String>,
    pub(super) run_dir: PathBuf,
}

impl Training {
    /// Trains, or goes on training: `--resume` on a fresh folder just starts.
    pub(super) fn arguments(&self) -> Arguments {
        let mut arguments: Arguments = vec![
            "train".into(),
            "--preset".into(),
            self.preset.clone().into(),
            "--run-dir".into(),
            self.run_dir.clone().into(),
            "--seed".into(),
            self.seed.to_string().into(),
            "--set".into(),
            format!("data.name=\"{}\"", self.data).into(),
            "--set".into(),
            format!("model.name=\"{}\"", self.model).into(),
        ];
        arguments.extend(self.set.iter().flat_map(|it| ["--set".into(), it.into()]));
        arguments.push("--resume".into());
        arguments
    }
}

/// Downloads MNIST, or finds that it is there.
pub(super) fn fetch_digits() -> Arguments {
    ["data", "fetch", "mnist"].map(OsString::from).into()
}

/// Evaluates the trained model: result.json.
pub(super) fn eval(run_dir: &Path) -> Arguments {
    vec!["eval".into(), run_dir.into()]
}

/// Draws the page of one run: report.html.
pub(super) fn report(run_dir: &Path) -> Arguments {
    to("report", run_dir, &run_dir.join("report.html"))
}

/// Maps of the orientations and images that the units of a run prefer.
pub(super) fn selectivity(run_dir: &Path, out: &Path) -> Arguments {
    to("selectivity", run_dir, out)
}

/// What waves decode to that are induced in the hidden state of a run.
pub(super) fn induce(run_dir: &Path, out: &Path) -> Arguments {
    to("induce", run_dir, out)
}

/// Writes the hidden states of a run on test sequences to an HDF5 file.
pub(super) fn unroll(run_dir: &Path, out: &Path) -> Arguments {
    let mut arguments = to("unroll", run_dir, out);
    arguments.extend(["--steps".into(), UNROLLED_STEPS.into()]);
    arguments
}

/// Looks for waves in the positions of unrolled sequences.
pub(super) fn waves(states: &Path, grid: &str, out: &Path) -> Arguments {
    let options = ["--dataset", POSITION, "--grid", grid, "--band", "paper"];
    let mut arguments: Arguments = vec!["waves".into(), states.into()];
    arguments.extend(options.map(OsString::from));
    arguments.extend(["--surrogates".into(), SURROGATES.into(), "--out".into(), out.into()]);
    arguments
}

/// Collects the runs of a plan into a table and its pages.
pub(super) fn table(plan_dir: &Path, out: &Path) -> Arguments {
    to("table", plan_dir, out)
}

/// Draws a figure of the runs and products of a plan.
pub(super) fn figure(plan: &Path, out: &Path) -> Arguments {
    to("figure", plan, out)
}

/// Writes the page that leads to all tables and figures: index.html.
pub(super) fn gallery(reports: &Path) -> Arguments {
    vec!["gallery".into(), reports.into()]
}

fn to(verb: &str, from: &Path, out: &Path) -> Arguments {
    vec![verb.into(), from.into(), "--out".into(), out.into()]
}

/// Arguments as one would type them, for reading.
pub(super) fn command_line(arguments: &[OsString]) -> String {
    let word = |argument: &OsString| {
        let text = argument.to_string_lossy();
        if text.contains([' ', '"', '[']) { format!("'{text}'") } else { text.into_owned() }
    };
    arguments.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Training, command_line, unroll, waves};

    #[test]
    fn a_run_is_trained_with_its_preset_seed_data_and_model() {
        let training = Training {
            preset: "quick".to_owned(),
            data: "mass_spring".to_owned(),
            model: "nwm_2d".to_owned(),
            seed: 3,
            set: vec!["train.steps=7".to_owned(), "model.ar.layers=[128]".to_owned()],
            run_dir: "runs/table1-quick/spring-nwm_2d-seed3".into(),
        };
        assert_eq!(
            command_line(&training.arguments()),
            "train --preset quick --run-dir runs/table1-quick/spring-nwm_2d-seed3 --seed 3 \
             --set 'data.name=\"mass_spring\"' --set 'model.name=\"nwm_2d\"' --set train.steps=7 \
             --set 'model.ar.layers=[128]' --resume"
        );
    }

    #[test]
    fn waves_are_looked_for_in_the_positions_of_unrolled_sequences() {
        let states = Path::new("products/rings/states.h5");
        assert_eq!(
            command_line(&unroll(Path::new("rings"), states)),
            "unroll rings --out products/rings/states.h5 --steps 72"
        );
        assert_eq!(
            command_line(&waves(states, "rings", Path::new("products/rings/waves"))),
            "waves products/rings/states.h5 --dataset /position --grid rings --band paper \
             --surrogates 199 --out products/rings/waves"
        );
    }
}
