//! The evaluation of answers to sequences.

use std::collections::BTreeMap;

use candle_core::Tensor;
use nwm_analysis::statistics::{Summary, wilson_interval};
use nwm_data::Split;
use nwm_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::header::{Metrics, ResultHeader, finite};
use super::result::{CheckpointRecord, RESULT_FILE};
use crate::error::Result;
use crate::run_folder::write_json;
use crate::sequence_data::{Answers, Questions, Sequences};
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// What `result.json` of a run that answers sequences holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceResult {
    /// The run.
    #[serde(flatten)]
    pub about: ResultHeader,
    /// Test sequences.
    pub sequences: usize,
    /// `accuracy` (share of right answers) and `loss` (mean cross-entropy in nats) of classes; of numbers `mse`, which is
    /// their `loss`, too.
    pub metrics: Metrics,
    /// 95 % intervals over test sequences: Wilson's of the accuracy, Student's of means.
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// How often a class (row) was answered with a class (column); none of numbers.
    pub confusion: Option<Vec<Vec<u64>>>,
    /// Scores by the two rules that published numbers follow.
    pub rules: Rules,
    /// `accuracy` or `mse` of each test sequence, in their order.
    pub per_trajectory: BTreeMap<String, Vec<f64>>,
}

/// Scores at the checkpoints that published numbers are about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The last one (sMNIST); none if it is damaged.
    pub last: Option<CheckpointScores>,
    /// The one with the least validation error (psMNIST); none if the run was not validated, or it is damaged.
    pub best: Option<CheckpointScores>,
}

/// The scores of one checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointScores {
    /// Which one.
    pub checkpoint: CheckpointRecord,
    /// As in [`SequenceResult::metrics`].
    pub metrics: Metrics,
    /// As in [`SequenceResult::intervals`].
    pub intervals: BTreeMap<String, [f64; 2]>,
}

/// What a model has answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GivenAnswers {
    /// Cross-entropy in nats, or mean squared error, of each sequence.
    losses: Vec<f64>,
    /// The right class of each sequence and the given one; none of numbers.
    classes: Option<Vec<[usize; 2]>>,
    /// How many classes there are, or numbers of an answer.
    outputs: usize,
}

impl GivenAnswers {
    /// The answers to all sequences, `batch_size` at a time; `progress` is called with the sequences done.
    pub(crate) fn of(
        model: &SequenceModel,
        sequences: &Sequences,
        batch_size: usize,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self> {
        let count = sequences.count();
        let outputs = sequences.shape().outputs;
        let mut found = Self { losses: Vec::with_capacity(count), classes: None, outputs };
        for first in (0..count).step_by(batch_size) {
            let here = batch_size.min(count - first);
            let questions = sequences.slice(first, here)?;
            let Questions { inputs, answers } = questions.to_device(model.device())?;
            found.add(&model.answer(&inputs)?, &answers)?;
            progress(first + here);
        }
        Ok(found)
    }

    fn add(&mut self, given: &Tensor, expected: &Answers) -> Result<()> {
        let losses = match expected {
            Answers::Numbers(numbers) => (given - numbers)?.sqr()?.mean(1)?,
            Answers::Classes(classes) => {
                let pairs = self.classes.get_or_insert_default();
                let chosen = given.argmax(1)?.to_vec1::<u32>()?;
                let right = classes.to_vec1::<u32>()?;
                pairs.extend(right.into_iter().zip(chosen).map(|(a, b)| [a as usize, b as usize]));
                let of_right = given.gather(&classes.unsqueeze(1)?, 1)?.squeeze(1)?;
                (given.log_sum_exp(1)? - of_right)?
            }
        };
        self.losses.extend(losses.to_vec1::<f32>()?.into_iter().map(f64::from));
        Ok(())
    }

    /// Mean over sequences.
    pub(crate) fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// Share of right answers; none of numbers.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        let classes = self.classes.as_ref()?;
        Some(right_answers(classes) as f64 / classes.len() as f64)
    }

    fn metrics(&self) -> Metrics {
        let loss = finite(self.loss());
        let score = match self.accuracy() {
            Some(accuracy) => ("accuracy", Some(accuracy)),
            None => ("mse", loss),
        };
        [score, ("loss", loss)].map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn intervals(&self) -> Result<BTreeMap<String, [f64; 2]>> {
        let mut intervals = BTreeMap::new();
        let mut add = |name: &str, interval| intervals.insert(name.to_owned(), interval);
        if let Some(classes) = &self.classes {
            add("accuracy", wilson_interval(right_answers(classes), classes.len())?);
        }
        if self.losses.iter().all(|loss| loss.is_finite())
            && let Some(interval) = Summary::of(&self.losses)?.interval95
        {
            add("loss", interval);
            if self.classes.is_none() {
                add("mse", interval);
            }
        }
        Ok(intervals)
    }

    fn confusion(&self) -> Option<Vec<Vec<u64>>> {
        let mut counts = vec![vec![0; self.outputs]; self.outputs];
        for &[right, given] in self.classes.as_ref()? {
            counts[right][given] += 1;
        }
        Some(counts)
    }

    fn per_trajectory(&self) -> BTreeMap<String, Vec<f64>> {
        let (name, values) = match &self.classes {
            None => ("mse", self.losses.clone()),
            Some(classes) => {
                let right = |[right, given]: &[usize; 2]| f64::from(u8::from(right == given));
                ("accuracy", classes.iter().map(right).collect())
            }
        };
        BTreeMap::from([(name.to_owned(), values)])
    }
}

fn right_answers(classes: &[[usize; 2]]) -> usize {
    classes.iter().filter(|[right, given]| right == given).count()
}

/// Scores a run that answers sequences on its test set and writes `result.json` into its folder.
pub(super) fn sequence_result(
    run: &TrainedRun,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<SequenceResult> {
    let config = run.config();
    let test = Sequences::open(&config.data, Split::Test, config.train.seed)?;
    let model = run.sequence_model()?;
    let others = [RequestedCheckpoint::Last, RequestedCheckpoint::Best]
        .map(|rule| other_checkpoint(run, rule));
    let mut steps = vec![run.checkpoint.step()];
    steps.extend(others.iter().flatten().map(|other| other.checkpoint.step()));
    steps.sort_unstable();
    steps.dedup();
    let (count, total) = (test.count(), test.count() * steps.len());
    let mut done = 0;
    let mut answers = |model: &SequenceModel| {
        let batch_size = config.eval.batch_size;
        let answers =
            GivenAnswers::of(model, &test, batch_size, &mut |here| progress(done + here, total))?;
        done += count;
        Ok::<_, crate::Error>(answers)
    };
    let own = answers(&model)?;
    let own_scores = scores(run, &own)?;
    let mut known = vec![own_scores.clone()];
    let mut rules = Vec::with_capacity(others.len());
    for other in others {
        let Some(other) = other else {
            rules.push(None);
            continue;
        };
        let step = other.checkpoint.step();
        let found = match known.iter().find(|scores| scores.checkpoint.step == step) {
            Some(scores) => scores.clone(),
            None => scores(&other, &answers(&other.sequence_model()?)?)?,
        };
        known.push(found.clone());
        rules.push(Some(found));
    }
    let mut rules = rules.into_iter();
    let CheckpointScores { metrics, intervals, .. } = own_scores;
    let result = SequenceResult {
        about: ResultHeader::of(run, model.parameters().count()),
        sequences: count,
        metrics,
        intervals,
        confusion: own.confusion(),
        rules: Rules { last: rules.next().flatten(), best: rules.next().flatten() },
        per_trajectory: own.per_trajectory(),
    };
    write_json(&run.directory.join(RESULT_FILE), &result)?;
    Ok(result)
}

/// The run at another of its checkpoints, if that is there.
fn other_checkpoint(run: &TrainedRun, rule: RequestedCheckpoint) -> Option<TrainedRun> {
    if rule == RequestedCheckpoint::Best && !run.config().has_validation() {
        return None;
    }
    Some(TrainedRun::open(&run.directory, rule).ok()?.on(&run.device))
}

fn scores(run: &TrainedRun, answers: &GivenAnswers) -> Result<CheckpointScores> {
    Ok(CheckpointScores {
        checkpoint: CheckpointRecord::of(&run.checkpoint, run.is_configured),
        metrics: answers.metrics(),
        intervals: answers.intervals()?,
    })
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn answers_are_counted_by_class() {
        let logits = Tensor::new(&[[2.0_f32, 0.0], [0.0, 3.0], [1.0, 0.0]], &Device::Cpu).unwrap();
        let right = Answers::Classes(Tensor::new(&[0_u32, 1, 1], &Device::Cpu).unwrap());
        let mut answers = GivenAnswers { losses: Vec::new(), classes: None, outputs: 2 };
        answers.add(&logits, &right).unwrap();
        assert_eq!(answers.confusion(), Some(vec![vec![1, 0], vec![1, 1]]));
        assert_eq!(answers.accuracy(), Some(2.0 / 3.0));
        let cost = |margin: f64| (1.0 + (-margin).exp()).ln();
        let expected = (cost(2.0) + cost(3.0) + cost(-1.0)) / 3.0;
        assert!((answers.loss() - expected).abs() < 1e-6);
        assert_eq!(answers.per_trajectory()["accuracy"], [1.0, 1.0, 0.0]);
        let intervals = answers.intervals().unwrap();
        assert_eq!(intervals["accuracy"], wilson_interval(2, 3).unwrap());
        assert!(!intervals.contains_key("mse") && intervals.contains_key("loss"));
    }

    #[test]
    fn numbers_have_a_squared_error_and_no_classes() {
        let given = Tensor::new(&[[1.0_f32], [0.5]], &Device::Cpu).unwrap();
        let right = Answers::Numbers(Tensor::new(&[[0.0_f32], [0.0]], &Device::Cpu).unwrap());
        let mut answers = GivenAnswers { losses: Vec::new(), classes: None, outputs: 1 };
        answers.add(&given, &right).unwrap();
        assert_eq!(answers.metrics()["mse"], Some(0.625));
        assert_eq!(answers.metrics()["loss"], Some(0.625));
        assert_eq!((answers.confusion(), answers.accuracy()), (None, None));
        assert_eq!(answers.per_trajectory()["mse"], [1.0, 0.25]);
    }
}
