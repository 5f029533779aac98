//! Which frame of a film a decoding looks like, and how far it is from what it should show.

use rayon::prelude::*;

use crate::{Error, Real, Result, check};

/// For each decoding `[film, shift, pixel]` the frame of its film that it is nearest to: the least squared error, of equal
/// ones the first. `films` are `[film, frame, pixel]` with `frames` frames each; the result is `[film, shift]`.
///
/// # Errors
///
/// [`Error::Length`] if an array has another length, [`Error::Empty`] without decodings or frames, [`Error::NonFinite`] if a
/// number is NaN or infinite.
pub fn matched_frames<T: Real>(
    decodings: &[T],
    shape: [usize; 3],
    films: &[T],
    frames: usize,
) -> Result<Vec<usize>> {
    const ACTION: &str = "match decodings with frames";
    let [count, shifts, pixels] = shape;
    check::shape("decodings [film, shift, pixel]", decodings, &shape)?;
    check::shape("films [film, frame, pixel]", films, &[count, frames, pixels])?;
    if decodings.is_empty() || frames == 0 {
        return Err(Error::Empty { action: ACTION, expected: "decoding and frame" });
    }
    check_finite("match decodings", decodings)?;
    check_finite("match frames of films", films)?;
    let matched = decodings
        .par_chunks_exact(shifts * pixels)
        .zip(films.par_chunks_exact(frames * pixels))
        .flat_map_iter(|(decodings, film)| {
            decodings.chunks_exact(pixels).map(move |decoding| nearest(decoding, film))
        });
    Ok(matched.collect())
}

/// The number of the frame of `film` that is nearest.
fn nearest<T: Real>(decoding: &[T], film: &[T]) -> usize {
    let errors = film.chunks_exact(decoding.len()).map(|frame| squared_error(decoding, frame));
    let (mut best, mut least) = (0, f64::INFINITY);
    for (frame, error) in errors.enumerate() {
        if error < least {
            (best, least) = (frame, error);
        }
    }
    best
}

/// The squared error of each decoding `[film, shift, pixel]` against the picture that it should show, of the same axes, mean
/// over pixels: `[film, shift]`.
///
/// # Errors
///
/// [`Error::Length`] if an array has another length, [`Error::Empty`] without pixels, [`Error::NonFinite`] if a number is NaN
/// or infinite.
pub fn mean_squared_errors<T: Real>(
    decodings: &[T],
    truth: &[T],
    shape: [usize; 3],
) -> Result<Vec<f64>> {
    check::shape("decodings [film, shift, pixel]", decodings, &shape)?;
    check::shape("pictures [film, shift, pixel]", truth, &shape)?;
    if decodings.is_empty() {
        return Err(Error::Empty { action: "measure errors of decodings", expected: "pixel" });
    }
    check_finite("measure errors of decodings", decodings)?;
    check_finite("measure errors against pictures", truth)?;
    let pixels = shape[2];
    let pairs = decodings.par_chunks_exact(pixels).zip(truth.par_chunks_exact(pixels));
    Ok(pairs.map(|(decoding, truth)| squared_error(decoding, truth) / pixels as f64).collect())
}

fn squared_error<T: Real>(one: &[T], other: &[T]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one.widen() - other.widen()).powi(2)).sum()
}

fn check_finite<T: Real>(action: &'static str, values: &[T]) -> Result<()> {
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(Error::NonFinite { action, index, value: value.widen() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn decodings_that_are_nearly_a_frame_match_it() {
        let mut stream = Stream::new(b"tests of matched frames ", 0);
        let [count, frames, shifts, pixels] = [3, 7, 11, 20];
        let films: Vec<f32> = (0..count * frames * pixels).map(|_| stream.unit() as f32).collect();
        let mut wanted = Vec::new();
        let mut decodings = Vec::new();
        for film in 0..count {
            for _ in 0..shifts {
                let frame = stream.below(frames as u32) as usize;
                wanted.push(frame);
                let start = (film * frames + frame) * pixels;
                let noisy = |value: &f32| value + 0.05 * stream.normal() as f32;
                decodings.extend(films[start..][..pixels].iter().map(noisy));
            }
        }
        let shape = [count, shifts, pixels];
        assert_eq!(matched_frames(&decodings, shape, &films, frames).unwrap(), wanted);
        // The first of equal frames.
        let twice = [1.0, 0.0, 0.5, 0.5, 0.5, 0.5];
        assert_eq!(matched_frames(&[0.4, 0.5], [1, 1, 2], &twice, 3).unwrap(), [1]);
    }

    #[test]
    fn errors_are_means_over_pixels() {
        let decodings = [0.0, 1.0, 0.5, 0.5_f32];
        let truth = [0.0, 0.0, 0.5, 0.25];
        let found = mean_squared_errors(&decodings, &truth, [1, 2, 2]).unwrap();
        assert_eq!(found, [0.5, 0.03125]);
    }

    #[test]
    fn wrong_input_is_refused() {
        let films = [0.0; 12];
        let matched = |decodings: &[f64], shape, frames| {
            matched_frames(decodings, shape, &films, frames).unwrap_err()
        };
        assert!(matches!(matched(&[0.0; 5], [1, 2, 3], 4), Error::Length { found: 5, .. }));
        assert!(matches!(matched(&[0.0; 6], [1, 2, 3], 5), Error::Length { found: 12, .. }));
        assert!(matches!(matched(&[], [1, 0, 3], 4), Error::Empty { .. }));
        let mut decodings = [0.0; 6];
        decodings[4] = f64::NAN;
        assert!(matches!(matched(&decodings, [1, 2, 3], 4), Error::NonFinite { index: 4, .. }));
        let errors = |one: &[f64], other: &[f64]| {
            mean_squared_errors(one, other, [1, 2, 3]).unwrap_err().to_string()
        };
        assert!(errors(&[0.0; 6], &[0.0; 7]).contains("pictures [film, shift, pixel]"));
        assert!(errors(&[0.0; 6], &decodings).contains("value 4 is NaN"));
    }
}
