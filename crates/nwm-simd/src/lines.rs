//! Lines of an array that are read and written side by side, with one check for all of them.
//!
//! A kernel over a sheet reads a handful of neighbouring rows at the same column. Checking every
//! slice of every row costs such a kernel a third of its instructions, and the compiler cannot see that
//! one check does for all.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::vector::Vector;

/// Some lines of one array, `stride` apart and each `width` long.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a, R> {
    values: &'a [R],
    count: usize,
    stride: usize,
    width: usize,
}

/// The same for lines that are written too.
#[derive(Debug)]
pub struct LinesMut<'a, R> {
    values: &'a mut [R],
    count: usize,
    stride: usize,
    width: usize,
}

/// A stretch of some neighbouring lines, at the same place in each.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a, R> {
    /// Where the stretch of the first line starts.
    first: *const R,
    count: usize,
    stride: usize,
    length: usize,
    lines: PhantomData<&'a [R]>,
}

/// The same for a stretch that is written too.
#[derive(Debug)]
pub struct WindowMut<'a, R> {
    /// Where the stretch of the first line starts.
    first: *mut R,
    count: usize,
    stride: usize,
    length: usize,
    lines: PhantomData<&'a mut [R]>,
}

/// Panics unless `count` lines lie within `len` values.
#[inline(always)]
fn check_lines(len: usize, count: usize, stride: usize, width: usize) {
    let last = count.checked_sub(1).and_then(|last| last.checked_mul(stride));
    let end = last.and_then(|last| last.checked_add(width));
    assert!(end.is_some_and(|end| end <= len), "lines beyond the end of an array");
}

/// Whether `length` places from `start` on are among the first `end`.
#[inline(always)]
fn fits(start: usize, length: usize, end: usize) -> bool {
    start <= end && length <= end - start
}

impl<'a, R> Lines<'a, R> {
    /// The first `count` lines of an array.
    ///
    /// # Panics
    /// If the array is shorter, or there are no lines.
    #[inline(always)]
    pub fn new(values: &'a [R], count: usize, stride: usize, width: usize) -> Self {
        check_lines(values.len(), count, stride, width);
        Self { values, count, stride, width }
    }

    /// Of `count` lines from the `first` on, `length` values each from `start` on.
    ///
    /// # Panics
    /// If there are fewer lines or they are shorter.
    #[inline(always)]
    pub fn window(&self, first: usize, count: usize, start: usize, length: usize) -> Window<'a, R> {
        assert!(fits(first, count, self.count), "a window beyond the last line");
        assert!(fits(start, length, self.width), "a window beyond the end of its lines");
        let first = self.values.as_ptr().wrapping_add(first * self.stride + start);
        Window { first, count, stride: self.stride, length, lines: PhantomData }
    }
}

impl<'a, R> LinesMut<'a, R> {
    /// The first `count` lines of an array.
    ///
    /// # Panics
    /// If the array is shorter, or there are no lines.
    #[inline(always)]
    pub fn new(values: &'a mut [R], count: usize, stride: usize, width: usize) -> Self {
        check_lines(values.len(), count, stride, width);
        Self { values, count, stride, width }
    }

    /// As [`Lines::window`].
    ///
    /// # Panics
    /// As [`Lines::window`].
    #[inline(always)]
    pub fn window(
        &mut self,
        first: usize,
        count: usize,
        start: usize,
        length: usize,
    ) -> WindowMut<'_, R> {
        assert!(fits(first, count, self.count), "a window beyond the last line");
        assert!(fits(start, length, self.width), "a window beyond the end of its lines");
        let first = self.values.as_mut_ptr().wrapping_add(first * self.stride + start);
        WindowMut { first, count, stride: self.stride, length, lines: PhantomData }
    }
}

impl<R> Window<'_, R> {
    /// One vector of a line, from `offset` on within the window.
    ///
    /// # Panics
    /// If there is no such line, or the window ends before the vector does. Where both numbers are
    /// constants this is no instruction.
    #[inline(always)]
    pub fn load<V: Vector<Element = R>>(&self, line: usize, offset: usize) -> V {
        assert!(line < self.count, "a line beyond the last one of a window");
        assert!(fits(offset, V::LANES, self.length), "a vector beyond the end of its window");
        // SAFETY: the constructor of the lines checked that all of them lie within the array, and
        // `window` that these are among them and this stretch lies within each; line and offset are
        // checked above. The array is borrowed for as long as the window lives.
        let values = unsafe {
            std::slice::from_raw_parts(self.first.add(line * self.stride + offset), V::LANES)
        };
        V::load(values)
    }
}

impl<R> WindowMut<'_, R> {
    /// As [`Window::load`].
    ///
    /// # Panics
    /// As [`Window::load`].
    #[inline(always)]
    pub fn load<V: Vector<Element = R>>(&self, line: usize, offset: usize) -> V {
        let &Self { first, count, stride, length, .. } = self;
        Window { first: first.cast_const(), count, stride, length, lines: PhantomData }
            .load(line, offset)
    }

    /// Writes one vector to a line, from `offset` on within the window.
    ///
    /// # Panics
    /// As [`Window::load`].
    #[inline(always)]
    pub fn store<V: Vector<Element = R>>(&mut self, line: usize, offset: usize, vector: V) {
        assert!(line < self.count, "a line beyond the last one of a window");
        assert!(fits(offset, V::LANES, self.length), "a vector beyond the end of its window");
        // SAFETY: as for `Window::load`; the array is borrowed mutably.
        let values = unsafe {
            std::slice::from_raw_parts_mut(self.first.add(line * self.stride + offset), V::LANES)
        };
        vector.store(values);
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, LinesMut};
    use crate::instruction_sets::portable::Portable;
    use crate::vector::Vector;

    type V = Portable<f64>;

    #[test]
    fn windows_read_and_write_every_line() {
        let stride = 2 * V::LANES + 3;
        let mut values: Vec<f64> = (0..3 * stride).map(|index| index as f64).collect();
        let lines = Lines::new(&values, 3, stride, stride);
        let window = lines.window(0, 3, 2, V::LANES + 1);
        for (line, offset) in [(0, 0), (1, 1), (2, 0)] {
            let first = (line * stride + 2 + offset) as f64;
            let expected: f64 = (0..V::LANES).map(|lane| first + lane as f64).sum();
            assert_eq!(window.load::<V>(line, offset).sum(), expected);
        }
        let mut lines = LinesMut::new(&mut values, 3, stride, stride);
        let mut window = lines.window(0, 1, 1, V::LANES);
        assert_eq!(window.load::<V>(0, 0).sum(), (1..=V::LANES).sum::<usize>() as f64);
        window = lines.window(1, 2, 1, V::LANES);
        window.store(1, 0, V::splat(-1.0));
        let written = 2 * stride + 1..2 * stride + 1 + V::LANES;
        for (index, &value) in values.iter().enumerate() {
            assert_eq!(value, if written.contains(&index) { -1.0 } else { index as f64 });
        }
    }

    #[test]
    #[should_panic(expected = "lines beyond the end")]
    fn lines_that_do_not_fit_are_refused() {
        Lines::new(&[0.0; 99], 2, 50, 50);
    }

    #[test]
    #[should_panic(expected = "a window beyond the end")]
    fn a_window_that_is_too_long_is_refused() {
        Lines::new(&[0.0; 100], 2, 50, 50).window(0, 1, 50 - V::LANES, V::LANES + 1);
    }

    #[test]
    #[should_panic(expected = "a window beyond the last line")]
    fn a_window_of_too_many_lines_is_refused() {
        Lines::new(&[0.0; 100], 2, 50, 50).window(1, 2, 0, V::LANES);
    }

    #[test]
    #[should_panic(expected = "a line beyond the last one")]
    fn a_line_that_is_not_in_the_window_is_refused() {
        Lines::new(&[0.0; 100], 2, 50, 50).window(0, 1, 0, V::LANES).load::<V>(1, 0);
    }
}
