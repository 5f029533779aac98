//! The optimisers that a configuration can ask for.

use nwm_models::nn::Parameters;
use serde::{Deserialize, Serialize};

use crate::adam::Adam;
use crate::config::TrainConfig;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::sgd::Sgd;

/// Names of optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OptimizerName {
    /// [`Adam`] (published for forecasters).
    Adam,
    /// [`Sgd`]: gradient descent with momentum.
    Sgd,
}

impl OptimizerName {
    /// Numbers that the optimiser keeps for each one of a parameter.
    pub(crate) fn moments(self) -> usize {
        match self {
            Self::Adam => 2,
            Self::Sgd => 1,
        }
    }
}

/// What moves parameters against their gradients.
#[derive(Debug)]
#[non_exhaustive]
pub enum Optimizer {
    /// Adam.
    Adam(Adam),
    /// Gradient descent with momentum.
    Sgd(Sgd),
}

impl Optimizer {
    /// The optimiser of a configuration, which has taken no step.
    ///
    /// # Errors
    /// As [`Descent::new`](crate::Descent::new).
    pub fn new(parameters: &Parameters, config: &TrainConfig) -> Result<Self> {
        Ok(match config.optimizer {
            OptimizerName::Adam => Self::Adam(Adam::new(parameters, config)?),
            OptimizerName::Sgd => Self::Sgd(Sgd::new(parameters, config)?),
        })
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        match self {
            Self::Adam(adam) => adam.steps(),
            Self::Sgd(sgd) => sgd.steps(),
        }
    }

    /// Moves every parameter by one step of the given learning rate; `gradients` are in the parameters' order.
    ///
    /// # Errors
    /// As [`Descent::step`](crate::Descent::step).
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        learning_rate: f64,
    ) -> Result<()> {
        match self {
            Self::Adam(adam) => adam.step(parameters, gradients, learning_rate),
            Self::Sgd(sgd) => sgd.step(parameters, gradients, learning_rate),
        }
    }

    /// The content of `optimizer.safetensors`.
    ///
    /// # Errors
    /// As [`Descent::to_bytes`](crate::Descent::to_bytes).
    pub fn to_bytes(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        match self {
            Self::Adam(adam) => adam.to_bytes(parameters),
            Self::Sgd(sgd) => sgd.to_bytes(parameters),
        }
    }

    /// Takes moments and step count from a checkpoint.
    ///
    /// # Errors
    /// As [`Descent::load`](crate::Descent::load); the moments of another optimiser are refused.
    pub fn load(&mut self, parameters: &Parameters, content: &[u8], steps: u64) -> Result<()> {
        match self {
            Self::Adam(adam) => adam.load(parameters, content, steps),
            Self::Sgd(sgd) => sgd.load(parameters, content, steps),
        }
    }
}
