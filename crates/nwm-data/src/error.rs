//! What can go wrong when data sets are made, stored, read and batched.

use std::path::PathBuf;

use crate::names::suggestion;
use crate::spec::Split;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in this crate.
///
/// Messages are fragments that complete "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name is not one of the known ones.
    #[error("unknown {what} {found:?}: expected one of {known}{}", suggestion(found, known))]
    UnknownName {
        /// What the name should denote ("system", "split", ...).
        what: &'static str,
        /// The name as given.
        found: String,
        /// The accepted names, separated by commas.
        known: String,
    },

    /// A setting is outside its range.
    #[error("{key}: found {found}, expected {expected}")]
    InvalidSetting {
        /// The configuration key, or the field where there is no key.
        key: &'static str,
        /// The value as given.
        found: String,
        /// The accepted range.
        expected: &'static str,
    },

    /// A window does not fit into the trajectories.
    #[error(
        "windows of {window} frames ({key}) do not fit into trajectories of {frames} frames \
         (data.frames): lower {key} to at most {frames} or raise data.frames to at least {window}"
    )]
    WindowTooLong {
        /// The configuration key that holds the length of the window.
        key: &'static str,
        /// Frames in one window.
        window: usize,
        /// Frames in the shortest trajectory.
        frames: usize,
    },

    /// A source of frames holds no trajectory.
    #[error("the source of frames holds no trajectory: expected at least one (data.trajectories)")]
    EmptySource,

    /// Frames of one part of a data set where those of another are needed.
    #[error("frames of the {found} split: expected those of the {expected} split")]
    OtherSplit {
        /// The part that they are.
        found: Split,
        /// The part that is needed.
        expected: Split,
    },

    /// A buffer or a slice does not have the length its axes ask for.
    #[error("{what}: found {found} values, expected {axes} = {expected}")]
    BufferLength {
        /// Which buffer.
        what: &'static str,
        /// Its axes.
        axes: &'static str,
        /// The number of values asked for.
        expected: usize,
        /// The number of values found.
        found: usize,
    },

    /// An index lies outside an axis.
    #[error("{axis} {start}..{end} lies outside 0..{length}")]
    OutOfRange {
        /// The axis ("trajectory", "frame").
        axis: &'static str,
        /// First index asked for.
        start: usize,
        /// One past the last index asked for.
        end: usize,
        /// The length of the axis.
        length: usize,
    },

    /// The integrator cannot reach its tolerance.
    #[error(
        "the integrator gave up at time {time}: its step shrank to {step}; the state is not finite \
         or the tolerance cannot be reached"
    )]
    StepTooSmall {
        /// Time reached, in the units of `dt`.
        time: f64,
        /// The step that was refused.
        step: f64,
    },

    /// The integrator needs more steps between two states than make sense.
    #[error(
        "the integrator gave up at time {time}, {steps} steps after the last state: the time step (data.dt) is too large, \
         or the equations too stiff"
    )]
    TooManySteps {
        /// Time reached, in the units of `dt`.
        time: f64,
        /// Steps since the last state.
        steps: usize,
    },

    /// The caller asked to stop.
    #[error("interrupted; the same command goes on with what is finished")]
    Interrupted,

    /// The operating system refused an operation on a file or folder.
    #[error("{}: cannot {action} ({source})", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },

    /// Another process works on the same file or folder.
    #[error(
        "{}: another process is working on it; wait until it has finished, or choose another name",
        path.display()
    )]
    Locked {
        /// The file or folder.
        path: PathBuf,
    },

    /// A file does not hold what it should.
    #[error("{}: {place}: found {found}, expected {expected}; {advice}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The data set or attribute inside the file, or "file".
        place: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
        /// What to do about it.
        advice: &'static str,
    },

    /// No mirror gave a file.
    #[error(
        "{name}: no mirror gave the published file ({}); try again later, or get the files otherwise and name their \
         folder (--from DIR)",
        reasons.join("; ")
    )]
    Download {
        /// The file.
        name: String,
        /// What happened at each address.
        reasons: Vec<String>,
    },

    /// The HDF5 library could not write a file.
    #[error("{}: the HDF5 library could not {action} ({reason})", path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        action: String,
        /// The library's reason.
        reason: String,
    },

    /// A loader thread could not be started, or ended before its time.
    #[error("a thread of the loader {problem} while preparing batch {step}")]
    Worker {
        /// The batch.
        step: u64,
        /// What happened.
        problem: String,
    },
}

/// Compares the length of an array with the one that its axes ask for.
pub(crate) fn check_length(
    what: &'static str,
    axes: &'static str,
    expected: usize,
    found: usize,
) -> Result<()> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::BufferLength { what, axes, expected, found })
    }
}
