//! Large arrays that tasks write once, without filling them with zeros first.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::prefetch::prefetch;

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
    pub fn split_by_task(&mut self, row: usize, chunk: usize) -> Vec<TaskRows<'_, R>> {
        self.forget_written();
        let mut tasks: Vec<Vec<&mut [MaybeUninit<R>]>> = Vec::new();
        tasks.resize_with(row.div_ceil(chunk), || Vec::with_capacity(self.len / row));
        let room = &mut self.values.spare_capacity_mut()[..self.len];
        for row in room.chunks_exact_mut(row) {
            for (task, room) in tasks.iter_mut().zip(row.chunks_mut(chunk)) {
                task.push(room);
            }
        }
        let task = |rooms: Vec<_>| TaskRows {
            rooms: rooms.into_iter(),
            written: 0,
            written_by_all: &self.written,
        };
        tasks.into_iter().map(task).collect()
    }

    /// The whole array as runs of `count` values, the last one perhaps shorter.
    pub fn chunks(&mut self, count: usize) -> Vec<Row<'_, R>> {
        self.forget_written();
        let room = &mut self.values.spare_capacity_mut()[..self.len];
        room.chunks_mut(count).map(|room| Row { room, written: &self.written }).collect()
    }

    /// Begins the count anew: the rows of one split are disjoint, those of two are not.
    fn forget_written(&mut self) {
        *self.written.get_mut() = 0;
    }

    /// The array.
    ///
    /// # Panics
    /// If a value was not written since the array was split last.
    #[allow(unsafe_code)]
    pub fn finish(mut self) -> Vec<R> {
        assert_eq!(*self.written.get_mut(), self.len, "values written of an array");
        // SAFETY: the rows of the last split, since which values are counted, are disjoint parts of the
        // first `len` places; each can be written only once, from its start and no further than its end,
        // and what was written of it is counted: all `len` values are there.
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
        self.written.fetch_add(fill(self.room, parts), Ordering::Relaxed);
    }
}

/// Longer rows are left to the processor, which sees what comes next when a row is that long.
const LONGEST_PREFETCHED: usize = 4096;

/// The rows of one task, to be written one after the other, from either end.
///
/// A row that is soon to be written is fetched into the cache, and what was written is counted once
/// for all rows: an atomic count waits for all that was stored before it.
#[derive(Debug)]
pub struct TaskRows<'a, R> {
    rooms: std::vec::IntoIter<&'a mut [MaybeUninit<R>]>,
    written: usize,
    written_by_all: &'a AtomicUsize,
}

impl<R: Copy> TaskRows<'_, R> {
    /// Whether all rows are written.
    pub fn is_empty(&self) -> bool {
        self.rooms.as_slice().is_empty()
    }

    /// Writes the first row that is left, if one is: the parts one after the other.
    ///
    /// # Panics
    /// If they are longer than the row.
    #[inline(always)]
    pub fn write_first<'p>(&mut self, parts: impl Iterator<Item = &'p [R]>)
    where
        R: 'p,
    {
        let Some(room) = self.rooms.next() else { return };
        prefetch_room(self.rooms.as_slice().first());
        self.written += fill(room, parts);
    }

    /// Writes the last row that is left, if one is: the parts one after the other.
    ///
    /// # Panics
    /// If they are longer than the row.
    #[inline(always)]
    pub fn write_last<'p>(&mut self, parts: impl Iterator<Item = &'p [R]>)
    where
        R: 'p,
    {
        let Some(room) = self.rooms.next_back() else { return };
        prefetch_room(self.rooms.as_slice().last());
        self.written += fill(room, parts);
    }
}

impl<R> Drop for TaskRows<'_, R> {
    fn drop(&mut self) {
        self.written_by_all.fetch_add(self.written, Ordering::Relaxed);
    }
}

#[inline(always)]
fn prefetch_room<R>(room: Option<&&mut [MaybeUninit<R>]>) {
    if let Some(room) = room.filter(|room| room.len() <= LONGEST_PREFETCHED) {
        prefetch(room);
    }
}

/// Writes the parts one after the other, and returns how many values they are.
#[inline(always)]
fn fill<'p, R: Copy + 'p>(
    room: &mut [MaybeUninit<R>],
    parts: impl Iterator<Item = &'p [R]>,
) -> usize {
    let mut end = 0;
    for part in parts {
        room[end..end + part.len()].write_copy_of_slice(part);
        end += part.len();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::Unwritten;

    #[test]
    fn rows_of_all_tasks_make_the_array() {
        let mut array = Unwritten::new(6);
        // Two rows of three values; the first task has two of each row, the second one.
        for (task, mut rows) in array.split_by_task(3, 2).into_iter().enumerate() {
            let values =
                |row: i32| [10 * row + 100 * task as i32, 10 * row + 100 * task as i32 + 1];
            rows.write_last(std::iter::once(&values(1)[..2 - task]));
            assert!(!rows.is_empty());
            rows.write_first(std::iter::once(&values(0)[..2 - task]));
            assert!(rows.is_empty());
        }
        assert_eq!(array.finish(), [0, 1, 100, 10, 11, 110]);
    }

    #[test]
    #[should_panic(expected = "values written of an array")]
    fn an_array_with_a_gap_is_refused() {
        let mut array = Unwritten::new(4);
        for mut rows in array.split_by_task(2, 2) {
            rows.write_first([&[1_u8][..], &[2]].into_iter());
        }
        array.finish();
    }

    #[test]
    #[should_panic(expected = "values written of an array")]
    fn a_value_written_twice_does_not_stand_for_another() {
        let mut array = Unwritten::new(2);
        for _ in 0..2 {
            for row in array.chunks(1).into_iter().take(1) {
                row.write(std::iter::once(&[7_u8][..]));
            }
        }
        array.finish();
    }
}
