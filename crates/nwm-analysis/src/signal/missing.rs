//! Which series lack samples.

use super::check;
use crate::{Real, Result};

/// Series that are not whole, by their index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// Those without any finite sample: dead electrodes.
    pub dead: Vec<usize>,
    /// Those with some samples that are NaN or infinite.
    pub partial: Vec<usize>,
}

/// Finds the series of `[series, time]` with samples that are NaN or infinite.
///
/// # Errors
///
/// When there is no sample, or their number is no multiple of `time`.
pub fn missing<T: Real>(series: &[T], time: usize) -> Result<Missing> {
    check::series("look for missing samples", series, time)?;
    let mut found = Missing::default();
    for (index, samples) in series.chunks_exact(time).enumerate() {
        match samples.iter().filter(|sample| !sample.is_finite()).count() {
            0 => {}
            count if count == time => found.dead.push(index),
            _ => found.partial.push(index),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_and_partial_series_are_told_apart() {
        let nan = f64::NAN;
        let series = [1.0, 2.0, nan, nan, 3.0, nan, f64::INFINITY, 4.0];
        let found = missing(&series, 2).unwrap();
        assert_eq!((found.dead, found.partial), (vec![1], vec![2, 3]));
    }
}
