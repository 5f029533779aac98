//! Steps of an optimiser over a model's ordered parameters, with a state that can be saved.

use std::fmt::Debug;

use nwm_models::nn::Parameters;

use crate::config::TrainConfig;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::moments::{Moments, UpdateRule};

/// How an optimiser that keeps `N` moments of each parameter comes to its steps.
pub trait DescentMethod<const N: usize>: Debug {
    /// What the moments are called in a file, before the name of the parameter.
    const MOMENTS: [&'static str; N];
    /// What changes a parameter and its moments.
    type Rule: UpdateRule<N>;

    /// With the settings of a configuration.
    fn new(config: &TrainConfig) -> Self;

    /// The rule of a step, the first of which is 1.
    fn rule(&self, step: u64, learning_rate: f64) -> Self::Rule;
}

/// An optimiser with its moments.
#[derive(Debug)]
pub struct Descent<M, const N: usize> {
    method: M,
    steps: u64,
    moments: Moments<N>,
}

impl<M: DescentMethod<N>, const N: usize> Descent<M, N> {
    /// An optimiser that has taken no step; its moments are where the parameters are.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device has no room for them.
    pub fn new(parameters: &Parameters, config: &TrainConfig) -> Result<Self> {
        let moments = Moments::zeros(M::MOMENTS, parameters)?;
        Ok(Self { method: M::new(config), steps: 0, moments })
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves every parameter by one step of the given learning rate; `gradients` are in the parameters' order.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the parameter whose gradient is missing, has another length or is elsewhere, before
    /// anything is moved; [`crate::Error::Tensor`] if a parameter cannot be read or written.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        learning_rate: f64,
    ) -> Result<()> {
        self.moments.check(parameters, gradients)?;
        self.steps += 1;
        let rule = self.method.rule(self.steps, learning_rate);
        self.moments.update(parameters, gradients, &rule)
    }

    /// The content of `optimizer.safetensors`: the moments of each parameter.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the format refuses the tensors; [`crate::Error::Tensor`] if one cannot be read.
    pub fn to_bytes(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        self.moments.to_bytes(parameters)
    }

    /// Takes moments and step count from a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the tensor that is missing, unexpected or has the wrong shape; nothing is changed then.
    pub fn load(&mut self, parameters: &Parameters, content: &[u8], steps: u64) -> Result<()> {
        self.moments.load(parameters, content)?;
        self.steps = steps;
        Ok(())
    }
}
