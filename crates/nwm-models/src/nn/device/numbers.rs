//! Where the numbers of a tensor begin.

use nwm_cuda::{Argument, Queue};

use super::error::DeviceError;

/// Numbers on a device, from one place in an array on.
#[derive(Debug)]
pub struct Numbers<'a, A> {
    /// The array.
    pub array: &'a A,
    /// The first number.
    pub offset: usize,
}

impl<A> Clone for Numbers<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Numbers<'_, A> {}

impl<'a, A> Numbers<'a, A> {
    /// A whole array.
    pub fn of(array: &'a A) -> Self {
        Self { array, offset: 0 }
    }

    /// What follows a number of them.
    pub fn after(self, count: usize) -> Self {
        Self { offset: self.offset + count, ..self }
    }

    /// A pointer to the first of them.
    pub fn argument(self) -> Argument<'a, A> {
        Argument::array(self.array, self.offset)
    }

    /// Whether there are `count` of them.
    ///
    /// # Errors
    /// [`DeviceError::Length`] if the array ends before.
    pub fn check<Q: Queue<Array = A>>(
        self,
        queue: &Q,
        what: &'static str,
        count: usize,
    ) -> Result<(), DeviceError> {
        let (end, length) = (self.offset + count, queue.length(self.array));
        if end > length { Err(DeviceError::Length { what, end, length }) } else { Ok(()) }
    }
}
