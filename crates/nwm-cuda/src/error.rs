//! What can go wrong when kernels are launched.

/// The result of this crate's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// Messages complete the sentence "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A launch that no device of this kind can take.
    #[error("launch {kernel}: {what} is {found}, at most {most} is possible")]
    Grid {
        /// Which kernel.
        kernel: &'static str,
        /// Which size.
        what: &'static str,
        /// The size asked for.
        found: usize,
        /// The largest possible one.
        most: usize,
    },

    /// A launch of nothing, which drivers refuse with an answer that does not say why.
    #[error("launch {kernel}: {what} is 0, at least 1 is needed")]
    EmptyGrid {
        /// Which kernel.
        kernel: &'static str,
        /// Which size.
        what: &'static str,
    },

    /// A size that does not fit the number that a kernel counts with.
    #[error("launch a kernel: {what} is {found}, which does not fit 31 bits")]
    Count {
        /// Which number.
        what: &'static str,
        /// The number.
        found: usize,
    },

    /// More arrays than a launch can name.
    #[error("launch a kernel: found a list of {found}, at most {most} are possible")]
    List {
        /// How many were listed.
        found: usize,
        /// The longest possible list.
        most: usize,
    },

    /// An array of another length than expected.
    #[error("multiply matrices on the device: {what} ends at {end} of an array of {length}")]
    Length {
        /// Which array.
        what: &'static str,
        /// Where the access ends.
        end: usize,
        /// How long the array is.
        length: usize,
    },

    /// There is no compiler for the emulation.
    #[error(
        "build an emulation: {compiler} does not start: {why}; install g++ or name another compiler in CXX"
    )]
    NoCompiler {
        /// The compiler that was tried.
        compiler: String,
        /// What the operating system said.
        why: String,
    },

    /// The emulation cannot be built.
    #[error("build the emulation of {name}: {why}")]
    Build {
        /// The program.
        name: String,
        /// What the compiler or the file system said.
        why: String,
    },

    /// The emulated kernel broke a rule, or its process ended.
    #[error("emulate a kernel: {0}")]
    Emulation(String),

    /// The driver or a library of it refused.
    #[cfg(feature = "cuda")]
    #[error("use the GPU: {}", first_line(.0))]
    Device(#[from] candle_core::Error),
}

/// What the driver said, without the trace that the tensor library may add.
#[cfg(feature = "cuda")]
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
