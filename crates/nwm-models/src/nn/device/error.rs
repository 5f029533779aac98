//! What can go wrong when an operation runs on a device.

/// Messages complete the sentence "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// An array that is shorter than the shapes say.
    #[error("compute on the device: {what} ends at {end} of an array of {length}")]
    Length {
        /// Which array.
        what: &'static str,
        /// Where the numbers end that a kernel would read or write.
        end: usize,
        /// Numbers of the array.
        length: usize,
    },

    /// Results of another number of layers.
    #[error("compute on the device: found results of {found} layers, expected {expected}")]
    Results {
        /// Layers of which there are results.
        found: usize,
        /// Layers of the stack.
        expected: usize,
    },

    /// More numbers than a kernel can count.
    #[error(
        "compute on the device: {what} has {found} numbers, at most {most} are possible; use a smaller batch"
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
