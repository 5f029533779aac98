//! Large arrays that tasks write once, without filling them with zeros first.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An array without values, and how many have been written.
///
/// A large array of zeros costs a pass over memory before the first value is written. Here tasks take
/// disjoint rows, write each from a buffer of their own, and the array is complete if and only if
/// all values have been counted.
#[derive(Debug)]
pub struct Unwritten<R> {
    values: Vec<R>,
    len: usize,
    written: AtomicUsize,
}

impl<R: Copy> Unwritten<R> {
    /// Room for `len` values.
    pub fn new(len: usize) -> Self {
        Self { values: Vec::with_capacity(len), len, written: AtomicUsize::new(0) }
    }

    /// The whole array as rows of `row` values, regrouped: one list per task, holding that task's
    /// `chunk` values of each row.
    pub fn split_by_task(&mut self, row: usize, chunk: usize) -> Vec<Vec<Row<'_, R>>> {
        let mut tasks: Vec<Vec<Row<'_, R>>> = Vec::new();
        tasks.resize_with(row.div_ceil(chunk), || Vec::with_capacity(self.len / row));
        let room = &mut self.values.spare_capacity_mut()[..self.len];
        for row in room.chunks_exact_mut(row) {
            for (task, room) in tasks.iter_mut().zip(row.chunks_mut(chunk)) {
                task.push(Row { room, written: &self.written });
            }
        }
        tasks
    }

    /// The whole array as runs of `count` values, the last one perhaps shorter.
    pub fn chunks(&mut self, count: usize) -> Vec<Row<'_, R>> {
        let room = &mut self.values.spare_capacity_mut()[..self.len];
        room.chunks_mut(count).map(|room| Row { room, written: &self.written }).collect()
    }

    /// The array.
    ///
    /// # Panics
    /// If a value was not written.
    #[allow(unsafe_code)]
    pub fn finish(mut self) -> Vec<R> {
        assert_eq!(*self.written.get_mut(), self.len, "values written of an array");
        // SAFETY: rows are disjoint parts of the first `len` places, each can be written only once,
        // from its start and no further than its end, and counts what it wrote: all `len` values are
        // there.
        unsafe { self.values.set_len(self.len) };
        self.values
    }
}

/// A part of an [`Unwritten`] array.
#[derive(Debug)]
pub struct Row<'a, R> {
    room: &'a mut [MaybeUninit<R>],
    written: &'a AtomicUsize,
}

impl<'a, R: Copy> Row<'a, R> {
    /// The row as runs of `count` values, the last one perhaps shorter.
    pub fn chunks(self, count: usize) -> impl Iterator<Item = Row<'a, R>> {
        let written = self.written;
        self.room.chunks_mut(count).map(move |room| Row { room, written })
    }

    /// Writes the parts one after the other.
    ///
    /// # Panics
    /// If they are longer than the row.
    #[inline(always)]
    pub fn write<'p>(self, parts: impl Iterator<Item = &'p [R]>)
    where
        R: 'p,
    {
        let mut end = 0;
        for part in parts {
            self.room[end..end + part.len()].write_copy_of_slice(part);
            end += part.len();
        }
        self.written.fetch_add(end, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Unwritten;

    #[test]
    fn rows_of_all_tasks_make_the_array() {
        let mut array = Unwritten::new(6);
        // Two rows of three values; the first task has two of each row, the second one.
        for (task, rows) in array.split_by_task(3, 2).into_iter().enumerate() {
            for (row, part) in rows.into_iter().enumerate() {
                let first = (10 * row + 100 * task) as i32;
                let values = [first, first + 1];
                part.write(std::iter::once(&values[..2 - task]));
            }
        }
        assert_eq!(array.finish(), [0, 1, 100, 10, 11, 110]);
    }

    #[test]
    #[should_panic(expected = "values written of an array")]
    fn an_array_with_a_gap_is_refused() {
        let mut array = Unwritten::new(4);
        for row in array.split_by_task(2, 2).into_iter().flatten().take(1) {
            row.write([&[1_u8][..], &[2]].into_iter());
        }
        array.finish();
    }
}
