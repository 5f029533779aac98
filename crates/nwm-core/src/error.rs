//! What can go wrong in this crate.

use candle_core::DType;

/// The result of this crate's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// What a cell refuses, each variant with what was expected and what was found.
///
/// Messages complete the sentence "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The instruction set asked for is not there.
    #[error("choose an instruction set: {0}")]
    InstructionSet(#[from] nwm_simd::Unavailable),

    /// A text that names no topology.
    #[error(
        "read a topology: found {found:?}, expected ROWSxCOLUMNS of a torus (torus:64x64), \
         RINGSxSITES (rings:24x54) or units (dense:256)"
    )]
    UnknownTopology {
        /// The text.
        found: String,
    },

    /// A size in the configuration is zero.
    #[error("configure the cell: {what} is 0, expected at least 1")]
    ZeroSize {
        /// Which size.
        what: &'static str,
    },

    /// The product of the sizes does not fit a machine word.
    #[error(
        "configure the cell: {channels} channels of a {topology} have too many parameters to address"
    )]
    TooLarge {
        /// The arrangement asked for, as text.
        topology: String,
        /// Channels asked for.
        channels: usize,
    },

    /// A kernel without a centre.
    #[error("configure the cell: kernel_size is {kernel_size}, expected an odd number")]
    EvenKernel {
        /// The size asked for.
        kernel_size: usize,
    },

    /// A kernel that would look at some site twice.
    #[error(
        "configure the cell: kernel_size {kernel_size} is larger than the {axis} axis of length \
         {length}; use a smaller kernel or a larger map"
    )]
    KernelTooLarge {
        /// The size asked for.
        kernel_size: usize,
        /// The axis that is too short: `row`, `column` or `ring`.
        axis: &'static str,
        /// The length of that axis.
        length: usize,
    },

    /// One-way coupling outside rings.
    #[error("configure the cell: one_way coupling needs rings, found a {topology}")]
    OneWayNeedsRings {
        /// The arrangement asked for, as text.
        topology: String,
    },

    /// One-way coupling has a fixed three-tap kernel.
    #[error("configure the cell: one_way coupling has kernel_size 3, found {kernel_size}")]
    OneWayKernel {
        /// The size asked for.
        kernel_size: usize,
    },

    /// The requested sharing of biases does not exist on this topology.
    #[error("configure the cell: bias {bias} is not defined on a {topology}; use {allowed}")]
    BiasNeedsOtherTopology {
        /// The sharing asked for, as text.
        bias: String,
        /// The arrangement asked for, as text.
        topology: String,
        /// What could be used instead.
        allowed: &'static str,
    },

    /// The drive can be projected or coupled, not both.
    #[error(
        "configure the cell: input_features and drive_coupling exclude each other; switch \
         drive_coupling off to project the input"
    )]
    ProjectionWithCoupling,

    /// Dense cells have no maps.
    #[error(
        "configure the cell: a dense cell has 1 channel, found {channels}; set its units instead"
    )]
    DenseChannels {
        /// The number asked for.
        channels: usize,
    },

    /// The effective time step is too small for the velocity tape (or not a number).
    #[error(
        "take a step of dt = {dt}: expected at least {floor} and finite; raise dt or its raw value"
    )]
    TimeStepTooSmall {
        /// The effective time step.
        dt: f64,
        /// The smallest allowed, [`DT_FLOOR`](crate::DT_FLOOR).
        floor: f64,
    },

    /// A scalar that is not a finite number in its range.
    #[error("configure the cell: {name} is {value}, expected {expected}")]
    InvalidScalar {
        /// Which scalar.
        name: &'static str,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },

    /// A list of parameters of the wrong length.
    #[error("pack the cell's parameters: expected {expected} tensors ({names}), found {found}")]
    ParameterCount {
        /// How many this cell has.
        expected: usize,
        /// How many were given.
        found: usize,
        /// Their names in order.
        names: String,
    },

    /// A tensor or slice of the wrong shape.
    #[error("{action}: {what} has shape {found:?}, expected {expected}")]
    Shape {
        /// What was being done.
        action: &'static str,
        /// Which tensor.
        what: &'static str,
        /// The shape required, with its axes.
        expected: String,
        /// The shape found.
        found: Vec<usize>,
    },

    /// An element type the cell does not compute in, or a mixture of types.
    #[error("{action}: {what} is {found:?}, expected {expected}")]
    ElementType {
        /// What was being done.
        action: &'static str,
        /// Which tensor.
        what: &'static str,
        /// What is allowed here.
        expected: &'static str,
        /// The type found.
        found: DType,
    },

    /// A device for which the op has no implementation.
    #[error(
        "run {op}: {what} is on {device}, expected the device of the drive, which is the cpu or, with the feature \
         cuda, a GPU; move it there first"
    )]
    Device {
        /// The name of the op.
        op: &'static str,
        /// Which tensor.
        what: &'static str,
        /// Where it is.
        device: String,
    },

    /// The layer-normalised recurrence cannot be inverted.
    #[error(
        "record velocities of a cell with a state norm: positions cannot be reconstructed through \
         it; record states instead"
    )]
    VelocitiesWithNorm,

    /// Nothing is left of the trajectory that led to a result.
    #[error(
        "pull a gradient back through the cell: the run that gave this result kept no trajectory; \
         let an argument track gradients before running the cell"
    )]
    NoTape,

    /// A question about the steady response of an uncoupled unit that has none.
    #[error(
        "bound the impulse response of dt = {dt}, gamma = {gamma}, alpha = {alpha}: the spectral \
         radius of the step is {radius}, expected less than {limit}"
    )]
    Unstable {
        /// Time step.
        dt: f64,
        /// Restoring coefficient.
        gamma: f64,
        /// Damping coefficient.
        alpha: f64,
        /// Largest modulus of the eigenvalues of the step.
        radius: f64,
        /// The largest radius for which the response is summed.
        limit: f64,
    },

    /// A launch on a GPU that failed.
    #[error(transparent)]
    Launch(#[from] nwm_cuda::Error),

    /// An error of the tensor library.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(inner) => inner,
            other => candle_core::Error::wrap(other),
        }
    }
}
