//! The sequences that a model reads, and what it should answer.

use candle_core::{Device, Tensor};
use nwm_data::{
    AddingProblem, DigitSequenceOptions, DigitSequences, PixelOrder, SequenceBatch, Split,
};
use nwm_models::SequenceShape;

use crate::config::DataConfig;
use crate::digit_files::digits_of;
use crate::error::{Error, Result};

/// Classes of digits.
const DIGIT_CLASSES: usize = 10;

/// Sequences of one split with their answers.
#[derive(Debug)]
pub enum Sequences {
    /// Digits pixel by pixel, and which they are.
    Digits(DigitSequences),
    /// Numbers of which two are marked, and the sum of those.
    Adding {
        /// The generator.
        problem: AddingProblem,
        /// Sequences of the split; those of training never end.
        count: usize,
    },
}

/// Some sequences as tensors, on the CPU where they are made.
#[derive(Debug, Clone)]
pub struct Questions {
    /// `[time, batch, feature]`.
    pub inputs: Tensor,
    /// What should be answered.
    pub answers: Answers,
}

/// What should be answered.
#[derive(Debug, Clone)]
pub enum Answers {
    /// The number of a class for every sequence, `[batch]`, unsigned integers.
    Classes(Tensor),
    /// Numbers for every sequence, `[batch, output]`.
    Numbers(Tensor),
}

impl Questions {
    /// The same numbers on a device.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device refuses.
    pub fn to_device(self, device: &Device) -> Result<Self> {
        Ok(Self {
            inputs: self.inputs.to_device(device)?,
            answers: match self.answers {
                Answers::Classes(classes) => Answers::Classes(classes.to_device(device)?),
                Answers::Numbers(numbers) => Answers::Numbers(numbers.to_device(device)?),
            },
        })
    }
}

impl Sequences {
    /// Those that the configuration asks for; `run_seed` is the seed of a permutation that belongs to the run.
    ///
    /// # Errors
    /// [`Error::Key`] if the configuration names no sequences, no permutation, or digits that are not there.
    pub fn open(data: &DataConfig, split: Split, run_seed: u64) -> Result<Self> {
        let order = match data.name.as_str() {
            "adding" => {
                let problem = AddingProblem { steps: data.steps, seed: data.seed, split };
                let count = match split {
                    Split::Train => data.train_trajectories,
                    Split::Validation => data.validation_trajectories,
                    Split::Test => data.test_trajectories,
                };
                return Ok(Self::Adding { problem, count });
            }
            "smnist" => PixelOrder::Raster,
            "psmnist" => pixel_order(&data.permutation, run_seed)?,
            other => {
                return Err(Error::Key {
                    origin: "configuration".into(),
                    key: "data.name".into(),
                    problem: format!("found {other}, expected smnist, psmnist or adding"),
                });
            }
        };
        let (digits, chosen) = digits_of(data, split)?;
        let mut options = DigitSequenceOptions::default();
        (options.order, options.reduction) = (order, data.reduction);
        Ok(Self::Digits(DigitSequences::new(digits, chosen, options)?))
    }

    /// What a model of these sequences reads and gives.
    pub fn shape(&self) -> SequenceShape {
        match self {
            Self::Digits(_) => SequenceShape { features: 1, outputs: DIGIT_CLASSES },
            Self::Adding { .. } => SequenceShape { features: 2, outputs: 1 },
        }
    }

    /// Steps of a sequence.
    pub fn steps(&self) -> usize {
        match self {
            Self::Digits(digits) => digits.steps(),
            Self::Adding { problem, .. } => problem.steps,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Digits(digits) => digits.len(),
            Self::Adding { count, .. } => *count,
        }
    }

    /// Training batch number `step`, a function of it and `seed`.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such batch.
    pub fn batch(&self, step: u64, batch_size: usize, seed: u64) -> Result<Questions> {
        match self {
            Self::Digits(digits) => {
                of_digits(digits.batch(step, batch_size, seed)?, digits.steps(), batch_size)
            }
            Self::Adding { problem, .. } => {
                // The run's seed, so that runs differ in what they see.
                let problem = AddingProblem { seed: problem.seed.wrapping_add(seed), ..*problem };
                of_adding(&problem, step, batch_size)
            }
        }
    }

    /// The `count` sequences from number `first` on, for evaluation; `first` is a multiple of the most that are asked for at a
    /// time.
    ///
    /// # Errors
    /// [`Error::Data`] if there are no such sequences.
    pub fn slice(&self, first: usize, count: usize) -> Result<Questions> {
        match self {
            Self::Digits(digits) => {
                of_digits(digits.slice(first..first + count)?, digits.steps(), count)
            }
            Self::Adding { problem, .. } => of_adding(problem, first as u64, count),
        }
    }
}

/// The order that a key describes.
fn pixel_order(permutation: &str, run_seed: u64) -> Result<PixelOrder> {
    // As the published generator takes them.
    let seeded = |seed: u64| PixelOrder::Seeded(seed as u32);
    let of_key = permutation.strip_prefix("seed:").and_then(|seed| seed.parse::<u32>().ok());
    match (permutation, of_key) {
        ("run_seed", _) => Ok(seeded(run_seed)),
        (_, Some(seed)) => Ok(PixelOrder::Seeded(seed)),
        (found, None) => Err(Error::Key {
            origin: "configuration".into(),
            key: "data.permutation".into(),
            problem: format!("found {found:?}, expected \"seed:12008\" or \"run_seed\""),
        }),
    }
}

fn of_digits(batch: SequenceBatch, steps: usize, count: usize) -> Result<Questions> {
    let labels: Vec<u32> = batch.labels.into_iter().map(u32::from).collect();
    Ok(Questions {
        inputs: Tensor::from_vec(batch.inputs, (steps, count, 1), &Device::Cpu)?,
        answers: Answers::Classes(Tensor::from_vec(labels, count, &Device::Cpu)?),
    })
}

fn of_adding(problem: &AddingProblem, index: u64, count: usize) -> Result<Questions> {
    let batch = problem.batch(index, count)?;
    Ok(Questions {
        inputs: Tensor::from_vec(batch.inputs, (problem.steps, count, 2), &Device::Cpu)?,
        answers: Answers::Numbers(Tensor::from_vec(batch.targets, (count, 1), &Device::Cpu)?),
    })
}
