//! The sections `[model.latent]`, `[model.ode]` and `[model.rgn]` of a configuration: variational autoencoders with dynamics
//! between encoder and decoder.
//!
//! Defaults are the published values of Table 1, and each field is one key, as in `config.rs`.

use serde::{Deserialize, Serialize};

use crate::config::{LARGEST_SIZE, check_layers};
use crate::error::{Error, Result};
use crate::names::ModelName;
use crate::nn::flow::{Integrator, OdeOptions};

/// In which directions of time a model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Directions {
    /// One half of a batch is drawn from its first frames forward in time, the other half from its last frames backward; all
    /// frames are targets. The latent state is that of the middle one of the frames that are seen.
    Both,
    /// All are drawn forward, and the latent state is that of the last frame that is seen, which is the first target.
    Forward,
}

/// The `[model.latent]` section (docs/theory.md, section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatentConfig {
    /// Numbers of a latent state; for `hgn` half of them are positions and half momenta.
    pub size: usize,
    /// Units of the layers inside the networks of the dynamics.
    pub hidden: Vec<usize>,
    /// Weight of the divergence from the prior in the loss: 0.1 for `hgn`, 1 for the others (the paper is silent).
    pub beta: f64,
    /// Standard deviation of the posterior that a network of zeros gives (1 published). A smaller one spares the first
    /// hundreds of steps, in which noise hides the state from the decoder.
    pub initial_deviation: f64,
    /// `both` or `forward`.
    pub directions: Directions,
    /// Time between two latent states. It has nothing to do with that between two frames, which the model does not know.
    pub time_step: f64,
}

/// The `[model.ode]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OdeConfig {
    /// `dopri5`, `rk4` or `rk2`.
    pub integrator: Integrator,
    /// Accepted error of one step of `dopri5`, relative to the state and in its units.
    pub tolerance: f64,
    /// Steps that `dopri5` tries between two frames; if they do not suffice, the next state is read off the last step.
    pub most_steps: usize,
}

/// The `[model.rgn]` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RgnConfig {
    /// Whether the network gives the change of the latent state; otherwise it gives the next state.
    pub residual: bool,
}

impl Default for LatentConfig {
    fn default() -> Self {
        Self {
            size: 32,
            hidden: vec![250; 4],
            beta: 1.0,
            initial_deviation: 1.0,
            directions: Directions::Both,
            time_step: 0.125,
        }
    }
}

impl Default for OdeConfig {
    fn default() -> Self {
        let OdeOptions { integrator, tolerance, most_steps, .. } = OdeOptions::default();
        Self { integrator, tolerance, most_steps }
    }
}

impl OdeConfig {
    /// Options of a flow with `step` between two states.
    pub(crate) fn options(&self, step: f64) -> OdeOptions {
        let Self { integrator, tolerance, most_steps } = *self;
        OdeOptions { integrator, step, tolerance, most_steps }
    }
}

impl Default for RgnConfig {
    fn default() -> Self {
        Self { residual: true }
    }
}

impl LatentConfig {
    /// Checks the numbers of these sections for a model that sees `inference_steps` frames.
    pub(crate) fn validate(
        &self,
        name: ModelName,
        inference_steps: usize,
        ode: &OdeConfig,
    ) -> Result<()> {
        let refuse = |key: &str, expected: &str, found: String| {
            Err(Error::key(format!("model.{key}"), expected, found))
        };
        if !(2..=LARGEST_SIZE).contains(&self.size) || !self.size.is_multiple_of(2) {
            let expected = format!("an even number from 2 to {LARGEST_SIZE}");
            return refuse("latent.size", &expected, self.size.to_string());
        }
        check_layers("model.latent.hidden", &self.hidden)?;
        if !(self.beta >= 0.0 && self.beta.is_finite()) {
            return refuse("latent.beta", "a finite number, zero or above", self.beta.to_string());
        }
        Error::unless_positive("model.latent.time_step", self.time_step)?;
        Error::unless_positive("model.latent.initial_deviation", self.initial_deviation)?;
        ode.options(self.time_step).validate("model.ode.")?;
        if self.directions == Directions::Both {
            if name == ModelName::Rgn {
                let expected = "\"forward\", since a map cannot go back in time";
                return refuse("latent.directions", expected, "\"both\"".into());
            }
            if inference_steps.is_multiple_of(2) {
                let expected = "an odd number, since the latent state is that of the middle frame \
                                (or model.latent.directions = \"forward\")";
                return refuse("inference_steps", expected, inference_steps.to_string());
            }
        }
        Ok(())
    }

    /// Which of the frames that are seen the latent state describes.
    pub(crate) fn described_frame(&self, inference_steps: usize) -> usize {
        match self.directions {
            Directions::Both => inference_steps / 2,
            Directions::Forward => inference_steps - 1,
        }
    }
}
