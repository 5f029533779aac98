//! Frames whose part of a data set is in their type.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::source::FrameSource;
use crate::spec::Split;

/// A part of a data set as a type.
pub trait SplitType: sealed::Sealed + Send + Sync + 'static {
    /// The same as a value.
    const SPLIT: Split;
}

/// For fitting.
#[derive(Debug, Clone, Copy)]
pub struct Training;

/// For choosing among models.
#[derive(Debug, Clone, Copy)]
pub struct Validation;

/// For the reported numbers.
#[derive(Debug, Clone, Copy)]
pub struct Testing;

impl SplitType for Training {
    const SPLIT: Split = Split::Train;
}

impl SplitType for Validation {
    const SPLIT: Split = Split::Validation;
}

impl SplitType for Testing {
    const SPLIT: Split = Split::Test;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Training {}
    impl Sealed for super::Validation {}
    impl Sealed for super::Testing {}
}

/// Frames of one part of a data set: a [`Loader`](crate::Loader) takes those for training alone, so that no test set can
/// be shuffled into a training by mistake.
///
/// ```
/// use std::sync::Arc;
/// use nwm_data::{DatasetSpec, RenderedTrajectories, Split, SplitFrames, System, Testing, Training};
/// # fn main() -> Result<(), nwm_data::Error> {
/// let spec = DatasetSpec { frames: 20, ..DatasetSpec::new(System::MassSpring, Split::Test, 2) };
/// let source = Arc::new(RenderedTrajectories::new(Arc::new(nwm_data::generate(&spec)?)));
/// assert!(SplitFrames::<Testing>::new(source.clone()).is_ok());
/// assert!(SplitFrames::<Training>::new(source).is_err());
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use nwm_data::{Loader, LoaderOptions, SplitFrames, Testing};
/// # fn f(test: SplitFrames<Testing>) {
/// let loader = Loader::new(test, LoaderOptions::default());
/// # }
/// ```
pub struct SplitFrames<S> {
    source: Arc<dyn FrameSource>,
    split: PhantomData<S>,
}

impl<S> std::fmt::Debug for SplitFrames<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape = self.source.frame_shape();
        formatter.debug_struct("SplitFrames").field("frame_shape", &shape).finish_non_exhaustive()
    }
}

impl<S> Clone for SplitFrames<S> {
    fn clone(&self) -> Self {
        Self { source: Arc::clone(&self.source), split: PhantomData }
    }
}

impl<S: SplitType> SplitFrames<S> {
    /// The frames of a source. One that does not know its part, such as a file of the user's own, is what the caller says
    /// it is.
    ///
    /// # Errors
    ///
    /// [`Error::OtherSplit`] if the source is another part.
    pub fn new(source: Arc<dyn FrameSource>) -> Result<Self> {
        match source.split() {
            Some(found) if found != S::SPLIT => {
                Err(Error::OtherSplit { found, expected: S::SPLIT })
            }
            _ => Ok(Self { source, split: PhantomData }),
        }
    }

    /// The frames without their type.
    #[must_use]
    pub fn source(&self) -> &dyn FrameSource {
        self.source.as_ref()
    }
}
