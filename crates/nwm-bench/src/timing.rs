//! How long an action takes.

use std::hint::black_box;
use std::time::Instant;

/// Time that repetitions take together unless their number is given, in seconds.
const BUDGET: f64 = 1.0;
/// Bounds of the number of repetitions that is chosen from the budget.
const REPEATS: (usize, usize) = (3, 200);
/// Time for which an action runs before it is timed, after a first time, in seconds.
const WARM_UP: f64 = 0.2;

/// Wall-clock times of some repetitions of one action, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many there were.
    pub repeats: usize,
}

impl Timing {
    /// The time of one of so many actions that were timed together.
    pub fn divided_by(self, actions: f64) -> Self {
        let Self { median, min, max, repeats } = self;
        Self { median: median / actions, min: min / actions, max: max / actions, repeats }
    }
}

impl Timing {
    /// The order statistics of times in milliseconds; all zero without any.
    pub fn of(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        let at = |index: usize| milliseconds.get(index).copied().unwrap_or(0.0);
        let repeats = milliseconds.len();
        let (middle, last) = (repeats / 2, repeats.saturating_sub(1));
        let median = if repeats.is_multiple_of(2) {
            (at(middle.saturating_sub(1)) + at(middle)) / 2.0
        } else {
            at(middle)
        };
        Self { median, min: at(0), max: at(last), repeats }
    }
}

/// Times an action, after a warm-up, and returns what it computed last. Freeing an earlier result is part of the time.
///
/// # Errors
/// The first error of the action.
pub fn time<T, E>(
    repeats: Option<usize>,
    mut action: impl FnMut() -> Result<T, E>,
) -> Result<(Timing, T), E> {
    // The first run starts threads and touches memory for the first time: it says nothing of the others.
    let mut last = black_box(action()?);
    let start = Instant::now();
    let mut once = f64::INFINITY;
    while once.is_infinite() || start.elapsed().as_secs_f64() < WARM_UP {
        let again = Instant::now();
        last = black_box(action()?);
        once = again.elapsed().as_secs_f64();
    }
    let (fewest, most) = REPEATS;
    // The cast saturates, so that an action of no length is repeated most often.
    let repeats = repeats.unwrap_or(((BUDGET / once) as usize).clamp(fewest, most));
    let mut milliseconds = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let start = Instant::now();
        last = black_box(action()?);
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok((Timing::of(milliseconds), last))
}

#[cfg(test)]
mod tests {
    use super::{Timing, time};

    #[test]
    fn order_statistics_of_odd_and_even_counts() {
        let odd = Timing::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.min, odd.max, odd.repeats), (2.0, 1.0, 3.0, 3));
        assert_eq!(Timing::of(vec![4.0, 1.0, 2.0, 9.0]).median, 3.0);
        assert_eq!(Timing::of(Vec::new()).repeats, 0);
    }

    #[test]
    fn the_action_runs_as_often_as_asked_after_a_warm_up() {
        let mut runs = 0;
        let (timing, last) = time(Some(5), || {
            runs += 1;
            Ok::<_, ()>(runs)
        })
        .unwrap();
        assert_eq!(timing.repeats, 5);
        assert!(last > 5, "{last}");
        assert!(timing.min <= timing.median && timing.median <= timing.max);
    }

    #[test]
    fn an_error_ends_it() {
        assert_eq!(time(None, || Err::<(), _>("no")), Err("no"));
    }
}
