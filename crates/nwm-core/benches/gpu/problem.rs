//! The inputs of a case, and its run on a queue.

use std::error::Error;
use std::path::Path;

use nwm_bench::uniform;
use nwm_core::cuda::{Gradients, Inputs, MODULES, Precision, Run, View, Written};
use nwm_core::{CellConfig, PackedLayout, Record};
use nwm_cuda::{Emulation, Limits, Order, Program, Queue, Sources};

use crate::case::Case;

/// Standard deviation of drive and initial state.
const INPUT_SCALE: f64 = 0.5;

/// A case with its inputs.
pub(crate) struct Problem {
    pub(crate) case: Case,
    pub(crate) config: CellConfig,
    pub(crate) precision: Precision,
    /// `[time, batch, units]`.
    pub(crate) drive: Vec<f32>,
    /// `[2, batch, units]`.
    pub(crate) initial: Vec<f32>,
    /// As the packed layout of the cell says.
    pub(crate) packed: Vec<f32>,
    /// The gradient of velocities and last position, `[time + 1, batch, units]`.
    pub(crate) gradient: Vec<f32>,
}

/// The inputs on a queue.
pub(crate) struct Arrays<A> {
    drive: A,
    initial: A,
    packed: A,
    gradient: A,
}

/// What a run and its backward pass leave behind.
pub(crate) struct Outcome<A> {
    /// Velocities and the last position.
    pub(crate) written: Written<A>,
    /// Of all arguments.
    pub(crate) gradients: Gradients<A>,
}

impl Problem {
    pub(crate) fn new(case: &Case, precision: Precision) -> Self {
        let config = case.config();
        let units = config.units();
        let row = case.batch * units;
        let length = PackedLayout::new(&config).map_or(0, |layout| layout.len());
        let mut packed = uniform(2, length, case.kernel_scale());
        // The bias, and behind it dt, gamma and alpha, are at the end of the parameters of such a cell.
        let scalars = length.saturating_sub(3);
        let bias = scalars.saturating_sub(units);
        packed[bias..scalars].copy_from_slice(&uniform(3, scalars - bias, 0.1));
        packed[scalars..].copy_from_slice(&[0.125, 1.0, 0.5][..length - scalars]);
        Self {
            case: *case,
            precision,
            drive: uniform(0, case.steps * row, INPUT_SCALE),
            initial: uniform(1, 2 * row, INPUT_SCALE),
            packed,
            gradient: uniform(4, (case.steps + 1) * row, 1.0),
            config,
        }
    }

    pub(crate) fn precision_name(&self) -> &'static str {
        match self.precision {
            Precision::Single => "fp32",
            Precision::Tf32x3 => "tf32x3",
            Precision::Tf32 => "tf32",
        }
    }

    pub(crate) fn upload<Q: Queue>(&self, queue: &Q) -> nwm_cuda::Result<Arrays<Q::Array>> {
        Ok(Arrays {
            drive: queue.upload(&self.drive)?,
            initial: queue.upload(&self.initial)?,
            packed: queue.upload(&self.packed)?,
            gradient: queue.upload(&self.gradient)?,
        })
    }

    pub(crate) fn run<'a, Q: Queue>(
        &'a self,
        queue: &'a Q,
        arrays: &'a Arrays<Q::Array>,
    ) -> nwm_core::Result<Run<'a, Q>> {
        let inputs = Inputs {
            drive: View::of(&arrays.drive),
            initial: View::of(&arrays.initial),
            packed: View::of(&arrays.packed),
        };
        let extent = [self.case.steps, self.case.batch];
        Ok(Run::new(queue, &self.config, extent, inputs)?.with_precision(self.precision))
    }

    /// Velocities and last position, and the gradients of all arguments.
    pub(crate) fn gradients<Q: Queue>(
        &self,
        queue: &Q,
        arrays: &Arrays<Q::Array>,
    ) -> nwm_core::Result<Outcome<Q::Array>> {
        let run = self.run(queue, arrays)?;
        let written = run.forward(Record::Velocities, true)?;
        let left_behind = (View::of(&written.result), &written.kept);
        let gradient = View::of(&arrays.gradient);
        let gradients = run.backward(Record::Velocities, left_behind, gradient, true)?;
        Ok(Outcome { written, gradients })
    }
}

/// The kernels as a program on the cpu.
pub(crate) fn emulation() -> Result<Emulation, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let sources =
        Sources { name: "cell", folder: &folder, modules: &MODULES, checked: false, defines: &[] };
    let program = Program::build(&sources, Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    Ok(program.start(Order::Shuffled, Limits::HOPPER)?)
}
