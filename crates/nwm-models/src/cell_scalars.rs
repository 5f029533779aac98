//! The numbers that all units of a cell share.

use candle_core::DType;
use nwm_core::Scalar;

use crate::cell_section::{CellSection, ScalarMode};
use crate::error::Result;
use crate::nn::Parameters;

/// The three numbers that all units of an oscillatory cell share, with their constraints applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellScalars {
    /// Time step.
    pub dt: f64,
    /// Restoring coefficient.
    pub gamma: f64,
    /// Damping coefficient.
    pub alpha: f64,
}

impl CellScalars {
    /// Those of the cell of `section` with these parameters.
    pub(crate) fn of(section: &CellSection, parameters: &Parameters) -> Result<Self> {
        if section.scalars == ScalarMode::Fixed {
            let CellSection { dt, gamma, alpha, .. } = *section;
            return Ok(Self { dt, gamma, alpha });
        }
        let scalar = |name: &str, start: f64| -> Result<Scalar> {
            let raw = match parameters.get(name) {
                Some(tensor) => tensor.to_dtype(DType::F64)?.to_scalar::<f64>()?,
                None => start,
            };
            Ok(Scalar::Learned { raw })
        };
        Ok(Self {
            dt: scalar("cell.dt_raw", section.dt_raw)?.as_time_step(),
            gamma: scalar("cell.gamma_raw", section.gamma_raw)?.as_coefficient(),
            alpha: scalar("cell.alpha_raw", section.alpha_raw)?.as_coefficient(),
        })
    }
}
