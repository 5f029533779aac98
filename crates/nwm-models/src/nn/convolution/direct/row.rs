//! Where the targets of a row lie, and the windows that they read.

use super::super::super::real::Real;
use super::super::geometry::{Pass, Phase};
use super::super::method::Activation;
use super::Matrices;

/// What all rows of a phase have in common.
pub(super) struct Row<'a, T> {
    pub(super) pass: &'a Pass,
    pub(super) matrices: &'a Matrices<T>,
    pub(super) phase: [&'a Phase; 2],
    pub(super) matrix: &'a [T],
    pub(super) padded: &'a [T],
    pub(super) activation: Option<Activation<'a, T>>,
}

impl<T: Real> Row<'_, T> {
    /// Numbers in a row of a window, which lie side by side.
    #[inline(always)]
    pub(super) fn run(&self) -> usize {
        self.phase[1].taps.len() * self.matrices.inner
    }

    /// Row `line` of the windows of `COUNT` neighbouring targets.
    #[inline(always)]
    pub(super) fn windows<const COUNT: usize>(
        &self,
        line: usize,
        [index, column]: [usize; 2],
    ) -> [&[T]; COUNT] {
        let [rows, columns] = self.phase;
        let [start_row, start_column] = self.pass.start(self.phase);
        let row = start_row + index * rows.stride + line;
        let pixel = row * self.pass.padded()[1] + start_column + column * columns.stride;
        let mut windows: [&[T]; COUNT] = [&[]; COUNT];
        for (place, window) in windows.iter_mut().enumerate() {
            let start = (pixel + place * columns.stride) * self.matrices.inner;
            *window = &self.padded[start..][..self.run()];
        }
        windows
    }

    /// The number of a target, counted over all phases.
    #[inline(always)]
    pub(super) fn target(&self, [index, column]: [usize; 2]) -> usize {
        let [rows, columns] = self.phase;
        let row = rows.first + index * rows.step;
        row * self.pass.target[1] + columns.first + column * columns.step
    }
}
