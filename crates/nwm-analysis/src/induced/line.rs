//! How numbers around a circle go with a place: a straight line that may go round and round.

use crate::{Error, Result};

/// Sums of deviations that differ by less are equal.
const EQUAL: f64 = 1e-9;

/// Most places of a line: the time that a fit takes rises with their fourth power.
const MOST_PLACES: usize = 400;

/// A line `start + slope place` through numbers that are known but for whole periods.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PeriodicLine {
    /// Frames per site.
    pub slope: f64,
    /// The frame at place 0, in `[-period / 2, period / 2)`.
    pub start: f64,
    /// The mean distance of the frames from it around the circle: a quarter of the period for frames that have nothing to do
    /// with a line.
    pub deviation: f64,
}

impl PeriodicLine {
    /// The line with the least sum of absolute deviations around the circle; of equal ones the flattest. `frames[i]` in
    /// `0..period` is what was found at `places[i]`. None if all places are one.
    ///
    /// Absolute deviations, since a symmetric picture looks like the one half a turn away: squares would follow such frames,
    /// and to unwrap frame by frame would lose count of the rounds at the first of them. The minimum is exact. Between the
    /// frames half a period away, where it bends down, the sum is that of a plane fit, whose minimum goes through two of the
    /// points: all pairs are tried, with all whole rounds between them that keep the line below half a period from one place
    /// to the next, beyond which its direction is not defined.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if there is not one frame for each place, [`Error::Range`] if there are more than 400, the period is 0
    /// or a frame lies outside it, [`Error::NonFinite`] if a place is NaN or infinite.
    pub fn fit(places: &[f64], frames: &[usize], period: usize) -> Result<Option<Self>> {
        check_points(places, frames, period)?;
        let period = period as f64;
        let frames: Vec<f64> = frames.iter().map(|&frame| frame as f64).collect();
        let Some(steepest) = steepest(places, period) else { return Ok(None) };
        let mut best: Option<(f64, Self)> = None;
        for first in 0..places.len() {
            for second in first + 1..places.len() {
                let run = places[second] - places[first];
                if run == 0.0 {
                    continue;
                }
                let rise = frames[second] - frames[first];
                let rounds = ((steepest * run.abs() + rise.abs()) / period).ceil() as i64;
                for round in -rounds..=rounds {
                    let slope = (rise + period * round as f64) / run;
                    if slope.abs() >= steepest {
                        continue;
                    }
                    let line = Self {
                        slope,
                        start: wrapped(frames[first] - slope * places[first], period),
                        deviation: 0.0,
                    };
                    let sum = line.sum_of_deviations(places, &frames, period);
                    let is_better = best.as_ref().is_none_or(|(least, best)| {
                        sum < least - EQUAL
                            || (sum <= least + EQUAL && slope.abs() < best.slope.abs() - EQUAL)
                    });
                    if is_better {
                        best = Some((sum, line));
                    }
                }
            }
        }
        let with_deviation =
            |(sum, line): (f64, Self)| Self { deviation: sum / places.len() as f64, ..line };
        Ok(best.map(with_deviation))
    }

    /// The frame at a place, not reduced to one period.
    pub fn at(&self, place: f64) -> f64 {
        self.start + self.slope * place
    }

    /// A frame in the round that is nearest to the line at a place.
    pub fn unwrapped(&self, place: f64, frame: usize, period: usize) -> f64 {
        let (expected, period) = (self.at(place), period as f64);
        expected + wrapped(frame as f64 - expected, period)
    }

    fn sum_of_deviations(&self, places: &[f64], frames: &[f64], period: f64) -> f64 {
        let pairs = places.iter().zip(frames);
        pairs.map(|(&place, frame)| wrapped(frame - self.at(place), period).abs()).sum()
    }
}

/// The number in `[-period / 2, period / 2)` that differs by whole periods.
fn wrapped(value: f64, period: f64) -> f64 {
    let rest = (value + period / 2.0).rem_euclid(period);
    // Rounding may reach the period.
    if rest >= period { -period / 2.0 } else { rest - period / 2.0 }
}

/// The slope of half a period from one place to the next nearest; none if all places are one.
fn steepest(places: &[f64], period: f64) -> Option<f64> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let distances = sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|&gap| gap > 0.0);
    distances.min_by(f64::total_cmp).map(|gap| period / 2.0 / gap)
}

fn check_points(places: &[f64], frames: &[usize], period: usize) -> Result<()> {
    const ACTION: &str = "fit a line to matched frames";
    let range = |name, found, expected| Err(Error::Range { action: ACTION, name, found, expected });
    if frames.len() != places.len() {
        return Err(Error::Mismatch {
            action: ACTION,
            what: "frames",
            found: frames.len(),
            expected: places.len(),
            like: "places",
        });
    }
    if places.len() > MOST_PLACES {
        return range("the number of places", places.len(), "at most 400");
    }
    crate::check::finite(ACTION, places)?;
    if period == 0 {
        return range("the period", 0, "at least 1 frame");
    }
    match frames.iter().find(|&&frame| frame >= period) {
        Some(&frame) => range("a frame", frame, "one of the period"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn places(count: u32) -> Vec<f64> {
        (0..count).map(f64::from).collect()
    }

    fn rounded(slope: f64, start: f64, places: &[f64]) -> Vec<usize> {
        let frame = |place: &f64| (start + slope * place).round().rem_euclid(18.0) as usize;
        places.iter().map(frame).collect()
    }

    fn fit(places: &[f64], frames: &[usize]) -> PeriodicLine {
        PeriodicLine::fit(places, frames, 18).unwrap().unwrap()
    }

    #[test]
    fn lines_that_go_round_are_found() {
        for slope in [-4.0 / 3.0, -1.0, -9.0 / 7.0, 0.0, 0.5, 2.25, -5.0] {
            for start in [0.0, 4.0, -3.0] {
                let places = places(29);
                let line = fit(&places, &rounded(slope, start, &places));
                assert!((line.slope - slope).abs() < 0.02, "{slope}: {line:?}");
                assert!((line.start - start).abs() <= 0.5 && line.deviation < 0.5, "{line:?}");
            }
        }
        // Where whole frames are met, the slope is exact.
        let places = places(19);
        let line = fit(&places, &rounded(-4.0 / 3.0, 0.0, &places));
        assert!((line.slope + 4.0 / 3.0).abs() < 1e-12 && line.start.abs() < 1e-12, "{line:?}");
    }

    #[test]
    fn the_minimum_is_that_of_a_fine_grid() {
        let mut stream = Stream::new(b"tests of periodic lines ", 0);
        for count in [3, 6, 9] {
            let places: Vec<f64> = (0..count).map(|place| 0.5 * f64::from(place) - 1.0).collect();
            let frames: Vec<usize> = places.iter().map(|_| stream.below(9) as usize).collect();
            let line = PeriodicLine::fit(&places, &frames, 9).unwrap().unwrap();
            let sum = |slope: f64, start: f64| {
                let line = PeriodicLine { slope, start, deviation: 0.0 };
                let frames: Vec<f64> = frames.iter().map(|&frame| frame as f64).collect();
                line.sum_of_deviations(&places, &frames, 9.0)
            };
            let least = line.deviation * f64::from(count);
            assert!((sum(line.slope, line.start) - least).abs() < 1e-9);
            for slope in -449..450 {
                for start in -45..45 {
                    let other = sum(0.02 * f64::from(slope), 0.1 * f64::from(start));
                    assert!(other >= least - 1e-9, "{count}: {slope} {start} {other} < {least}");
                }
            }
        }
    }

    #[test]
    fn pictures_that_look_alike_after_half_a_turn_do_not_mislead() {
        // Some decodings look like the frame half a round away, so that steps from match to match lose count.
        let places = places(19);
        let mut frames = rounded(-4.0 / 3.0, 0.0, &places);
        for place in [2, 6, 7, 12, 17] {
            frames[place] = (frames[place] + 9) % 18;
        }
        let line = fit(&places, &frames);
        assert!((line.slope + 4.0 / 3.0).abs() < 0.03, "{line:?}");
        assert!((line.unwrapped(18.0, 12, 18) + 24.0).abs() < 1e-9);
        assert!((line.unwrapped(14.0, 0, 18) + 18.0).abs() < 1e-9);
    }

    #[test]
    fn equal_frames_are_a_flat_line() {
        let line = fit(&places(19), &[7; 19]);
        assert_eq!((line.slope, line.start, line.deviation), (0.0, 7.0, 0.0));
    }

    #[test]
    fn places_may_be_fractions_and_fall() {
        let falling: Vec<f64> = (0..19).map(|step| -0.78 * f64::from(step)).collect();
        let line = fit(&falling, &rounded(-1.0 / 0.78, 0.0, &falling));
        assert!((line.slope + 1.0 / 0.78).abs() < 1e-9, "{line:?}");
    }

    #[test]
    fn frames_without_a_line_are_far_from_every_line() {
        let mut stream = Stream::new(b"tests of periodic lines ", 1);
        let mut sum = 0.0;
        for _ in 0..20 {
            let frames: Vec<usize> = (0..19).map(|_| stream.below(18) as usize).collect();
            sum += fit(&places(19), &frames).deviation / 20.0;
        }
        // A quarter of the period for one line, less for the best of many.
        assert!(sum > 2.0 && sum < 4.5, "{sum}");
    }

    #[test]
    fn wrong_input_is_refused() {
        let refused = |places: &[f64], frames: &[usize], period| {
            PeriodicLine::fit(places, frames, period).unwrap_err()
        };
        assert!(matches!(refused(&[0.0, 1.0], &[0], 18), Error::Mismatch { .. }));
        assert!(matches!(
            refused(&[0.0, f64::NAN], &[0, 1], 18),
            Error::NonFinite { index: 1, .. }
        ));
        assert!(matches!(refused(&[0.0], &[0], 0), Error::Range { found: 0, .. }));
        assert!(matches!(refused(&[0.0], &[18], 18), Error::Range { found: 18, .. }));
        assert!(matches!(refused(&[0.0; 401], &[0; 401], 18), Error::Range { found: 401, .. }));
        assert_eq!(PeriodicLine::fit(&[2.0, 2.0], &[0, 1], 18).unwrap(), None);
    }
}
