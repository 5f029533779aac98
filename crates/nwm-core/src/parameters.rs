//! The parameters of a cell: which exist, their shapes, and their place in one flat vector.

use std::ops::Range;

use candle_core::{DType, Tensor};

use crate::config::{Bias, CellConfig, Scalar, check_time_step};
use crate::error::{Error, Result};
use crate::topology::Topology;
use nwm_simd::Real;

const PACKING: &str = "pack the cell's parameters";

/// Name and shape of one trainable tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterShape {
    /// What the parameter does: `coupling`, `damping`, `drive`, `projection`, `bias`, `dt_raw`,
    /// `gamma_raw`, `alpha_raw`, `norm_gain` or `norm_offset`.
    pub name: &'static str,
    /// Its shape; scalars have none (`[]`).
    pub shape: Vec<usize>,
}

/// The trainable tensors of a cell, in the order in which they are packed.
pub(crate) fn parameter_shapes(config: &CellConfig) -> Vec<ParameterShape> {
    let channels = config.channels;
    let size = config.kernel_size;
    let kernel = match config.topology {
        Topology::Dense { units } => vec![units, units],
        Topology::Rings { .. } if config.one_way => vec![channels, channels],
        Topology::Rings { .. } => vec![channels, channels, size],
        Topology::Torus { .. } => vec![channels, channels, size, size],
    };
    let mut shapes = Vec::new();
    let mut add = |name, shape| shapes.push(ParameterShape { name, shape });
    add("coupling", kernel.clone());
    add("damping", kernel.clone());
    if config.drive_coupling {
        add("drive", kernel);
    }
    if let Some(features) = config.input_features {
        add("projection", vec![features, config.units()]);
    }
    match (config.bias, config.topology) {
        (Bias::PerSite, _) => add("bias", vec![config.units()]),
        (Bias::PerMap, _) => add("bias", vec![channels]),
        (Bias::PerRingPosition, Topology::Rings { sites, .. }) => {
            add("bias", vec![channels, sites]);
        }
        (Bias::PerRingPosition | Bias::None, _) => {}
    }
    for (name, scalar) in
        [("dt_raw", config.dt), ("gamma_raw", config.gamma), ("alpha_raw", config.alpha)]
    {
        if matches!(scalar, Scalar::Learned { .. }) {
            add(name, vec![]);
        }
    }
    if config.state_norm {
        add("norm_gain", vec![config.units()]);
        add("norm_offset", vec![config.units()]);
    }
    shapes
}

/// Where each effective parameter lies in the packed vector.
///
/// The order is coupling, damping and drive kernels (row-major, as in [`ParameterShape`], one-way
/// multipliers expanded to three taps), the input's projection, bias over the units, dt, gamma, alpha, and gain and offset
/// of the state norm. Scalars are effective values and always present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedLayout {
    pub(crate) coupling: Range<usize>,
    pub(crate) damping: Range<usize>,
    pub(crate) drive: Option<Range<usize>>,
    pub(crate) projection: Option<Range<usize>>,
    pub(crate) bias: Option<Range<usize>>,
    pub(crate) dt: usize,
    pub(crate) gamma: usize,
    pub(crate) alpha: usize,
    pub(crate) norm: Option<(Range<usize>, Range<usize>)>,
    length: usize,
}

impl PackedLayout {
    /// The layout of a cell of this configuration.
    ///
    /// # Errors
    /// Those of [`CellConfig::validate`].
    pub fn new(config: &CellConfig) -> Result<Self> {
        config.validate()?;
        let units = config.units();
        let kernel = match config.topology {
            Topology::Dense { units } => units * units,
            Topology::Rings { .. } => config.channels * config.channels * config.kernel_size,
            Topology::Torus { .. } => {
                config.channels * config.channels * config.kernel_size * config.kernel_size
            }
        };
        let mut length = 0;
        let mut take = |count| {
            let start = length;
            length += count;
            start..length
        };
        let coupling = take(kernel);
        let damping = take(kernel);
        let drive = config.drive_coupling.then(|| take(kernel));
        let projection = config.input_features.map(|features| take(features * units));
        let bias = (config.bias != Bias::None).then(|| take(units));
        let dt = take(1).start;
        let gamma = take(1).start;
        let alpha = take(1).start;
        let norm = config.state_norm.then(|| (take(units), take(units)));
        Ok(Self { coupling, damping, drive, projection, bias, dt, gamma, alpha, norm, length })
    }

    /// Length of the packed vector.
    #[expect(clippy::len_without_is_empty, reason = "a cell always has parameters")]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the kernel on the drive begins.
    pub(crate) fn drive_start(&self) -> Option<usize> {
        self.drive.as_ref().map(|range| range.start)
    }

    /// Where the input's projection begins.
    pub(crate) fn projection_start(&self) -> Option<usize> {
        self.projection.as_ref().map(|range| range.start)
    }

    /// Where the bias begins.
    pub(crate) fn bias_start(&self) -> Option<usize> {
        self.bias.as_ref().map(|range| range.start)
    }

    /// Where the gain of the state norm begins.
    pub(crate) fn gain_start(&self) -> Option<usize> {
        self.norm.as_ref().map(|(gain, _)| gain.start)
    }

    /// Where the offset of the state norm begins.
    pub(crate) fn offset_start(&self) -> Option<usize> {
        self.norm.as_ref().map(|(_, offset)| offset.start)
    }

    /// Where the kernels, which come first, end.
    pub(crate) fn kernels_end(&self) -> usize {
        self.drive.as_ref().unwrap_or(&self.damping).end
    }

    /// Where the kernels lie, in the order of [`Parameters::kernels`].
    pub(crate) fn kernels(&self) -> impl Iterator<Item = &Range<usize>> {
        [&self.coupling, &self.damping].into_iter().chain(&self.drive)
    }

    /// Looks at a packed vector as the parameters it holds.
    ///
    /// # Errors
    /// [`Error::Shape`] if `packed` is not of length [`PackedLayout::len`].
    pub fn parameters<'a, R: Real>(&self, packed: &'a [R]) -> Result<Parameters<'a, R>> {
        if packed.len() != self.length {
            return Err(Error::Shape {
                action: "read packed parameters",
                what: "the vector",
                expected: format!("[{}]", self.length),
                found: vec![packed.len()],
            });
        }
        let slice = |range: &Range<usize>| &packed[range.clone()];
        Ok(Parameters {
            coupling: slice(&self.coupling),
            damping: slice(&self.damping),
            drive: self.drive.as_ref().map(slice),
            projection: self.projection.as_ref().map(slice),
            bias: self.bias.as_ref().map(slice),
            dt: packed[self.dt],
            gamma: packed[self.gamma],
            alpha: packed[self.alpha],
            norm: self
                .norm
                .as_ref()
                .map(|(gain, offset)| Norm { gain: slice(gain), offset: slice(offset) }),
        })
    }
}

/// The effective parameters of a cell, borrowed from a packed vector.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Parameters<'a, R> {
    /// Kernel on positions, `[out, in, row, column]`, `[out, in, tap]` or `[in, out]`.
    pub coupling: &'a [R],
    /// Kernel on velocities, same shape.
    pub damping: &'a [R],
    /// Kernel on the drive, same shape; without it the drive enters as it is.
    pub drive: Option<&'a [R]>,
    /// What turns an input into the drive, `[feature, unit]`, if the cell has one.
    pub projection: Option<&'a [R]>,
    /// Constant term, one value per unit.
    pub bias: Option<&'a [R]>,
    /// Effective time step.
    pub dt: R,
    /// Effective restoring coefficient.
    pub gamma: R,
    /// Effective damping coefficient.
    pub alpha: R,
    /// State norm, if there is one.
    pub norm: Option<Norm<'a, R>>,
}

impl<'a, R> Parameters<'a, R> {
    /// The kernels on position, velocity and, if it is coupled, the drive.
    pub fn kernels(&self) -> Vec<&'a [R]> {
        [self.coupling, self.damping].into_iter().chain(self.drive).collect()
    }
}

/// Gain and offset of the state norm, one value per unit each.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a, R> {
    /// Factor on the normalised position.
    pub gain: &'a [R],
    /// Added to the scaled position.
    pub offset: &'a [R],
}

/// Applies the constraints and lays the parameters out as [`PackedLayout`] says, differentiably.
pub(crate) fn pack(config: &CellConfig, tensors: &[Tensor]) -> Result<Tensor> {
    let shapes = parameter_shapes(config);
    if tensors.len() != shapes.len() {
        let names: Vec<_> = shapes.iter().map(|parameter| parameter.name).collect();
        return Err(Error::ParameterCount {
            expected: shapes.len(),
            found: tensors.len(),
            names: names.join(", "),
        });
    }
    let (dtype, device) = (tensors[0].dtype(), tensors[0].device());
    if !matches!(dtype, DType::F32 | DType::F64) {
        return Err(Error::ElementType {
            action: PACKING,
            what: shapes[0].name,
            expected: "f32 or f64",
            found: dtype,
        });
    }
    for (parameter, tensor) in shapes.iter().zip(tensors) {
        check_parameter(parameter, tensor, dtype)?;
    }

    let named = |name: &'static str| {
        shapes.iter().position(|parameter| parameter.name == name).map(|index| &tensors[index])
    };
    let mut parts = Vec::new();
    for kernel in ["coupling", "damping", "drive"].into_iter().filter_map(named) {
        parts.push(pack_kernel(config, kernel)?);
    }
    if let Some(projection) = named("projection") {
        parts.push(projection.flatten_all()?);
    }
    if let Some(bias) = named("bias") {
        parts.push(pack_bias(config, bias)?);
    }
    let fixed = |value: f64| Tensor::new(&[value], device)?.to_dtype(dtype);
    parts.push(match (config.dt, named("dt_raw")) {
        (_, Some(raw)) => time_step(raw)?,
        (dt, None) => fixed(dt.as_time_step())?,
    });
    for (scalar, name) in [(config.gamma, "gamma_raw"), (config.alpha, "alpha_raw")] {
        parts.push(match named(name) {
            Some(raw) => coefficient(raw)?,
            None => fixed(scalar.as_coefficient())?,
        });
    }
    parts.extend(["norm_gain", "norm_offset"].into_iter().filter_map(named).cloned());
    Ok(Tensor::cat(&parts, 0)?)
}

fn check_parameter(parameter: &ParameterShape, tensor: &Tensor, dtype: DType) -> Result<()> {
    if tensor.dims() != parameter.shape {
        return Err(Error::Shape {
            action: PACKING,
            what: parameter.name,
            expected: format!("{:?}", parameter.shape),
            found: tensor.dims().to_vec(),
        });
    }
    if tensor.dtype() != dtype {
        return Err(Error::ElementType {
            action: PACKING,
            what: parameter.name,
            expected: "the element type of the first parameter",
            found: tensor.dtype(),
        });
    }
    Ok(())
}

/// A kernel as a flat vector; a one-way multiplier `mu` becomes the taps `[0, 0, mu]`.
fn pack_kernel(config: &CellConfig, kernel: &Tensor) -> candle_core::Result<Tensor> {
    if !config.one_way {
        return kernel.flatten_all();
    }
    let (rows, columns) = kernel.dims2()?;
    let zeros = Tensor::zeros((rows, columns, 2), kernel.dtype(), kernel.device())?;
    Tensor::cat(&[zeros, kernel.unsqueeze(2)?], 2)?.flatten_all()
}

/// A bias repeated over the units that share it, `[units]`.
fn pack_bias(config: &CellConfig, bias: &Tensor) -> candle_core::Result<Tensor> {
    let channels = config.channels;
    match (config.bias, config.topology) {
        (Bias::PerMap, _) => {
            bias.reshape((channels, 1))?.broadcast_as((channels, config.topology.sites()))
        }
        (Bias::PerRingPosition, Topology::Rings { rings, sites }) => {
            bias.reshape((channels, 1, sites))?.broadcast_as((channels, rings, sites))
        }
        _ => Ok(bias.clone()),
    }?
    .flatten_all()
}

/// dt = sigmoid(raw), shape `[1]`, refused below the floor. A GPU would have to finish all its work for an answer: its kernels
/// look at dt themselves, and turn everything into NaN.
fn time_step(raw: &Tensor) -> Result<Tensor> {
    let dt = (raw.neg()?.exp()? + 1.0)?.recip()?;
    if raw.device().is_cpu() {
        check_time_step(dt.to_dtype(DType::F64)?.to_scalar::<f64>()?)?;
    }
    Ok(dt.reshape(1)?)
}

/// relu(raw), shape `[1]`. The mask makes the derivative at 0 equal to 0, as the paper's code has it.
fn coefficient(raw: &Tensor) -> candle_core::Result<Tensor> {
    let positive = raw.gt(0.0)?.to_dtype(raw.dtype())?;
    (raw * positive)?.reshape(1)
}
