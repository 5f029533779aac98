//! What is asked for, and what is recorded of it.

use candle_core::Device;
use nwm_analysis::induced::ShiftAxis;
use nwm_data::Split;
use nwm_models::{CellSection, ModelName, TopologyName};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::evaluation::CheckpointRecord;
use crate::trained_run::RequestedCheckpoint;

/// Most films: all of their decodings are in memory.
pub const MOST_INDUCED_FILMS: usize = 1000;

/// Most steps.
pub const MOST_INDUCED_STEPS: usize = 100;

/// Which waves are induced.
#[derive(Clone, Debug)]
pub struct InduceRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Test films, the first ones; all, if there are fewer.
    pub films: usize,
    /// Steps: the state is decoded unmoved, and then after each of them.
    pub steps: usize,
    /// Sites that each step moves activity by, toward larger indices if positive. Fractions are interpolated.
    pub velocity: f64,
    /// Where activity moves: along columns, or on a torus also along rows.
    pub axis: ShiftAxis,
    /// Seed of the orders of the control's sites.
    pub control_seed: u64,
    /// Where the model runs.
    pub device: Device,
}

impl Default for InduceRequest {
    /// The published setting: 18 steps of one site (the paper shows steps 1 to 18, its code 0 to 17), of 64 films.
    fn default() -> Self {
        Self {
            checkpoint: RequestedCheckpoint::default(),
            films: 64,
            steps: 18,
            velocity: 1.0,
            axis: ShiftAxis::Column,
            control_seed: 0,
            device: Device::Cpu,
        }
    }
}

impl InduceRequest {
    /// The shift in sites at each step, the unmoved state first.
    pub fn shifts(&self) -> Vec<f64> {
        // The first one is 0, not -0.
        (0..=self.steps).map(|step| self.velocity * step as f64 + 0.0).collect()
    }

    /// Refuses what cannot be done with any model.
    pub(super) fn check(&self) -> Result<()> {
        let refused =
            |what, found: String, expected: String| Err(Error::Request { what, found, expected });
        if !(1..=MOST_INDUCED_FILMS).contains(&self.films) {
            return refused("films", self.films.to_string(), format!("1 to {MOST_INDUCED_FILMS}"));
        }
        if !(2..=MOST_INDUCED_STEPS).contains(&self.steps) {
            return refused("steps", self.steps.to_string(), format!("2 to {MOST_INDUCED_STEPS}"));
        }
        let furthest = self.velocity * self.steps as f64;
        if self.velocity == 0.0 || !furthest.is_finite() {
            let expected = "a number of sites per step that is not 0";
            return refused("velocity", self.velocity.to_string(), expected.into());
        }
        Ok(())
    }

    /// Refuses a cell whose sites are in no order, or in none along the axis.
    pub(super) fn check_cell(&self, cell: &CellSection) -> Result<()> {
        match (cell.topology, self.axis) {
            (TopologyName::Dense, _) => Err(Error::Request {
                what: "model.cell.topology",
                found: "dense".into(),
                expected:
                    "rings or torus: units without neighbours have no order to be moved along"
                        .into(),
            }),
            (TopologyName::Rings, ShiftAxis::Row) => Err(Error::Request {
                what: "axis",
                found: "row".into(),
                expected: "column, since rings know nothing of each other".into(),
            }),
            _ => Ok(()),
        }
    }
}

/// What was asked of which run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InducedRecord {
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Which split.
    pub split: Split,
    /// Preset of the run, if any.
    pub preset: Option<String>,
    /// Whether every setting of the run that can change a number is the published one.
    pub published: bool,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The checkpoint.
    pub checkpoint: CheckpointRecord,
    /// Which sites are neighbours.
    pub topology: TopologyName,
    /// Maps, rows and columns of a state; of rings the rows are the rings.
    pub state: [usize; 3],
    /// Films.
    pub films: usize,
    /// Frames of a film, one whole period.
    pub frames: usize,
    /// Rows and columns of a frame.
    pub side: usize,
    /// Steps, without the unmoved state.
    pub steps: usize,
    /// Sites per step.
    pub velocity: f64,
    /// `column` or `row`: where activity moves.
    pub axis: String,
    /// Seed of the orders of the control's sites.
    pub control_seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_make_no_sense_are_refused() {
        let refused = |change: fn(&mut InduceRequest)| {
            let mut request = InduceRequest::default();
            change(&mut request);
            request.check().unwrap_err().to_string()
        };
        assert_eq!(refused(|request| request.films = 0), "films: found 0, expected 1 to 1000");
        assert_eq!(refused(|request| request.steps = 1), "steps: found 1, expected 2 to 100");
        for velocity in [0.0, f64::NAN, f64::INFINITY, 1e308] {
            let request = InduceRequest { velocity, ..InduceRequest::default() };
            assert!(request.check().unwrap_err().to_string().starts_with("velocity: found"));
        }
        assert!(InduceRequest::default().check().is_ok());
    }

    #[test]
    fn sites_without_an_order_are_refused() {
        let cell = |topology| CellSection { topology, ..CellSection::default() };
        let along = |axis| InduceRequest { axis, ..InduceRequest::default() };
        for axis in [ShiftAxis::Column, ShiftAxis::Row] {
            assert!(along(axis).check_cell(&cell(TopologyName::Torus)).is_ok());
            let dense = along(axis).check_cell(&cell(TopologyName::Dense)).unwrap_err();
            assert!(dense.to_string().contains("found dense, expected rings or torus"), "{dense}");
        }
        assert!(along(ShiftAxis::Column).check_cell(&cell(TopologyName::Rings)).is_ok());
        assert!(along(ShiftAxis::Row).check_cell(&cell(TopologyName::Rings)).is_err());
    }

    #[test]
    fn shifts_begin_with_the_unmoved_state() {
        let request = InduceRequest { steps: 3, velocity: -0.5, ..InduceRequest::default() };
        assert_eq!(request.shifts(), [0.0, -0.5, -1.0, -1.5]);
        assert!(request.shifts()[0].is_sign_positive());
    }
}
