//! What values of a configuration may be.

use nwm_models::TaskName;

use super::names::{data_name_problem, task_of};
use super::{CheckpointChoice, Config};
use crate::data::FILE_DATA;
use crate::schedule::Schedule;

impl Config {
    /// The first value that is out of range: its key, what it is and what it may be.
    pub(super) fn first_problem(&self) -> Option<(&'static str, String)> {
        let train = &self.train;
        let positive = [
            ("data.train_trajectories", self.data.train_trajectories),
            ("data.test_trajectories", self.data.test_trajectories),
            ("data.frames", self.data.frames),
            ("train.batch_size", train.batch_size),
            ("train.keep_last", train.keep_last),
            ("train.loader_workers", train.loader_workers),
            ("train.prefetch", train.prefetch),
            ("eval.batch_size", self.eval.batch_size),
            ("eval.extrapolation_steps", self.eval.extrapolation_steps),
            ("eval.vpt_batch_size", self.eval.vpt_batch_size),
            ("eval.symetric_order", self.eval.symetric_order),
            ("eval.wave_surrogates", self.eval.wave_surrogates),
            ("analysis.sequences", self.analysis.sequences),
            ("analysis.surrogates", self.analysis.surrogates),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Some((key, "found 0, expected at least 1".into()));
            }
        }
        for (key, value) in [
            ("train.steps", train.steps),
            ("train.log_every", train.log_every),
            ("train.checkpoint_every", train.checkpoint_every),
        ] {
            if value == 0 {
                return Some((key, "found 0, expected at least 1".into()));
            }
        }
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        for (key, value) in [
            ("data.dt", self.data.dt),
            ("train.learning_rate", train.learning_rate),
            ("train.epsilon", train.epsilon),
            ("train.decay_factor", train.decay_factor),
            ("eval.unit", self.eval.unit),
            ("eval.vpt_threshold", self.eval.vpt_threshold),
            ("data.wavelength", self.data.wavelength),
        ] {
            if !above_zero(value) {
                return Some((key, format!("found {value}, expected a number above zero")));
            }
        }
        for (key, value) in [
            ("train.beta1", train.beta1),
            ("train.beta2", train.beta2),
            ("train.momentum", train.momentum),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Some((key, format!("found {value}, expected a number in [0, 1)")));
            }
        }
        if train.schedule == Schedule::Step && train.decay_after == 0 {
            let problem = "found 0, expected at least 1 since train.schedule is step";
            return Some(("train.decay_after", problem.into()));
        }
        let [low, high] = self.analysis.band;
        if !(0.0 < low && low < high && high < 0.5) {
            let problem =
                format!("found [{low}, {high}], expected 0 < low < high < 0.5 cycles per frame");
            return Some(("analysis.band", problem));
        }
        if let Some(problem) = data_name_problem(&self.data.name) {
            return Some(("data.name", problem));
        }
        let task = task_of(&self.data.name);
        if self.model.task != task {
            let found = self.model.task.as_str();
            let problem = format!(
                "found {found}, expected {} for data.name = {}",
                task.as_str(),
                self.data.name
            );
            return Some(("model.task", problem));
        }
        if task == TaskName::Forecast && train.window <= self.model.inference_steps {
            return Some((
                "train.window",
                format!(
                    "found {}, expected more than model.inference_steps = {}",
                    train.window, self.model.inference_steps
                ),
            ));
        }
        if train.patience > 0 && !self.has_validation() {
            let problem = format!(
                "found {}, expected 0 since there is no validation set; set {}",
                train.patience,
                self.validation_key()
            );
            return Some(("train.patience", problem));
        }
        if self.eval.checkpoint == CheckpointChoice::Best && !self.has_validation() {
            let problem = format!(
                "found best, expected last since there is no validation set to choose on; set {}",
                self.validation_key()
            );
            return Some(("eval.checkpoint", problem));
        }
        let forecasts = task == TaskName::Forecast && self.data.name != FILE_DATA;
        if forecasts && self.data.frames < self.evaluation_window() {
            return Some((
                "data.frames",
                format!(
                    "found {}, expected at least train.window + eval.extrapolation_steps = {}",
                    self.data.frames,
                    self.evaluation_window()
                ),
            ));
        }
        None
    }
}
