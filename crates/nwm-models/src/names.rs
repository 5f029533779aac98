//! Names of models, and of what they learn.

use serde::{Deserialize, Serialize};

/// Which forecaster of Table 1 is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelName {
    /// Autoregressive stack of recurrent layers.
    Ar,
    /// Variational autoencoder with a learned Hamiltonian between (HGN++, Higgins et al. 2021).
    Hgn,
    /// The same with a learned differential equation, trained in both directions in time (Botev et al. 2021).
    OdeTr,
    /// The same with a learned map (Botev et al. 2021); not in the table.
    Rgn,
    /// Densely coupled oscillators (Rusch & Mishra 2021).
    Cornn,
    /// Neural wave machine on independent rings.
    #[serde(rename = "nwm_1d")]
    Nwm1d,
    /// Neural wave machine on a two-dimensional torus.
    #[serde(rename = "nwm_2d")]
    Nwm2d,
}

impl ModelName {
    /// Every name; those of Table 1's columns in their order, `rgn` behind its kin.
    pub const ALL: [Self; 7] =
        [Self::Ar, Self::Hgn, Self::OdeTr, Self::Rgn, Self::Cornn, Self::Nwm2d, Self::Nwm1d];

    /// The name as configuration files and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Hgn => "hgn",
            Self::OdeTr => "ode_tr",
            Self::Rgn => "rgn",
            Self::Cornn => "cornn",
            Self::Nwm1d => "nwm_1d",
            Self::Nwm2d => "nwm_2d",
        }
    }

    /// Whether it is a variational autoencoder, which draws a whole trajectory from one latent state.
    pub fn is_latent(self) -> bool {
        matches!(self, Self::Hgn | Self::OdeTr | Self::Rgn)
    }

    /// Whether its hidden state is a sheet of oscillators.
    pub fn is_oscillator(self) -> bool {
        matches!(self, Self::Cornn | Self::Nwm1d | Self::Nwm2d)
    }
}

/// What a model learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskName {
    /// To draw the frames that follow those of a film ([`Model`](crate::Model); Table 1).
    Forecast,
    /// To answer once a whole sequence is read ([`SequenceModel`](crate::SequenceModel); Table 2).
    Sequence,
    /// To encode each frame and draw the next one from waves ([`VariationalModel`](crate::VariationalModel); paper,
    /// equations 6 to 10).
    Variational,
}

impl TaskName {
    /// The name as configuration files spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forecast => "forecast",
            Self::Sequence => "sequence",
            Self::Variational => "variational",
        }
    }
}
