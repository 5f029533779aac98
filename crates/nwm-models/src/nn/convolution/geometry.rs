//! Where pixels lie: the padded copy of a group of pictures in which every window row is one run of memory.
//!
//! Channels-last pictures have the three pixels of a window's row side by side. In a copy whose rows carry one
//! zero pixel between them, and whose samples one zero row, the windows of *all* positions are thus the rows of
//! a matrix `[positions, 3 channels]` whose rows overlap. A convolution is three products with such matrices, one
//! per window row, and nothing is gathered. The price is one idle position per row and one idle row per sample.
//!
//! With stride 2 the copy keeps even and odd picture rows in two planes, which makes the same true there.

use super::super::matrix::Matrix;
use super::ConvolutionOptions;

/// Side of a window.
pub(super) const WINDOW: usize = 3;

/// How the stored pixels become the picture over which windows slide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// As they are.
    Plain,
    /// Every pixel twice along rows and columns.
    Repeated,
    /// Every pixel once in a 2 x 2 cell of zeros, at this row and column of the cell.
    Dilated([usize; 2]),
}

/// A 3 x 3 cross-correlation between pictures of given sizes; two-element arrays are (row, column).
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    source: [usize; 2],
    spread: Spread,
    stride: usize,
    /// Zeros before the first row and column.
    padding: [usize; 2],
    output: [usize; 2],
    channels: usize,
    filters: usize,
}

impl Correlation {
    /// The correlation of a layer's forward pass, padded SAME.
    pub(super) fn new(
        source: [usize; 2],
        channels: usize,
        filters: usize,
        options: &ConvolutionOptions,
    ) -> Self {
        let stride = options.stride;
        let spread = if options.upsample { Spread::Repeated } else { Spread::Plain };
        let picture = source.map(|side| if options.upsample { 2 * side } else { side });
        let padding = picture.map(|side| usize::from(stride == 1 || side % 2 == 1));
        let output = picture.map(|side| side.div_ceil(stride));
        Self { source, spread, stride, padding, output, channels, filters }
    }

    /// The correlation that turns the result's gradient into that of the picture the windows slid over: taps
    /// reversed, channels and filters exchanged, and zeros between the pixels where the stride was 2.
    pub(super) fn adjoint(&self) -> Self {
        Self {
            source: self.output,
            spread: match self.stride {
                1 => Spread::Plain,
                _ => Spread::Dilated(self.padding.map(|padding| 1 - padding)),
            },
            stride: 1,
            padding: [1, 1],
            output: self.picture(),
            channels: self.filters,
            filters: self.channels,
        }
    }

    /// Rows and columns of the picture over which windows slide.
    fn picture(&self) -> [usize; 2] {
        match self.spread {
            Spread::Plain | Spread::Dilated(_) => self.source,
            Spread::Repeated => self.source.map(|side| 2 * side),
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn filters(&self) -> usize {
        self.filters
    }

    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Rows and columns of stored pixels.
    pub(super) fn source(&self) -> [usize; 2] {
        self.source
    }

    pub(super) fn spread(&self) -> Spread {
        self.spread
    }

    pub(super) fn upsamples(&self) -> bool {
        self.spread == Spread::Repeated
    }

    /// Whether windows slide over the stored pixels one by one.
    pub(super) fn slides_over_source(&self) -> bool {
        self.spread == Spread::Plain && self.stride == 1
    }

    /// Rows and columns of the result.
    pub(super) fn output(&self) -> [usize; 2] {
        self.output
    }

    /// Numbers of one stored sample.
    pub(super) fn source_size(&self) -> usize {
        self.source[0] * self.source[1] * self.channels
    }

    /// Numbers of one sample of the result.
    pub(super) fn output_size(&self) -> usize {
        self.output[0] * self.output[1] * self.filters
    }

    /// Positions from one row of the result to the next.
    pub(super) fn row_pitch(&self) -> usize {
        self.output[1] + 1
    }

    /// Positions from one sample of the result to the next.
    pub(super) fn sample_pitch(&self) -> usize {
        (self.output[0] + 1) * self.row_pitch()
    }

    /// Positions of a group, from the first of the first sample to the last of the last.
    pub(super) fn positions(&self, samples: usize) -> usize {
        samples * self.sample_pitch() - 2 * self.row_pitch() + self.output[1]
    }

    /// Pixels from one row of a plane to the next.
    fn plane_pitch(&self) -> usize {
        self.stride * self.row_pitch()
    }

    /// Pixels of one plane of the padded copy.
    fn plane_size(&self, samples: usize) -> usize {
        (samples * (self.output[0] + 1) + 1) * self.plane_pitch() + 1
    }

    /// Numbers of the padded copy of a group of at most `samples`.
    pub(super) fn padded_size(&self, samples: usize) -> usize {
        self.stride * self.plane_size(samples) * self.channels
    }

    /// First number, in the padded copy for groups of `capacity`, of a picture row of a sample.
    fn row_start(&self, capacity: usize, sample: usize, row: usize) -> usize {
        let row = row + self.padding[0];
        let plane = (row % self.stride) * self.plane_size(capacity);
        let line = sample * (self.output[0] + 1) + row / self.stride;
        (plane + line * self.plane_pitch() + self.padding[1]) * self.channels
    }

    /// Copies a group of stored samples to their places in a padded copy whose other numbers are zero and stay
    /// so. The copy can be used again for any group of at most `capacity` samples.
    pub(super) fn place<T: Copy>(&self, capacity: usize, samples: &[T], padded: &mut [T]) {
        let width = self.source[1] * self.channels;
        for (sample, pixels) in samples.chunks_exact(self.source_size()).enumerate() {
            for (row, pixels) in pixels.chunks_exact(width).enumerate() {
                match self.spread {
                    Spread::Plain => {
                        let start = self.row_start(capacity, sample, row);
                        padded[start..start + width].copy_from_slice(pixels);
                    }
                    Spread::Repeated => {
                        for row in [2 * row, 2 * row + 1] {
                            let start = self.row_start(capacity, sample, row);
                            self.place_every_other(pixels, &mut padded[start..], [0, 1]);
                        }
                    }
                    Spread::Dilated([above, before]) => {
                        let start = self.row_start(capacity, sample, 2 * row + above);
                        self.place_every_other(pixels, &mut padded[start..], [before, before]);
                    }
                }
            }
        }
    }

    /// Copies every pixel of a row to one or two places of a 1 x 2 cell.
    fn place_every_other<T: Copy>(&self, pixels: &[T], row: &mut [T], places: [usize; 2]) {
        let size = self.channels;
        for (pixel, cell) in pixels.chunks_exact(size).zip(row.chunks_mut(2 * size)) {
            for place in places {
                cell[place * size..(place + 1) * size].copy_from_slice(pixel);
            }
        }
    }

    /// Row `line` of every window of a group: a matrix `[positions, 3 channels]`.
    pub(super) fn window_rows<'a, T>(
        &self,
        capacity: usize,
        samples: usize,
        line: usize,
        padded: &'a [T],
    ) -> Matrix<'a, T> {
        let plane = (line % self.stride) * self.plane_size(capacity);
        let start = plane + (line / self.stride) * self.plane_pitch();
        Matrix::with_row_stride(
            &padded[start * self.channels..],
            self.positions(samples),
            WINDOW * self.channels,
            self.stride * self.channels,
        )
    }
}
