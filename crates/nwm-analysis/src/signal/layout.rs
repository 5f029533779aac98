//! The two orders of a recording: frame after frame, and series after series.

use rayon::prelude::*;

use super::check;
use crate::Result;

/// Rows and columns that are moved together, so that both sides stay in the cache.
const TILE: usize = 32;

/// `[series, time]` of a recording `[time, ...]`: one contiguous series per site.
///
/// # Errors
///
/// When there is no value, or their number is no multiple of `time`.
pub fn series_of<T: Copy + Default + Send + Sync>(recording: &[T], time: usize) -> Result<Vec<T>> {
    check::series("take the series of a recording", recording, time)?;
    Ok(transposed(recording, recording.len() / time))
}

/// `[time, series]`, which is the recording, of `[series, time]`.
///
/// # Errors
///
/// When there is no value, or their number is no multiple of `time`.
pub fn frames_of<T: Copy + Default + Send + Sync>(series: &[T], time: usize) -> Result<Vec<T>> {
    check::series("take the frames of series", series, time)?;
    Ok(transposed(series, time))
}

/// A matrix with this many columns, rows and columns exchanged.
fn transposed<T: Copy + Default + Send + Sync>(values: &[T], columns: usize) -> Vec<T> {
    let rows = values.len() / columns;
    let mut result = vec![T::default(); values.len()];
    result.par_chunks_mut(TILE * rows).enumerate().for_each(|(tile, target)| {
        let first = tile * TILE;
        for start in (0..rows).step_by(TILE) {
            let end = (start + TILE).min(rows);
            for (column, target) in target.chunks_exact_mut(rows).enumerate() {
                for row in start..end {
                    target[row] = values[row * columns + first + column];
                }
            }
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_become_rows_and_back() {
        for [time, sites] in [[1, 1], [3, 2], [70, 33], [32, 64], [5, 100]] {
            let recording: Vec<u32> = (0..(time * sites) as u32).collect();
            let series = series_of(&recording, time).unwrap();
            for t in 0..time {
                for site in 0..sites {
                    assert_eq!(series[site * time + t], recording[t * sites + site]);
                }
            }
            assert_eq!(frames_of(&series, time).unwrap(), recording);
        }
        assert!(series_of(&[1.0; 5], 2).is_err());
        assert!(frames_of::<f32>(&[], 2).is_err());
        assert!(series_of(&[1.0], 0).is_err());
    }
}
