//! The `nwm` commands that runs, tables and figures consist of.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The settings that choose a data set and a model.
const DATA_NAME: &str = "data.name";
const MODEL_NAME: &str = "model.name";

/// What follows `nwm` on a command line.
pub(crate) type Arguments = Vec<OsString>;

/// The array of a file of unrolled sequences that holds the positions of the oscillators.
const POSITION: &str = "/position";
/// Four turns of a digit, as the paper shows them, or two periods of a grating.
const UNROLLED_STEPS: &str = "72";
/// Recordings without waves that each one is compared with: the smallest p-value is 1/200.
const SURROGATES: &str = "199";

/// What `nwm train` needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Training {
    pub(crate) preset: String,
    pub(crate) seed: u64,
    /// Settings that lie over the preset, each as `key=value` with a TOML value.
    pub(crate) set: Vec<String>,
    pub(crate) run_dir: PathBuf,
}

impl Training {
    /// Settings that choose a data set and a model, followed by others.
    pub(crate) fn settings(data: &str, model: &str, others: Vec<String>) -> Vec<String> {
        let chosen = [format!("{DATA_NAME}=\"{data}\""), format!("{MODEL_NAME}=\"{model}\"")];
        chosen.into_iter().chain(others).collect()
    }

    /// Trains, or goes on training: `--resume` on a fresh folder just starts.
    pub(crate) fn arguments(&self) -> Arguments {
        let mut arguments: Arguments = vec![
            "train".into(),
            "--preset".into(),
            self.preset.clone().into(),
            "--run-dir".into(),
            self.run_dir.clone().into(),
            "--seed".into(),
            self.seed.to_string().into(),
        ];
        arguments.extend(self.set.iter().flat_map(|it| ["--set".into(), it.into()]));
        arguments.push("--resume".into());
        arguments
    }

    /// The data set, where the settings name one.
    pub(crate) fn data(&self) -> Option<&str> {
        self.name(DATA_NAME)
    }

    /// The model, where the settings name one.
    pub(crate) fn model(&self) -> Option<&str> {
        self.name(MODEL_NAME)
    }

    /// The name that a setting has; the last of several counts.
    fn name(&self, key: &str) -> Option<&str> {
        let settings = self.set.iter().rev().filter_map(|setting| setting.split_once('='));
        let value = settings.into_iter().find(|(found, _)| found.trim() == key)?.1;
        Some(value.trim().trim_matches(['"', '\'']))
    }
}

/// Downloads MNIST, or finds that it is there.
pub(crate) fn fetch_digits() -> Arguments {
    ["data", "fetch", "mnist"].map(OsString::from).into()
}

/// Evaluates the trained model: result.json.
pub(crate) fn eval(run_dir: &Path) -> Arguments {
    vec!["eval".into(), run_dir.into()]
}

/// Draws the page of one run: report.html.
pub(crate) fn report(run_dir: &Path) -> Arguments {
    to("report", run_dir, &run_dir.join("report.html"))
}

/// Maps of the orientations and images that the units of a run prefer.
pub(crate) fn selectivity(run_dir: &Path, out: &Path) -> Arguments {
    to("selectivity", run_dir, out)
}

/// What waves decode to that are induced in the hidden state of a run.
pub(crate) fn induce(run_dir: &Path, out: &Path) -> Arguments {
    to("induce", run_dir, out)
}

/// Writes the hidden states of a run on test sequences to an HDF5 file.
pub(crate) fn unroll(run_dir: &Path, out: &Path) -> Arguments {
    let mut arguments = to("unroll", run_dir, out);
    arguments.extend(["--steps".into(), UNROLLED_STEPS.into()]);
    arguments
}

/// Looks for waves in the positions of unrolled sequences.
pub(crate) fn waves(states: &Path, grid: &str, out: &Path) -> Arguments {
    let options = ["--dataset", POSITION, "--grid", grid, "--band", "paper"];
    let mut arguments: Arguments = vec!["waves".into(), states.into()];
    arguments.extend(options.map(OsString::from));
    arguments.extend(["--surrogates".into(), SURROGATES.into(), "--out".into(), out.into()]);
    arguments
}

/// Collects the runs of a plan into a table and its pages.
pub(crate) fn table(plan_dir: &Path, out: &Path) -> Arguments {
    to("table", plan_dir, out)
}

/// Draws a figure of the runs and products of a plan.
pub(crate) fn figure(plan: &Path, out: &Path) -> Arguments {
    to("figure", plan, out)
}

/// Writes the page that leads to all tables and figures: index.html.
pub(crate) fn gallery(reports: &Path) -> Arguments {
    vec!["gallery".into(), reports.into()]
}

fn to(verb: &str, from: &Path, out: &Path) -> Arguments {
    vec![verb.into(), from.into(), "--out".into(), out.into()]
}

/// Arguments as one would type them, for reading.
pub(crate) fn command_line(arguments: &[OsString]) -> String {
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
            seed: 3,
            set: Training::settings(
                "mass_spring",
                "nwm_2d",
                vec!["train.steps=7".to_owned(), "model.ar.layers=[128]".to_owned()],
            ),
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
    fn data_and_model_are_told_from_the_settings() {
        let mut training = Training {
            preset: "quick".to_owned(),
            seed: 0,
            set: Training::settings("mass_spring", "ar", vec!["data.steps=7".to_owned()]),
            run_dir: "run".into(),
        };
        assert_eq!((training.data(), training.model()), (Some("mass_spring"), Some("ar")));
        training.set.push("model.name = 'cornn'".to_owned());
        assert_eq!(training.model(), Some("cornn"));
        training.set.clear();
        assert_eq!((training.data(), training.model()), (None, None));
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
