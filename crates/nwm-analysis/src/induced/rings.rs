//! States whose activity is moved along rings, or shuffled within them.

use crate::random::Stream;
use crate::{Error, Real, Result, check};

/// The axis along which activity is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShiftAxis {
    /// From column to column: every row is a ring.
    #[default]
    Column,
    /// From row to row, on a torus: every column is a ring.
    Row,
}

impl ShiftAxis {
    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Row => "row",
        }
    }

    /// Sites of a ring on maps of a size, and how far apart neighbours are stored.
    const fn ring(self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        match self {
            Self::Column => [columns, 1],
            Self::Row => [rows, columns],
        }
    }
}

/// A state `[map, row, column]` whose activity is moved by `shift` sites along its rings, toward larger indices if positive:
/// `moved[n] = (1 - f) state[n - k] + f state[n - k - 1]`, indices around the ring, for a shift of `k` sites and the fraction
/// `f` of one more.
///
/// # Errors
///
/// [`Error::Length`] if the state does not have the shape, [`Error::Empty`] if it has no site, [`Error::RealRange`] if the
/// shift is not finite.
pub fn shifted_rings<T: Real>(
    state: &[T],
    shape: [usize; 3],
    shift: f64,
    axis: ShiftAxis,
) -> Result<Vec<T>> {
    const ACTION: &str = "shift rings";
    check_state(ACTION, state, shape)?;
    if !shift.is_finite() {
        return Err(Error::RealRange {
            action: ACTION,
            name: "the shift",
            found: shift,
            expected: "a finite number",
        });
    }
    let [_, rows, columns] = shape;
    let [length, stride] = axis.ring([rows, columns]);
    let share = shift - shift.floor();
    let sites = shift.floor().rem_euclid(length as f64) as usize;
    let [here, beyond] = [1.0 - share, share].map(T::nearest);
    let moved = |site: usize| {
        let place = site / stride % length;
        let first = site - place * stride;
        let from = |sites: usize| state[first + (place + 2 * length - sites) % length * stride];
        // A whole shift does not touch the values, not even beside one that is not finite.
        if share == 0.0 { from(sites) } else { here * from(sites) + beyond * from(sites + 1) }
    };
    Ok((0..state.len()).map(moved).collect())
}

/// A state `[map, row, column]` whose sites are shuffled within every ring, for each ring in an order of its own: the same
/// activity without its places. States of other numbers have other orders.
///
/// # Errors
///
/// [`Error::Length`] if the state does not have the shape, [`Error::Empty`] if it has no site.
pub fn shuffled_rings<T: Real>(
    state: &[T],
    shape: [usize; 3],
    axis: ShiftAxis,
    seed: u64,
    number: u64,
) -> Result<Vec<T>> {
    check_state("shuffle rings", state, shape)?;
    let [_, rows, columns] = shape;
    let [length, stride] = axis.ring([rows, columns]);
    let mut stream = Stream::numbered(b"nwm-analysis rings      ", seed, number);
    let mut shuffled = state.to_vec();
    for first in (0..state.len()).filter(|site| site / stride % length == 0) {
        for (place, from) in stream.some_of(length, length).into_iter().enumerate() {
            shuffled[first + place * stride] = state[first + from * stride];
        }
    }
    Ok(shuffled)
}

fn check_state<T>(action: &'static str, state: &[T], shape: [usize; 3]) -> Result<()> {
    check::shape("state [map, row, column]", state, &shape)?;
    if state.is_empty() {
        return Err(Error::Empty { action, expected: "site" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two maps of 3 x 5 sites.
    const SHAPE: [usize; 3] = [2, 3, 5];

    fn state() -> Vec<f64> {
        let mut stream = Stream::new(b"tests of shifted rings  ", 0);
        (0..30).map(|_| stream.normal()).collect()
    }

    #[test]
    fn activity_moves_toward_larger_columns() {
        let ring = [1.0, 2.0, 3.0, 4.0];
        let moved = |shift| shifted_rings(&ring, [1, 1, 4], shift, ShiftAxis::Column).unwrap();
        assert_eq!(moved(1.0), [4.0, 1.0, 2.0, 3.0]);
        assert_eq!(moved(-1.0), [2.0, 3.0, 4.0, 1.0]);
        assert_eq!(moved(6.0), [3.0, 4.0, 1.0, 2.0]);
        // A quarter of a site beyond one site: 0.75 of the shift by 1 and 0.25 of the shift by 2.
        assert_eq!(moved(1.25), [3.75, 1.75, 1.75, 2.75]);
        // Three quarters of a site back are a quarter of the way from one site back to none.
        assert_eq!(moved(-0.75), [1.75, 2.75, 3.75, 1.75]);
    }

    #[test]
    fn shifts_are_those_of_the_definition() {
        let state = state();
        for shift in [0.0, 0.3, 2.0, 4.6, -1.7, 11.25] {
            let [whole, share] = [f64::floor(shift), shift - f64::floor(shift)];
            let back = |place: usize, sites: f64, length: usize| {
                (place as f64 - sites).rem_euclid(length as f64) as usize
            };
            let columns = shifted_rings(&state, SHAPE, shift, ShiftAxis::Column).unwrap();
            let rows = shifted_rings(&state, SHAPE, shift, ShiftAxis::Row).unwrap();
            for (map, row, column) in
                (0..30).map(|site| (site / 15, site / 5 % 3, site % 5)).collect::<Vec<_>>()
            {
                let at = |row: usize, column: usize| state[(map * 3 + row) * 5 + column];
                let site = (map * 3 + row) * 5 + column;
                let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-14;
                let wanted = (1.0 - share) * at(row, back(column, whole, 5))
                    + share * at(row, back(column, whole + 1.0, 5));
                assert!(near(columns[site], wanted), "{shift} {site}");
                let wanted = (1.0 - share) * at(back(row, whole, 3), column)
                    + share * at(back(row, whole + 1.0, 3), column);
                assert!(near(rows[site], wanted), "{shift} {site}");
            }
        }
    }

    #[test]
    fn whole_rounds_change_no_bit_and_spread_no_nan() {
        let mut state: Vec<f32> = state().into_iter().map(|value| value as f32).collect();
        assert_eq!(shifted_rings(&state, SHAPE, -10.0, ShiftAxis::Column).unwrap(), state);
        assert_eq!(shifted_rings(&state, SHAPE, 3.0, ShiftAxis::Row).unwrap(), state);
        state[7] = f32::NAN;
        let nan = |shift: f64| {
            let moved = shifted_rings(&state, SHAPE, shift, ShiftAxis::Column).unwrap();
            moved.iter().enumerate().filter(|(_, x)| x.is_nan()).map(|(i, _)| i).collect::<Vec<_>>()
        };
        assert_eq!(nan(2.0), [9]);
        assert_eq!(nan(2.5), [5, 9]);
    }

    #[test]
    fn shuffled_rings_keep_the_activity_of_every_ring() {
        let state: Vec<f64> = (0..2 * 4 * 30).map(f64::from).collect();
        for (axis, shape) in [(ShiftAxis::Column, [2, 4, 30]), (ShiftAxis::Row, [2, 30, 4])] {
            let ring = |state: &[f64], ring: usize| {
                let [length, stride] = axis.ring([shape[1], shape[2]]);
                let first = ring / stride * stride * length + ring % stride;
                (0..length).map(|place| state[first + place * stride]).collect::<Vec<_>>()
            };
            let shuffled =
                |seed, number| shuffled_rings(&state, shape, axis, seed, number).unwrap();
            let found = shuffled(3, 8);
            let mut orders = Vec::new();
            for number in 0..8 {
                let (before, mut after) = (ring(&state, number), ring(&found, number));
                let order: Vec<usize> = after
                    .iter()
                    .map(|value| before.iter().position(|other| other == value).unwrap())
                    .collect();
                assert_ne!(after, before);
                after.sort_unstable_by(f64::total_cmp);
                assert_eq!(after, before, "{axis:?} {number}");
                orders.push(order);
            }
            orders.sort_unstable();
            orders.dedup();
            assert_eq!(orders.len(), 8, "rings share an order");
            assert_eq!(found, shuffled(3, 8));
            assert!(found != shuffled(3, 9) && found != shuffled(4, 8));
        }
    }

    #[test]
    fn wrong_input_is_refused() {
        let shifted = |state: &[f64], shape, shift| {
            shifted_rings(state, shape, shift, ShiftAxis::Column).unwrap_err()
        };
        assert!(matches!(shifted(&[1.0; 5], [1, 2, 3], 0.0), Error::Length { .. }));
        assert!(matches!(shifted(&[], [0, 2, 3], 0.0), Error::Empty { .. }));
        let error = shifted(&[1.0; 6], [1, 2, 3], f64::NAN);
        assert_eq!(error.to_string(), "shift rings: the shift is NaN, expected a finite number");
        let error = shuffled_rings(&[1.0; 5], [1, 2, 3], ShiftAxis::Row, 0, 0).unwrap_err();
        assert!(matches!(error, Error::Length { found: 5, expected: 6, .. }));
    }
}
