//! Training a model that answers after it has read a sequence.

use candle_core::{DType, Device, Tensor};
use nwm_data::Split;
use nwm_models::nn::Parameters;
use nwm_models::{CellScalars, Checkpoint, SequenceModel};

use crate::config::Config;
use crate::error::Result;
use crate::evaluation::GivenAnswers;
use crate::gradients::{collect_gradients, gradient_norm};
use crate::loss::mean_squared_error;
use crate::memory::check_sequences;
use crate::sequence_data::{Answers, Questions, Sequences};
use crate::step::StepResult;
use crate::task::{Items, Task, other_model};

/// A [`SequenceModel`], sequences, and the likelihood of their answers.
pub(crate) struct SequenceTask<'a> {
    config: &'a Config,
    model: SequenceModel,
    sequences: Sequences,
    validation: Option<Sequences>,
}

impl<'a> SequenceTask<'a> {
    /// Opens sequences and model, if they fit each other and the checkpoint.
    pub(crate) fn open(
        config: &'a Config,
        checkpoint: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        let (data, seed) = (&config.data, config.train.seed);
        let sequences = Sequences::open(data, Split::Train, seed)?;
        let shape = sequences.shape();
        check_sequences(config, shape, sequences.steps(), device)?;
        let model = match checkpoint {
            None => SequenceModel::new(&config.model, shape, seed, DType::F32, device)?,
            Some(checkpoint) => {
                let model = SequenceModel::from_checkpoint(checkpoint, device)?;
                if model.config() != &config.model || model.shape() != shape {
                    return Err(other_model(checkpoint));
                }
                model
            }
        };
        let validation = config
            .has_validation()
            .then(|| Sequences::open(data, Split::Validation, seed))
            .transpose()?;
        Ok(Self { config, model, sequences, validation })
    }
}

impl Task for SequenceTask<'_> {
    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn model_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.model.to_bytes()?)
    }

    fn samples(&self) -> usize {
        self.sequences.count()
    }

    fn step(&mut self, step: u64) -> Result<(StepResult, Items)> {
        let (seed, batch_size) = (self.config.train.seed, self.config.train.batch_size);
        let questions =
            self.sequences.batch(step, batch_size, seed)?.to_device(self.model.device())?;
        let result = sequence_step(&self.model, &questions)?;
        let first = step as usize * batch_size;
        Ok((result, (first..first + batch_size).map(|sequence| (sequence, 0)).collect()))
    }

    /// The share of wrong answers, or the mean squared error of numbers.
    fn validate(&self) -> Result<Option<f64>> {
        let Some(sequences) = &self.validation else { return Ok(None) };
        let batch_size = self.config.eval.batch_size;
        let answers = GivenAnswers::of(&self.model, sequences, batch_size, &mut |_| {})?;
        Ok(Some(answers.accuracy().map_or_else(|| answers.loss(), |accuracy| 1.0 - accuracy)))
    }

    fn cell_scalars(&self) -> Result<Option<CellScalars>> {
        Ok(Some(self.model.cell_scalars()?))
    }

    fn measures_waves(&self) -> bool {
        false
    }

    fn measure_waves(&self) -> Result<Vec<(String, f64)>> {
        Ok(Vec::new())
    }
}

/// Loss and gradients of a model's answers: the cross-entropy of classes in nats, or the mean squared error of numbers, means
/// over the batch.
///
/// # Errors
/// [`crate::Error::Model`] or [`crate::Error::Tensor`] if the sequences do not fit the model.
pub fn sequence_step(model: &SequenceModel, questions: &Questions) -> Result<StepResult> {
    let given = model.training_answer(&questions.inputs)?;
    let objective = loss(&given, &questions.answers)?;
    let gradients = collect_gradients(model.parameters(), &objective.backward()?)?;
    let loss = f64::from(objective.to_scalar::<f32>()?);
    let (accuracy, mean_squared_error) = match &questions.answers {
        Answers::Classes(classes) => {
            let right = right_answers(&given.detach(), classes)?;
            (Some(right / classes.elem_count() as f64), None)
        }
        Answers::Numbers(_) => (None, Some(loss)),
    };
    Ok(StepResult {
        loss,
        mean_squared_error,
        accuracy,
        divergence: None,
        gradient_norm: gradient_norm(&gradients)?,
        gradients,
    })
}

fn loss(given: &Tensor, expected: &Answers) -> Result<Tensor> {
    match expected {
        Answers::Numbers(numbers) => mean_squared_error(given, numbers),
        Answers::Classes(classes) => {
            let of_right = given.gather(&classes.unsqueeze(1)?, 1)?.squeeze(1)?;
            Ok((given.log_sum_exp(1)? - of_right)?.mean_all()?)
        }
    }
}

fn right_answers(logits: &Tensor, classes: &Tensor) -> Result<f64> {
    let right = logits.argmax(1)?.eq(classes)?.to_dtype(DType::F32)?;
    Ok(f64::from(right.sum_all()?.to_scalar::<f32>()?))
}
