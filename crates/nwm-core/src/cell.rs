//! The cell as seen by models: parameters in, one differentiable op over a sequence.

use candle_core::{DType, Tensor};
use nwm_simd::{InstructionSet, Simd};

use crate::config::CellConfig;
use crate::error::{Error, Result};
use crate::op::{CellOp, NAME, RUNNING, unsupported_type};
use crate::parameters::{self, PackedLayout, ParameterShape};
use crate::state::Record;

/// A locally coupled (or dense) oscillatory cell: a checked configuration.
///
/// It owns no parameters. Keep one tensor per entry of [`Cell::parameter_shapes`], turn them into
/// one vector with [`Cell::pack`] once per training step, and hand that to [`Cell::forward`].
#[derive(Debug, Clone)]
pub struct Cell {
    config: CellConfig,
    layout: PackedLayout,
    simd: Simd,
}

impl Cell {
    /// A cell of this configuration, which runs on the best instruction set of the processor.
    ///
    /// # Errors
    /// Those of [`CellConfig::validate`].
    pub fn new(config: CellConfig) -> Result<Self> {
        let layout = PackedLayout::new(&config)?;
        Ok(Self { config, layout, simd: Simd::detect() })
    }

    /// The same cell on a given instruction set.
    ///
    /// # Errors
    /// [`Error::InstructionSet`] if the processor lacks it.
    pub fn with_instruction_set(self, instruction_set: InstructionSet) -> Result<Self> {
        Ok(Self { simd: Simd::new(instruction_set)?, ..self })
    }

    /// The instruction set that the cell runs on.
    pub fn instruction_set(&self) -> InstructionSet {
        self.simd.instruction_set()
    }

    /// What the cell is made of.
    pub fn config(&self) -> &CellConfig {
        &self.config
    }

    /// Where the effective parameters lie in a packed vector.
    pub fn layout(&self) -> &PackedLayout {
        &self.layout
    }

    /// Units of one sample: channels × sites.
    pub fn units(&self) -> usize {
        self.config.units()
    }

    /// The trainable tensors that this cell has, in the order of [`Cell::pack`].
    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        parameters::parameter_shapes(&self.config)
    }

    /// The effective parameters as one vector, `[packed]`, laid out as [`Cell::layout`] says.
    ///
    /// `parameters` are the tensors of [`Cell::parameter_shapes`], in that order. The constraints
    /// (sigmoid for dt, relu for gamma and alpha) are applied here, shared biases are repeated and
    /// one-way multipliers become kernels. Gradients flow through all of it.
    ///
    /// # Errors
    /// A wrong number of tensors, a wrong shape, element types other than f32 or f64 or not all the
    /// same, or an effective dt below [`DT_FLOOR`](crate::DT_FLOOR).
    pub fn pack(&self, parameters: &[Tensor]) -> Result<Tensor> {
        parameters::pack(&self.config, parameters)
    }

    /// Runs all steps as one differentiable op and returns what `record` names.
    ///
    /// - `drive` is `[time, batch, units]`, or `[time, batch, features]` if the cell projects its
    ///   input; row `t` enters the step from `t` to `t + 1`. It passes
    ///   through the drive coupling if the cell has one.
    /// - `initial` is `[2, batch, units]`, position then velocity.
    /// - `packed` comes from [`Cell::pack`].
    ///
    /// Inputs may be strided; they are made contiguous first. Results and gradients do not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// A wrong shape, no steps or no samples, element types other than f32 or f64 or not all the
    /// same, a device other than the cpu or (feature `cuda`) a GPU, which takes f32 alone, an effective dt below
    /// [`DT_FLOOR`](crate::DT_FLOOR) (on a GPU all results are NaN then), or
    /// [`Record::Velocities`] of a cell with a state norm.
    pub fn forward(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        packed: &Tensor,
        record: Record,
    ) -> Result<Tensor> {
        let differentiated = [drive, initial, packed].iter().any(|tensor| tensor.track_op());
        let op = self.op(drive, initial, packed, record, differentiated)?;
        let (initial, packed) = (initial.contiguous()?, packed.contiguous()?);
        Ok(drive.contiguous()?.apply_op3(&initial, &packed, op)?)
    }

    /// The op that runs the cell on these arguments, which are checked.
    pub(crate) fn op(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        packed: &Tensor,
        record: Record,
        differentiated: bool,
    ) -> Result<CellOp> {
        if record == Record::Velocities && self.config.state_norm {
            return Err(Error::VelocitiesWithNorm);
        }
        self.check_arguments(drive, initial, packed)?;
        let Self { config, layout, simd } = self.clone();
        Ok(CellOp::new(config, layout, record, simd, differentiated))
    }

    fn check_arguments(&self, drive: &Tensor, initial: &Tensor, packed: &Tensor) -> Result<()> {
        let (units, inputs) = (self.units(), self.config.inputs());
        let arguments = [
            ("the drive", drive),
            ("the initial state", initial),
            ("the packed parameters", packed),
        ];
        for (what, tensor) in arguments {
            check_device(what, tensor, drive)?;
            if !matches!(tensor.dtype(), DType::F32 | DType::F64) {
                return Err(unsupported_type(what, tensor.dtype()));
            }
            if tensor.dtype() != drive.dtype() {
                return Err(Error::ElementType {
                    action: RUNNING,
                    what,
                    expected: "the element type of the drive",
                    found: tensor.dtype(),
                });
            }
        }
        let wrong = |what, expected, tensor: &Tensor| Error::Shape {
            action: RUNNING,
            what,
            expected,
            found: tensor.dims().to_vec(),
        };
        let samples = match *drive.dims() {
            [steps, samples, found] if steps > 0 && samples > 0 && found == inputs => samples,
            _ => {
                let expected = format!("[time, batch, {inputs}] with at least one step and sample");
                return Err(wrong("the drive", expected, drive));
            }
        };
        if *initial.dims() != [2, samples, units] {
            let expected = format!("[2, {samples}, {units}] (position and velocity, batch, units)");
            return Err(wrong("the initial state", expected, initial));
        }
        if *packed.dims() != [self.layout.len()] {
            return Err(wrong("the packed parameters", format!("[{}]", self.layout.len()), packed));
        }
        Ok(())
    }
}

/// Refuses devices that this crate has no code for, or was built without, or other than the drive's; and on a GPU other
/// numbers than f32.
fn check_device(what: &'static str, tensor: &Tensor, drive: &Tensor) -> Result<()> {
    let on_gpu = cfg!(feature = "cuda") && tensor.device().is_cuda();
    if !tensor.device().same_device(drive.device()) || !(tensor.device().is_cpu() || on_gpu) {
        let device = format!("{:?}", tensor.device().location());
        return Err(Error::Device { op: NAME, what, device });
    }
    if on_gpu && tensor.dtype() != DType::F32 {
        let (expected, found) = ("f32 on a GPU", tensor.dtype());
        return Err(Error::ElementType { action: RUNNING, what, expected, found });
    }
    Ok(())
}
