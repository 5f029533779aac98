//! Copies of pictures among zeros, so that windows and vectors may reach over their edges.

use super::super::real::Real;

/// Numbers behind the last picture, so that a vector may be loaded at its last pixel.
const SLACK: usize = 64;

/// Where pictures lie in such a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Rows and columns of a picture.
    pub(super) picture: [usize; 2],
    /// The place of its first pixel.
    pub(super) origin: [usize; 2],
    /// Rows and columns with the zeros.
    pub(super) padded: [usize; 2],
}

impl Frame {
    /// Copies pictures one after the other to their places. What `target` held before is used again: it must have been
    /// filled for the same frame and number of channels.
    pub(super) fn fill<T: Real>(&self, channels: usize, pictures: &[T], target: &mut Vec<T>) {
        let Self { picture, origin, padded } = self;
        let count = pictures.len() / (picture[0] * picture[1] * channels);
        let size = padded[0] * padded[1] * channels;
        if target.len() < count * size + SLACK {
            target.resize(count * size + SLACK, T::zero());
        }
        let width = picture[1] * channels;
        let pictures = pictures.chunks_exact(picture[0] * width);
        for (picture, target) in pictures.zip(target.chunks_exact_mut(size)) {
            let rows = target.chunks_exact_mut(padded[1] * channels).skip(origin[0]);
            for (row, target) in picture.chunks_exact(width).zip(rows) {
                target[origin[1] * channels..][..width].copy_from_slice(row);
            }
        }
    }
}
