//! A data set in memory: the states of its trajectories, and what else its pictures need.

use crate::appearances::{Appearances, row};
use crate::error::{Error, Result, check_length};
use crate::render::Appearance;
use crate::spec::DatasetSpec;

/// The states of a data set with the parameters and the appearance of every trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    spec: DatasetSpec,
    /// `[trajectory, frame, dimension]`.
    states: Vec<f64>,
    appearances: Appearances,
}

impl Trajectories {
    /// A data set from its arrays, whose axes are given at the accessors of the same names.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if the specification is out of range, [`Error::BufferLength`] if
    /// an array does not have the length that the specification asks for.
    pub fn from_arrays(
        spec: DatasetSpec,
        states: Vec<f64>,
        parameters: Vec<f64>,
        offsets: Vec<f64>,
        colour_indices: Vec<u32>,
    ) -> Result<Self> {
        let appearances = Appearances::new(&spec, parameters, offsets, colour_indices)?;
        Self::new(spec, states, appearances)
    }

    /// A data set from its states, axes `[trajectory, frame, dimension]`, and all that belongs to them.
    pub(crate) fn new(
        spec: DatasetSpec,
        states: Vec<f64>,
        appearances: Appearances,
    ) -> Result<Self> {
        spec.validate()?;
        let values = spec.trajectories * spec.frames * spec.system.state_dimension();
        check_length("states", "[trajectory, frame, dimension]", values, states.len())?;
        Ok(Self { spec, states, appearances })
    }

    /// Which data set this is.
    #[must_use]
    pub const fn spec(&self) -> &DatasetSpec {
        &self.spec
    }

    /// Number of trajectories.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spec.trajectories
    }

    /// Whether there is no trajectory; never true for a generated set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spec.trajectories == 0
    }

    /// All states, axes `[trajectory, frame, dimension]`: positions, then momenta.
    #[must_use]
    pub fn states(&self) -> &[f64] {
        &self.states
    }

    /// All parameters, axes `[trajectory, parameter]`.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.appearances.parameters
    }

    /// Names of the parameters, axis `[parameter]`.
    #[must_use]
    pub fn parameter_names(&self) -> &'static [&'static str] {
        self.spec.system.parameter_names()
    }

    /// Displacement of the pictures in world units, axes `[trajectory, 2]`; zero where nothing is displaced.
    #[must_use]
    pub fn offsets(&self) -> &[f64] {
        &self.appearances.offsets
    }

    /// Index of each ball's colour, axes `[trajectory, ball]`.
    #[must_use]
    pub fn colour_indices(&self) -> &[u32] {
        &self.appearances.colour_indices
    }

    /// Time of a frame in the units of the equations.
    #[must_use]
    pub fn time(&self, frame: usize) -> f64 {
        self.spec.time(frame)
    }

    /// The states of one trajectory, axes `[frame, dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory.
    pub fn trajectory(&self, trajectory: usize) -> Result<&[f64]> {
        row(&self.states, self.spec.frames * self.spec.system.state_dimension(), trajectory)
    }

    /// One state, axis `[dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory or frame.
    pub fn state(&self, trajectory: usize, frame: usize) -> Result<&[f64]> {
        let dimension = self.spec.system.state_dimension();
        let states = self.trajectory(trajectory)?;
        states.chunks_exact(dimension).nth(frame).ok_or(Error::OutOfRange {
            axis: "frame",
            start: frame,
            end: frame + 1,
            length: self.spec.frames,
        })
    }

    /// [`System::invariant`](crate::System::invariant) of one state: the total energy of particles.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory or frame.
    pub fn invariant(&self, trajectory: usize, frame: usize) -> Result<f64> {
        let appearance = self.appearance(trajectory)?;
        self.spec.system.invariant(appearance.parameters, self.state(trajectory, frame)?)
    }

    /// What the renderer needs beside the states of one trajectory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such trajectory.
    pub fn appearance(&self, trajectory: usize) -> Result<Appearance<'_>> {
        self.appearances.of(trajectory)
    }
}
