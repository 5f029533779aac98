//! A single map in the shared memory of a block: `kernels/sheet.cuh`.

use nwm_cuda::WARP;

use super::lattice::shared_out;

/// Threads of a block at most, as the kernels are compiled.
const MOST_THREADS: usize = 384;
/// Schedulers of a multiprocessor, each of which has its share of the warps.
const SCHEDULERS: usize = 4;
/// Columns of a kernel.
const TAP_COLUMNS: usize = 3;
/// Numbers that a backward block keeps of each site from step to step.
const KEPT_FIELDS: usize = 5;
/// Warps for which a backward block has room in its sums.
const MOST_WARPS: usize = 16;

/// How the kernels for one map share it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    rows: usize,
    columns: usize,
    tap_rows: usize,
    /// Rows of a column that a thread computes at once.
    strip: usize,
    /// Whether no thread has more than one strip, whose state it then keeps in registers.
    one_strip: bool,
}

impl Sheet {
    /// The ways to share out a map of `rows` x `columns` for kernels of `tap_rows` rows, best first.
    pub(super) fn all(rows: usize, columns: usize, tap_rows: usize) -> Vec<Self> {
        let sheet = |strip, one_strip| Self { rows, columns, tap_rows, strip, one_strip };
        // Rings are compiled for strips of four alone.
        let strips: &[usize] = if tap_rows == 1 { &[4] } else { &[4, 5] };
        let in_one = strips.iter().map(|&strip| sheet(strip, true));
        let in_one = in_one.filter(|it| it.strips() <= MOST_THREADS).min_by_key(Self::rows_in_turn);
        in_one.into_iter().chain([sheet(4, false)]).collect()
    }

    /// Rows that the busiest scheduler has to compute, one warp after the other.
    fn rows_in_turn(&self) -> usize {
        self.strips().div_ceil(WARP).div_ceil(SCHEDULERS) * self.strip
    }

    fn strips(&self) -> usize {
        self.rows.div_ceil(self.strip) * self.columns
    }

    pub(super) fn one_strip(&self) -> bool {
        self.one_strip
    }

    /// The kernels forward and back.
    pub(super) fn kernels(&self) -> [&'static str; 2] {
        match (self.tap_rows, self.one_strip, self.strip) {
            (1, true, _) => ["rings_forward_4", "rings_backward_4"],
            (1, false, _) => ["rings_forward_many", "rings_backward_many"],
            (_, true, 4) => ["torus_forward_4", "torus_backward_4"],
            (_, true, _) => ["torus_forward_5", "torus_backward_5"],
            (_, false, _) => ["torus_forward_many", "torus_backward_many"],
        }
    }

    pub(super) fn threads(&self) -> usize {
        shared_out(self.strips(), MOST_THREADS).next_multiple_of(WARP)
    }

    /// Words of a map, border and whole strips included.
    fn places(&self) -> usize {
        let together = if self.strip.is_multiple_of(2) { 2 } else { 1 };
        let rows = self.rows.next_multiple_of(self.strip) + self.tap_rows - 1;
        self.columns * ((rows / together) | 1) * together
    }

    /// Words of a field that lies strip by strip.
    fn strip_words(&self) -> usize {
        self.strip * if self.one_strip { self.threads() } else { self.strips() }
    }

    /// Words of the states and `stages` steps of the drive.
    pub(super) fn forward_words(&self, stages: usize, coupled_drive: bool) -> usize {
        4 * self.places() + stages * if coupled_drive { self.places() } else { self.strip_words() }
    }

    /// Words of sums and gradients, and of `copied` fields of the tape.
    pub(super) fn backward_words(&self, copied: usize) -> usize {
        let kept = if self.one_strip { 0 } else { KEPT_FIELDS };
        let sums = 3 + 3 * self.tap_rows * TAP_COLUMNS;
        MOST_WARPS * sums + 2 * self.places() + (copied + kept) * self.strip_words()
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn the_busiest_scheduler_has_as_little_to_do_as_possible() {
        let best = |rows, columns, tap_rows| Sheet::all(rows, columns, tap_rows)[0];
        // Five warps of four rows each, or four warps of five.
        assert_eq!(best(23, 23, 3).kernels()[0], "torus_forward_5");
        assert_eq!(best(23, 23, 3).threads(), 128);
        assert_eq!(best(36, 36, 3).kernels()[0], "torus_forward_4");
        assert_eq!(best(36, 36, 3).threads(), 352);
        assert_eq!(best(24, 54, 1).kernels()[1], "rings_backward_4");
        assert_eq!(best(72, 72, 3).kernels()[1], "torus_backward_many");
        assert_eq!(best(72, 72, 3).threads(), 352);
    }

    #[test]
    fn columns_meet_in_no_bank() {
        for (rows, strip) in [(23, 5), (23, 4), (4, 4), (72, 4)] {
            let sheet = Sheet { rows, columns: 1, tap_rows: 3, strip, one_strip: true };
            let together = if strip == 5 { 1 } else { 2 };
            assert_eq!(sheet.places() / together % 2, 1, "{sheet:?}");
            assert!(sheet.places() >= rows + 2);
        }
    }
}
