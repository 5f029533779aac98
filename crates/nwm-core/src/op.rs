//! The recurrence over a whole sequence as one differentiable op of the tensor library.

use std::sync::OnceLock;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Shape, Storage, Tensor, WithDType};

use crate::config::{CellConfig, check_time_step};
use crate::error::{Error, Result};
use crate::imex::adjoint::{self, Gradients, Recorded};
use crate::imex::coupling::Pass;
use crate::imex::cpu::{self, Extent, Written};
use crate::imex::dense::DenseCoupling;
use crate::imex::few::FewChannels;
use crate::imex::many::ManyChannels;
use crate::imex::planes::Planes;
use crate::parameters::{PackedLayout, Parameters};
use crate::state::{Record, Tape};
use crate::topology::Topology;
use nwm_simd::{Real, Simd};

/// The name under which errors report the op.
pub(crate) const NAME: &str = "nwm-cell";

/// What errors in the op's arguments say was being done.
pub(crate) const RUNNING: &str = "run the cell";

/// Arguments: drive `[time, batch, inputs]`, initial state `[2, batch, units]`, packed parameters.
/// The result is what `record` names; what the backward pass needs beside it stays in here.
pub(crate) struct CellOp {
    config: CellConfig,
    layout: PackedLayout,
    record: Record,
    simd: Simd,
    /// If there will be a backward pass: velocities and positions of [`Kept`].
    kept: Option<OnceLock<[CpuStorage; 2]>>,
    /// The same of a run on a GPU.
    #[cfg(feature = "cuda")]
    kept_on_gpu: OnceLock<crate::gpu_op::KeptOnGpu>,
}

impl CellOp {
    /// `differentiated` says whether a backward pass may follow.
    pub(crate) fn new(
        config: CellConfig,
        layout: PackedLayout,
        record: Record,
        simd: Simd,
        differentiated: bool,
    ) -> Self {
        let kept = differentiated.then(OnceLock::new);
        Self {
            config,
            layout,
            record,
            simd,
            kept,
            #[cfg(feature = "cuda")]
            kept_on_gpu: OnceLock::new(),
        }
    }

    /// Time, batch and parts of the result.
    fn result_shape(&self, Extent { steps, samples, units, .. }: Extent) -> Shape {
        match self.record {
            Record::States => Shape::from((steps, samples, 2, units)),
            Record::Velocities => Shape::from((steps + 1, samples, units)),
            Record::Positions => Shape::from((steps, samples, units)),
            Record::Last => Shape::from((2, samples, units)),
        }
    }

    fn extent(&self, drive: &Shape) -> candle_core::Result<Extent> {
        let (steps, samples, inputs) = drive.dims3()?;
        Ok(Extent { steps, samples, units: self.config.units(), inputs })
    }

    /// The trajectory, from what the forward pass left behind.
    fn tape<'a, R: Real + WithDType>(
        &'a self,
        extent: Extent,
        result: &'a [R],
    ) -> Result<Tape<'a, R>> {
        let row = extent.row();
        let kept = || match self.kept.as_ref().and_then(OnceLock::get) {
            Some([velocities, positions]) => Ok((velocities.as_slice()?, positions.as_slice()?)),
            None => Err(Error::NoTape),
        };
        Ok(match self.record {
            Record::States => Tape::States(result),
            Record::Velocities => {
                let (velocities, last_position) = result.split_at(extent.steps * row);
                Tape::Velocities { velocities, last_position }
            }
            Record::Positions => {
                let (velocities, _) = kept()?;
                if self.config.state_norm {
                    Tape::Both { positions: result, velocities }
                } else {
                    Tape::Velocities { velocities, last_position: &result[result.len() - row..] }
                }
            }
            Record::Last => {
                let (velocities, positions) = kept()?;
                if self.config.state_norm {
                    Tape::Both { positions, velocities }
                } else {
                    Tape::Velocities { velocities, last_position: &result[..row] }
                }
            }
        })
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
        let simd = self.simd;
        let (record, kept) = (self.record, self.kept.is_some());
        let inputs = (drive, initial);
        let Written { result, kept } =
            match &Couplings::new(&self.config, &parameters, simd, Pass::Forward) {
                Couplings::Dense(coupling) => {
                    cpu::forward(simd, coupling, &parameters, extent, inputs, record, kept)
                }
                Couplings::FewChannels(coupling) => {
                    cpu::forward(simd, coupling, &parameters, extent, inputs, record, kept)
                }
                Couplings::ManyChannels(coupling) => {
                    cpu::forward(simd, coupling, &parameters, extent, inputs, record, kept)
                }
            };
        if let Some(slot) = &self.kept {
            // An op runs once; a second run would leave the same behind.
            slot.get_or_init(|| {
                [kept.velocities, kept.positions].map(|values| R::to_cpu_storage_owned(values))
            });
        }
        Ok(R::to_cpu_storage_owned(result))
    }

    fn backward<R: Real + WithDType>(
        &self,
        extent: Extent,
        parameters: &Parameters<'_, R>,
        recorded: &Recorded<'_, R>,
        with_drive: bool,
    ) -> Gradients<R> {
        let (simd, layout) = (self.simd, &self.layout);
        match &Couplings::new(&self.config, parameters, simd, Pass::Backward) {
            Couplings::Dense(coupling) => {
                adjoint::backward(simd, coupling, parameters, layout, extent, recorded, with_drive)
            }
            Couplings::FewChannels(coupling) => {
                adjoint::backward(simd, coupling, parameters, layout, extent, recorded, with_drive)
            }
            Couplings::ManyChannels(coupling) => {
                adjoint::backward(simd, coupling, parameters, layout, extent, recorded, with_drive)
            }
        }
    }

    /// Gradients of drive (if `with_drive`), initial state and packed parameters from the gradient of
    /// the result.
    pub(crate) fn pull_back(
        &self,
        inputs_and_result: [&Tensor; 4],
        gradient: &Tensor,
        with_drive: bool,
    ) -> candle_core::Result<(Option<Tensor>, Tensor, Tensor)> {
        let gradient = gradient.contiguous()?;
        #[cfg(feature = "cuda")]
        if gradient.device().is_cuda() {
            let extent = self.extent(inputs_and_result[0].shape())?;
            return Ok(self.pull_back_on_gpu(extent, inputs_and_result, &gradient, with_drive)?);
        }
        match gradient.dtype() {
            DType::F32 => self.gradients::<f32>(inputs_and_result, &gradient, with_drive),
            DType::F64 => self.gradients::<f64>(inputs_and_result, &gradient, with_drive),
            other => Err(unsupported_type("the gradient", other).into()),
        }
    }

    fn gradients<R: Real + WithDType>(
        &self,
        [drive, initial, packed, result]: [&Tensor; 4],
        gradient: &Tensor,
        with_drive: bool,
    ) -> candle_core::Result<(Option<Tensor>, Tensor, Tensor)> {
        let extent = self.extent(drive.shape())?;
        let gradients = with_values(drive, |drive_values: &[R]| {
            with_values(initial, |initial_values| {
                with_values(packed, |packed_values| {
                    with_values(result, |result_values| {
                        with_values(gradient, |gradient| {
                            let parameters = self.layout.parameters(packed_values)?;
                            let recorded = Recorded {
                                drive: drive_values,
                                initial: initial_values,
                                tape: self.tape(extent, result_values)?,
                                record: self.record,
                                gradient,
                            };
                            Ok(self.backward(extent, &parameters, &recorded, with_drive))
                        })
                    })
                })
            })
        })?;
        let tensor = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device());
        Ok((
            gradients.drive.map(|values| tensor(values, drive)).transpose()?,
            tensor(gradients.initial, initial)?,
            tensor(gradients.packed, packed)?,
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
        Ok((tape, self.result_shape(extent)))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        drive: &candle_core::CudaStorage,
        drive_layout: &Layout,
        initial: &candle_core::CudaStorage,
        initial_layout: &Layout,
        packed: &candle_core::CudaStorage,
        packed_layout: &Layout,
    ) -> candle_core::Result<(candle_core::CudaStorage, Shape)> {
        let extent = self.extent(drive_layout.shape())?;
        let arguments = [(drive, drive_layout), (initial, initial_layout), (packed, packed_layout)];
        Ok((self.forward_on_gpu(extent, arguments)?, self.result_shape(extent)))
    }

    fn bwd(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        packed: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let inputs_and_result = [drive, initial, packed, result];
        let (drive, initial, packed) =
            self.pull_back(inputs_and_result, gradient, drive.track_op())?;
        Ok((drive, Some(initial), Some(packed)))
    }
}

#[cfg(feature = "cuda")]
impl CellOp {
    pub(crate) fn config(&self) -> &CellConfig {
        &self.config
    }

    pub(crate) fn record(&self) -> Record {
        self.record
    }

    /// Whether a backward pass may follow.
    pub(crate) fn is_differentiated(&self) -> bool {
        self.kept.is_some()
    }

    /// What a forward pass on a GPU left behind; an op runs once.
    pub(crate) fn keep_on_gpu(&self, kept: crate::gpu_op::KeptOnGpu) {
        self.kept_on_gpu.get_or_init(|| kept);
    }

    pub(crate) fn kept_on_gpu(&self) -> Option<&crate::gpu_op::KeptOnGpu> {
        self.kept_on_gpu.get()
    }
}

/// Whether vectors run over maps instead of over the sites of a row.
///
/// Both were timed up to 64 maps, with this rule changed (`cargo xtask bench cell --shape` times a cell of any
/// shape). With 512-bit vectors and their 32 registers maps
/// win from 16 on. With shorter vectors, and half as many registers, sites win as long as a row fills one; at 64 maps
/// they are level, and the planes of all maps no longer fit the first cache.
fn runs_over_maps<R>(channels: usize, columns: usize, lanes: usize) -> bool {
    let vector_bytes = lanes * size_of::<R>();
    channels >= 16 && (vector_bytes >= 64 || columns < lanes || channels >= 64)
}

/// The couplings of a cell, by the way they are computed.
enum Couplings<'a, R> {
    Dense(DenseCoupling<R>),
    FewChannels(FewChannels<'a, R>),
    ManyChannels(ManyChannels<R>),
}

impl<'a, R: Real> Couplings<'a, R> {
    fn new(config: &CellConfig, parameters: &Parameters<'a, R>, simd: Simd, pass: Pass) -> Self {
        let (size, channels) = (config.kernel_size, config.channels);
        let (rows, columns, tap_rows) = match config.topology {
            Topology::Dense { units } => {
                let lanes = simd.lanes::<R>();
                return Self::Dense(DenseCoupling::new(units, parameters, pass, lanes));
            }
            Topology::Torus { rows, columns } => (rows, columns, size),
            // Rings are rows that do not mix.
            Topology::Rings { rings, sites } => (rings, sites, 1),
        };
        let planes = Planes { rows, columns, tap_rows, tap_columns: size };
        let lanes = simd.lanes::<R>();
        if runs_over_maps::<R>(channels, columns, lanes) {
            Self::ManyChannels(ManyChannels::new(planes, channels, parameters, pass, lanes))
        } else {
            Self::FewChannels(FewChannels::new(planes, channels, parameters, lanes))
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
