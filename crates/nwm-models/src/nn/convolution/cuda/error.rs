//! What can go wrong when layers are computed on a device.

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Messages complete the sentence "failed to ...".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An array that is shorter than the shapes say.
    #[error("convolve on the device: {what} ends at {end} of an array of {length}")]
    Length {
        /// Which array.
        what: &'static str,
        /// Where the numbers end that a kernel would read.
        end: usize,
        /// Numbers of the array.
        length: usize,
    },

    /// Results of another number of layers.
    #[error("convolve on the device: found results of {found} layers, expected {expected}")]
    Results {
        /// Layers of which there are results.
        found: usize,
        /// Layers of the stack.
        expected: usize,
    },

    /// More numbers than a kernel can count.
    #[error(
        "convolve on the device: {what} has {found} numbers, at most {most} are possible; use a smaller batch"
    )]
    Size {
        /// Which array.
        what: &'static str,
        /// Its numbers.
        found: usize,
        /// What 31 bits can count, with a margin.
        most: usize,
    },

    /// A launch that failed.
    #[error(transparent)]
    Launch(#[from] nwm_cuda::Error),
}
