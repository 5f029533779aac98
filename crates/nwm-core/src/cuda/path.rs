//! A run of the cell on a queue: arrays are made, and the kernels chosen that fill them.

use nwm_cuda::{Argument, Grid, Queue};

use super::local::LocalKernels;
use super::modules::{SUM_PARTIALS, kernel};
use super::recorded::{Rows, Series, Tape, View, pointer};
use super::stepwise::Stepwise;
use crate::config::CellConfig;
use crate::error::Result;
use crate::imex::cpu::Extent;
use crate::parameters::PackedLayout;
use crate::state::Record;

/// The arguments of a run.
#[derive(Debug)]
pub struct Inputs<'a, A> {
    /// `[time, batch, inputs]`.
    pub drive: View<'a, A>,
    /// `[2, batch, units]`.
    pub initial: View<'a, A>,
    /// Laid out as [`PackedLayout`] says.
    pub packed: View<'a, A>,
}

impl<A> Clone for Inputs<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Inputs<'_, A> {}

/// What a forward pass leaves behind.
#[derive(Debug)]
pub struct Written<A> {
    /// What was asked for, in the shape that [`Record`] names.
    pub result: A,
    /// What the backward pass needs beside it.
    pub kept: Kept<A>,
}

/// Trajectories `[time, batch, units]` that a result does not have.
#[derive(Debug)]
pub struct Kept<A> {
    /// After every step.
    pub velocities: Option<A>,
    /// After every step, of a cell with a state norm.
    pub positions: Option<A>,
}

/// Gradients of the arguments of a run.
#[derive(Debug)]
pub struct Gradients<A> {
    /// `[time, batch, inputs]`, if it was asked for.
    pub drive: Option<A>,
    /// `[2, batch, units]`.
    pub initial: A,
    /// Laid out as the packed parameters.
    pub packed: A,
}

/// How products are computed in the couplings of eight maps or more; fewer are always computed in single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// In single precision, without tensor cores.
    Single,
    /// On tensor cores, each factor as the sum of two TF32 numbers: products are as exact as in single precision,
    /// and sums, which tensor cores round towards zero, nearly so (relative errors of 1e-6 a step).
    #[default]
    Tf32x3,
    /// On tensor cores, each factor rounded to TF32: relative errors of 5e-4 in each product.
    Tf32,
}

/// A cell, how many steps and samples it runs, and what on.
pub struct Run<'a, Q: Queue> {
    pub(super) queue: &'a Q,
    pub(super) config: &'a CellConfig,
    pub(super) layout: PackedLayout,
    pub(super) extent: Extent,
    pub(super) inputs: Inputs<'a, Q::Array>,
    precision: Precision,
}

impl<'a, Q: Queue> Run<'a, Q> {
    /// `steps` steps of `samples` samples.
    ///
    /// # Errors
    /// Those of [`CellConfig::validate`].
    pub fn new(
        queue: &'a Q,
        config: &'a CellConfig,
        [steps, samples]: [usize; 2],
        inputs: Inputs<'a, Q::Array>,
    ) -> Result<Self> {
        let layout = PackedLayout::new(config)?;
        let extent = Extent { steps, samples, units: config.units(), inputs: config.inputs() };
        Ok(Self { queue, config, layout, extent, inputs, precision: Precision::default() })
    }

    /// The same run in another precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The kernels that take a sample through all steps, if a block can hold it.
    fn local_kernels(&self) -> Option<LocalKernels> {
        LocalKernels::that_fit(self.config, self.precision, self.queue.limits())
    }

    /// Writes what `record` asks for; if `kept`, also what a backward pass needs beside it.
    ///
    /// # Errors
    /// A size that does not fit the device, or what the device answers.
    pub fn forward(&self, record: Record, kept: bool) -> Result<Written<Q::Array>> {
        let &Self { queue, extent, .. } = self;
        let Extent { steps, .. } = extent;
        let row = extent.row();
        let rows = match record {
            Record::States => 2 * steps,
            Record::Velocities => steps + 1,
            Record::Positions => steps,
            Record::Last => 2,
        };
        let result = queue.array(rows * row)?;
        let trajectory = |wanted: bool| wanted.then(|| queue.array(steps * row)).transpose();
        let needs_velocities = kept && matches!(record, Record::Positions | Record::Last);
        let needs_positions = needs_velocities && record == Record::Last && self.config.state_norm;
        let velocities = trajectory(needs_velocities)?;
        let positions = trajectory(needs_positions)?;
        let mut written = Rows::of_result(record, View::of(&result), extent);
        if let Some(velocities) = &velocities {
            written.velocities = Series::rows(View::of(velocities), extent);
        }
        if let Some(positions) = &positions {
            written.positions = Series::rows(View::of(positions), extent);
        }
        match self.local_kernels() {
            Some(kernels) => kernels.forward(self, &written)?,
            None => Stepwise::new(self.config).forward(self, &written)?,
        }
        Ok(Written { result, kept: Kept { velocities, positions } })
    }

    /// Pulls the gradient of a result back to the arguments of the run; `result` and `kept` are what its forward pass
    /// left behind.
    ///
    /// # Errors
    /// A size that does not fit the device, or what the device answers.
    pub fn backward(
        &self,
        record: Record,
        (result, kept): (View<'_, Q::Array>, &Kept<Q::Array>),
        gradient: View<'_, Q::Array>,
        with_drive: bool,
    ) -> Result<Gradients<Q::Array>> {
        let &Self { queue, extent, .. } = self;
        let Extent { steps, samples, inputs, .. } = extent;
        let recorded = Rows::of_result(record, result, extent);
        let velocities = match &kept.velocities {
            Some(velocities) => Series::rows(View::of(velocities), extent),
            None => recorded.velocities,
        };
        let positions = match &kept.positions {
            Some(positions) => Series::rows(View::of(positions), extent),
            None if record == Record::States || self.config.state_norm => recorded.positions,
            None => Series::none(),
        };
        let last_position = match record {
            Record::Positions => Some(result.from((steps - 1) * extent.row())),
            _ => recorded.last_position,
        };
        let tape = Tape { positions, velocities, last_position };
        let gradients = Rows::of_result(record, gradient, extent);

        let drive = with_drive.then(|| queue.array(steps * samples * inputs)).transpose()?;
        let initial = queue.array(2 * extent.row())?;
        let packed = queue.array(self.layout.len())?;
        let targets = Targets {
            drive: drive.as_ref().map(View::of),
            initial: View::of(&initial),
            packed: View::of(&packed),
        };
        match self.local_kernels() {
            Some(kernels) => kernels.backward(self, &tape, &gradients, &targets)?,
            None => Stepwise::new(self.config).backward(self, &tape, &gradients, &targets)?,
        }
        Ok(Gradients { drive, initial, packed })
    }

    /// Adds up the rows of `partials`, `[samples, count]`, in a fixed order.
    pub(super) fn sum_partials(
        &self,
        partials: &Q::Array,
        count: usize,
        target: View<'_, Q::Array>,
    ) -> Result<()> {
        const THREADS: usize = 256;
        let grid =
            Grid { blocks: [count.div_ceil(THREADS), 1, 1], threads: THREADS, shared_words: 0 };
        let arguments = [
            Argument::count("the number of samples", self.extent.samples)?,
            Argument::count("the number of parameters", count)?,
            Argument::array(partials, 0),
            pointer(Some(target)),
        ];
        Ok(self.queue.launch(kernel(&SUM_PARTIALS, "sum_partials"), grid, &arguments)?)
    }

    /// Where a packed parameter begins, as a pointer; null for none.
    pub(super) fn packed(&self, place: Option<usize>) -> Argument<'a, Q::Array> {
        pointer(place.map(|place| self.inputs.packed.from(place)))
    }
}

/// Where a backward pass writes.
pub(super) struct Targets<'a, A> {
    pub(super) drive: Option<View<'a, A>>,
    pub(super) initial: View<'a, A>,
    pub(super) packed: View<'a, A>,
}
