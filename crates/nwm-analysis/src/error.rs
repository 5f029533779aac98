//! The one error of this crate.

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a number or a picture could not be made. Messages complete "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array has another number of values than its shape says.
    #[error(
        "read {what} of shape {shape:?}: found {found} values, expected {expected}; \
         check the order of the axes"
    )]
    Length {
        /// The array.
        what: &'static str,
        /// The shape given.
        shape: Vec<usize>,
        /// Values in the slice.
        found: usize,
        /// Values the shape asks for.
        expected: usize,
    },

    /// Frames that must have one size differ.
    #[error(
        "{action}: found a frame of {found:?} [row, column], expected {expected:?} like the first"
    )]
    FrameSize {
        /// What was being made.
        action: &'static str,
        /// `[rows, columns]` of the frame that differs.
        found: [usize; 2],
        /// `[rows, columns]` of the first frame.
        expected: [usize; 2],
    },

    /// Arrays that describe the same things differ in size.
    #[error("{action}: found {found} {what}, expected {expected} like {like}")]
    Mismatch {
        /// What was being made.
        action: &'static str,
        /// What was counted, and where.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
        /// The array that fixes the size.
        like: &'static str,
    },

    /// There is nothing to work on.
    #[error("{action}: found none, expected at least one {expected}")]
    Empty {
        /// What was being made.
        action: &'static str,
        /// What was missing.
        expected: &'static str,
    },

    /// An option or a size is outside the range that the result can have.
    #[error("{action}: {name} is {found}, expected {expected}")]
    Range {
        /// What was being made.
        action: &'static str,
        /// The option or size.
        name: &'static str,
        /// Its value.
        found: usize,
        /// The values allowed.
        expected: &'static str,
    },

    /// A real-valued option is outside the range that it can have.
    #[error("{action}: {name} is {found}, expected {expected}")]
    RealRange {
        /// What was being made.
        action: &'static str,
        /// The option.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The values allowed.
        expected: &'static str,
    },

    /// Series are too short for a filter.
    #[error(
        "filter series: found {found} samples, expected at least {} since the filter continues each end by \
         {padding}; take longer series or a lower order",
        padding + 1
    )]
    TooShort {
        /// Samples of each series.
        found: usize,
        /// By how many samples each end is continued.
        padding: usize,
    },

    /// A value is NaN or infinite where a finite number is needed.
    #[error("{action}: value {index} is {value}, expected a finite number")]
    NonFinite {
        /// What was being made.
        action: &'static str,
        /// Position in the slice.
        index: usize,
        /// The value found.
        value: f64,
    },

    /// The library that encodes a picture refused.
    #[error("encode {format}")]
    Encode {
        /// The file format.
        format: &'static str,
        /// The library's reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
