//! The recurrence over a whole sequence as one differentiable op of the tensor library.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Shape, Storage, Tensor, WithDType};

use crate::config::{CellConfig, check_time_step};
use crate::error::{Error, Result};
use crate::imex::adjoint::{self, Gradients, Recorded};
use crate::imex::cpu::{self, Extent};
use crate::imex::dense::DenseCoupling;
use crate::imex::local::LocalCoupling;
use crate::parameters::{PackedLayout, Parameters};
use crate::state::{Real, Record};
use crate::topology::Topology;

/// The name under which errors report the op.
pub(crate) const NAME: &str = "nwm-cell";

/// What errors in the op's arguments say was being done.
pub(crate) const RUNNING: &str = "run the cell";

/// Arguments: drive `[time, batch, units]`, initial state `[2, batch, units]`, packed parameters.
/// The result is the tape that `record` names, and all that the backward pass needs to keep.
pub(crate) struct CellOp {
    pub(crate) config: CellConfig,
    pub(crate) layout: PackedLayout,
    pub(crate) record: Record,
}

impl CellOp {
    fn extent(&self, drive: &Shape) -> candle_core::Result<Extent> {
        let (steps, samples, units) = drive.dims3()?;
        Ok(Extent { steps, samples, units })
    }

    fn forward<R: Real + WithDType>(
        &self,
        extent: Extent,
        drive: &[R],
        initial: &[R],
        packed: &[R],
    ) -> Result<CpuStorage> {
        let parameters = self.layout.parameters(packed)?;
        check_time_step(parameters.dt.widen())?;
        let (config, record) = (&self.config, self.record);
        let tape = match config.topology {
            Topology::Dense { units } => {
                let coupling = DenseCoupling::new(units, &parameters);
                cpu::forward(&coupling, &parameters, extent, drive, initial, record)
            }
            Topology::Torus { .. } | Topology::Rings { .. } => {
                let coupling = LocalCoupling::new(config, &parameters);
                cpu::forward(&coupling, &parameters, extent, drive, initial, record)
            }
        };
        Ok(R::to_cpu_storage_owned(tape))
    }

    fn backward<R: Real + WithDType>(
        &self,
        extent: Extent,
        parameters: &Parameters<'_, R>,
        recorded: &Recorded<'_, R>,
        with_drive: bool,
    ) -> Gradients<R> {
        let (config, layout) = (&self.config, &self.layout);
        match config.topology {
            Topology::Dense { units } => {
                let coupling = DenseCoupling::new(units, parameters);
                adjoint::backward(&coupling, parameters, layout, extent, recorded, with_drive)
            }
            Topology::Torus { .. } | Topology::Rings { .. } => {
                let coupling = LocalCoupling::new(config, parameters);
                adjoint::backward(&coupling, parameters, layout, extent, recorded, with_drive)
            }
        }
    }

    fn gradients<R: Real + WithDType>(
        &self,
        [drive, initial, packed, tape]: [&Tensor; 4],
        grad_tape: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let extent = self.extent(drive.shape())?;
        let gradients = with_values(drive, |drive_values: &[R]| {
            with_values(initial, |initial_values| {
                with_values(packed, |packed_values| {
                    with_values(tape, |tape_values| {
                        with_values(grad_tape, |grad_tape| {
                            let parameters = self.layout.parameters(packed_values)?;
                            let recorded = Recorded {
                                drive: drive_values,
                                initial: initial_values,
                                tape: tape_values,
                                grad_tape,
                                record: self.record,
                            };
                            Ok(self.backward(extent, &parameters, &recorded, drive.track_op()))
                        })
                    })
                })
            })
        })?;
        let tensor = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device());
        Ok((
            gradients.drive.map(|values| tensor(values, drive)).transpose()?,
            Some(tensor(gradients.initial, initial)?),
            Some(tensor(gradients.packed, packed)?),
        ))
    }
}

impl CustomOp3 for CellOp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        drive: &CpuStorage,
        drive_layout: &Layout,
        initial: &CpuStorage,
        initial_layout: &Layout,
        packed: &CpuStorage,
        packed_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let extent = self.extent(drive_layout.shape())?;
        let Extent { steps, samples, units } = extent;
        let arguments = [(drive, drive_layout), (initial, initial_layout), (packed, packed_layout)];
        let tape = match drive {
            CpuStorage::F32(_) => {
                let [drive, initial, packed] = contiguous_values::<f32>(arguments)?;
                self.forward(extent, drive, initial, packed)?
            }
            CpuStorage::F64(_) => {
                let [drive, initial, packed] = contiguous_values::<f64>(arguments)?;
                self.forward(extent, drive, initial, packed)?
            }
            other => return Err(unsupported_type("the drive", other.dtype()).into()),
        };
        let shape = match self.record {
            Record::States => Shape::from((steps, samples, 2, units)),
            Record::Velocities => Shape::from((steps + 1, samples, units)),
        };
        Ok((tape, shape))
    }

    fn bwd(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        packed: &Tensor,
        tape: &Tensor,
        grad_tape: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad_tape = grad_tape.contiguous()?;
        match tape.dtype() {
            DType::F32 => self.gradients::<f32>([drive, initial, packed, tape], &grad_tape),
            DType::F64 => self.gradients::<f64>([drive, initial, packed, tape], &grad_tape),
            other => Err(unsupported_type("the tape", other).into()),
        }
    }
}

/// The error for an element type the cell does not compute in.
pub(crate) fn unsupported_type(what: &'static str, found: DType) -> Error {
    Error::ElementType { action: RUNNING, what, expected: "f32 or f64", found }
}

fn contiguous_values<'a, R: WithDType>(
    arguments: [(&'a CpuStorage, &Layout); 3],
) -> candle_core::Result<[&'a [R]; 3]> {
    let values = |(storage, layout)| slice_of(storage, layout);
    let [first, second, third] = arguments.map(values);
    Ok([first?, second?, third?])
}

fn slice_of<'a, R: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [R]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: NAME })?;
    Ok(&storage.as_slice::<R>()?[start..end])
}

/// Lends the values of a contiguous tensor on the cpu to `use_values`.
fn with_values<R: WithDType, T>(
    tensor: &Tensor,
    use_values: impl FnOnce(&[R]) -> candle_core::Result<T>,
) -> candle_core::Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => use_values(slice_of(storage, layout)?),
        Storage::Cuda(_) | Storage::Metal(_) => Err(Error::Device {
            op: NAME,
            what: "an argument",
            device: format!("{:?}", tensor.device().location()),
        }
        .into()),
    }
}
