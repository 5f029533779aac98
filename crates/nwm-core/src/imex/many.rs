//! Couplings of many maps by local kernels, one sample per task, site by site.
//!
//! Fields are turned so that the channels of a site are neighbours, with a wrapped border around the
//! sites. A tap is then a product of a small matrix, `[in, out]`, with the channels of a few sites:
//! vectors run over the outputs, and the weights stay in a cache near the core for the whole sequence.

use nwm_simd::{LONGEST_VECTOR, Real, Vector, add_products, transpose};

use crate::imex::coupling::{Coupling, FieldGradients, Fields, Pass};
use crate::imex::planes::Planes;
use crate::imex::sums::StepSums;
use crate::parameters::{PackedLayout, Parameters};

/// The kernels of a local cell with many maps.
pub(crate) struct ManyChannels<R> {
    planes: Planes,
    channels: usize,
    /// Channels of a site in memory: rounded up to whole vectors.
    pitch: usize,
    /// Fields that are coupled.
    fields: usize,
    /// Forwards one matrix per tap, `[tap, in, out]`, for each field; backwards those of the adjoint,
    /// `[reversed tap, out, in of all fields]`, as a single entry.
    weights: Vec<Vec<R>>,
}

impl<R: Real> ManyChannels<R> {
    /// The kernels of `parameters` between `channels` maps, for one of the passes; `lanes` is the length of the
    /// vectors that the task will run on.
    pub(crate) fn new(
        planes: Planes,
        channels: usize,
        parameters: &Parameters<'_, R>,
        pass: Pass,
        lanes: usize,
    ) -> Self {
        let (taps, pitch) = (planes.taps(), channels.next_multiple_of(lanes));
        let kernels = parameters.kernels();
        let (fields, matrix) = (kernels.len(), taps * channels * pitch);
        let mut weights = match pass {
            Pass::Forward => vec![vec![R::zero(); matrix]; fields],
            Pass::Backward => vec![vec![R::zero(); matrix * fields]],
        };
        for (field, kernel) in kernels.iter().enumerate() {
            for (index, &weight) in kernel.iter().enumerate() {
                let (to, from, tap) =
                    (index / taps / channels, index / taps % channels, index % taps);
                match pass {
                    Pass::Forward => weights[field][(tap * channels + from) * pitch + to] = weight,
                    Pass::Backward => {
                        let row = (taps - 1 - tap) * channels + to;
                        weights[0][(row * fields + field) * pitch + from] = weight;
                    }
                }
            }
        }
        Self { planes, channels, pitch, fields, weights }
    }

    /// Sites of a row, border included.
    fn plane_columns(&self) -> usize {
        self.planes.columns + self.planes.tap_columns - 1
    }

    /// Numbers of a field with its border.
    fn plane_len(&self) -> usize {
        (self.planes.rows + self.planes.tap_rows - 1) * self.plane_columns() * self.pitch
    }

    /// Copies a field, `[channel, row, column]`, into a plane, `[row, column, channel]`, and wraps its
    /// borders.
    #[inline(always)]
    fn load<V: Vector<Element = R>>(&self, field: &[R], plane: &mut [R]) {
        let Planes { rows, columns, tap_rows, tap_columns } = self.planes;
        let (above, before) = (tap_rows / 2, tap_columns / 2);
        let (sites, pitch) = (self.planes.sites(), self.pitch);
        let stride = self.plane_columns() * pitch;
        for row in 0..rows {
            let line = &mut plane[(row + above) * stride..][..stride];
            for column in (0..columns).step_by(V::LANES) {
                let count = V::LANES.min(columns - column);
                for channel in (0..pitch).step_by(V::LANES) {
                    let mut block = [V::zero(); LONGEST_VECTOR];
                    let maps = field.chunks_exact(sites).skip(channel).take(V::LANES);
                    for (vector, map) in block.iter_mut().zip(maps) {
                        *vector = V::load_some(&map[row * columns + column..][..count]);
                    }
                    transpose(&mut block);
                    for (site, vector) in block[..count].iter().enumerate() {
                        vector.store(&mut line[(before + column + site) * pitch + channel..]);
                    }
                }
            }
            line.copy_within(columns * pitch..(columns + before) * pitch, 0);
            line.copy_within(before * pitch..2 * before * pitch, (before + columns) * pitch);
        }
        plane.copy_within(rows * stride..(rows + above) * stride, 0);
        plane.copy_within(above * stride..2 * above * stride, (above + rows) * stride);
    }

    /// Adds the channels from `first` on of `sums`, `[site, width]`, to a field.
    #[inline(always)]
    fn add_sums<V: Vector<Element = R>>(
        &self,
        sums: &[R],
        width: usize,
        first: usize,
        field: &mut [R],
    ) {
        let sites = self.planes.sites();
        for site in (0..sites).step_by(V::LANES) {
            let count = V::LANES.min(sites - site);
            for channel in (0..self.pitch).step_by(V::LANES) {
                let mut block = [V::zero(); LONGEST_VECTOR];
                for (offset, vector) in block[..count].iter_mut().enumerate() {
                    *vector = V::load(&sums[(site + offset) * width + first + channel..]);
                }
                transpose(&mut block);
                let maps = field.chunks_exact_mut(sites).skip(channel).take(V::LANES);
                for (vector, map) in block.iter().zip(maps) {
                    let values = &mut map[site..][..count];
                    (V::load_some(values) + *vector).store_some(values);
                }
            }
        }
    }

    /// `sums[site] = sum over planes and taps of plane[site shifted] weights[tap]`, `[site, width]`.
    #[inline(always)]
    fn correlate<V: Vector<Element = R>>(
        &self,
        planes: &[Vec<R>],
        weights: &[Vec<R>],
        width: usize,
        sums: &mut [R],
    ) {
        for row in 0..self.planes.rows {
            let mut column = 0;
            while column < self.planes.columns {
                let left = self.planes.columns - column;
                let tile = Tile { planes, weights, width, row, column };
                let sites = &mut sums[(row * self.planes.columns + column) * width..];
                column += if left >= 8 {
                    self.correlate_sites::<V, 8>(tile, sites)
                } else if left >= 4 {
                    self.correlate_sites::<V, 4>(tile, sites)
                } else {
                    self.correlate_sites::<V, 1>(tile, sites)
                };
            }
        }
    }

    /// All outputs of `SITES` neighbouring sites, of which there are so many.
    #[inline(always)]
    fn correlate_sites<V: Vector<Element = R>, const SITES: usize>(
        &self,
        tile: Tile<'_, R>,
        sums: &mut [R],
    ) -> usize {
        let mut output = 0;
        while output < tile.width {
            if V::REGISTERS >= 32 && output + 2 * V::LANES <= tile.width {
                self.correlate_tile::<V, SITES, 2>(tile, output, sums);
                output += 2 * V::LANES;
            } else {
                self.correlate_tile::<V, SITES, 1>(tile, output, sums);
                output += V::LANES;
            }
        }
        SITES
    }

    #[inline(always)]
    fn correlate_tile<V: Vector<Element = R>, const SITES: usize, const VECTORS: usize>(
        &self,
        tile: Tile<'_, R>,
        output: usize,
        result: &mut [R],
    ) {
        let Tile { planes, weights, width, row, column } = tile;
        let Planes { tap_rows, tap_columns, .. } = self.planes;
        let (pitch, channels) = (self.pitch, self.channels);
        let mut sums = [[V::zero(); VECTORS]; SITES];
        for (plane, weights) in planes.iter().zip(weights) {
            for tap in 0..tap_rows * tap_columns {
                let (a, b) = (tap / tap_columns, tap % tap_columns);
                let start = (row + a) * self.plane_columns() + column + b;
                let sites = &plane[start * pitch..][..SITES * pitch];
                let mut lines: [&[R]; SITES] = [&[]; SITES];
                for (site, line) in lines.iter_mut().enumerate() {
                    *line = &sites[site * pitch..][..channels];
                }
                let matrix = &weights[tap * channels * width..][..channels * width];
                add_products(lines, matrix, width, output, &mut sums);
            }
        }
        for (site, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                sum.store(&mut result[site * width + output + vector * V::LANES..]);
            }
        }
    }

    /// Adds to the gradients of a field's weights, `[tap, in, out]` with whole vectors of both.
    #[inline(always)]
    fn add_weight_gradient<V: Vector<Element = R>>(
        &self,
        plane: &[R],
        grad_plane: &[R],
        gradient: &mut [R],
    ) {
        let matrices = gradient.chunks_exact_mut(self.pitch * self.pitch);
        for (tap, matrix) in matrices.enumerate() {
            for input in (0..self.pitch).step_by(V::LANES) {
                for output in (0..self.pitch).step_by(V::LANES) {
                    let start = [tap, input, output];
                    if V::LANES == 16 {
                        self.add_weight_block::<V, 16>(plane, grad_plane, start, matrix);
                    } else {
                        self.add_weight_block::<V, 8>(plane, grad_plane, start, matrix);
                    }
                }
            }
        }
    }

    /// `INPUTS` rows of one vector each of a tap's matrix.
    #[inline(always)]
    fn add_weight_block<V: Vector<Element = R>, const INPUTS: usize>(
        &self,
        plane: &[R],
        grad_plane: &[R],
        [tap, input, output]: [usize; 3],
        matrix: &mut [R],
    ) {
        let Planes { rows, columns, tap_rows, tap_columns } = self.planes;
        let (pitch, plane_columns) = (self.pitch, self.plane_columns());
        let (a, b) = (tap / tap_columns, tap % tap_columns);
        let (above, before) = (tap_rows / 2, tap_columns / 2);
        let mut sums = [V::zero(); INPUTS];
        for row in 0..rows {
            let line = |first_row, first_column| {
                ((row + first_row) * plane_columns + first_column) * pitch..
            };
            let values = &plane[line(a, b)][..columns * pitch];
            let grads = &grad_plane[line(above, before)][..columns * pitch];
            for (values, grads) in values.chunks_exact(pitch).zip(grads.chunks_exact(pitch)) {
                let grad = V::load(&grads[output..]);
                let values = &values[input..][..INPUTS];
                for channel in 0..INPUTS {
                    sums[channel] = V::splat(values[channel]).mul_add(grad, sums[channel]);
                }
            }
        }
        for (channel, sum) in sums.iter().enumerate() {
            let target = &mut matrix[(input + channel) * pitch + output..];
            (V::load(target) + *sum).store(target);
        }
    }
}

/// What a tile of sites is computed from.
#[derive(Clone, Copy)]
struct Tile<'a, R> {
    planes: &'a [Vec<R>],
    weights: &'a [Vec<R>],
    width: usize,
    row: usize,
    column: usize,
}

/// Scratch space of a forward task.
pub(crate) struct ForwardSpace<R> {
    /// Position, velocity and, if coupled, drive.
    planes: Vec<Vec<R>>,
    /// `[site, out]`.
    sums: Vec<R>,
}

/// Scratch space of a backward task.
pub(crate) struct AdjointSpace<R> {
    planes: Vec<Vec<R>>,
    grad_plane: Vec<Vec<R>>,
    /// `[site, in of all fields]`.
    sums: Vec<R>,
    /// `[field, tap, in, out]`.
    grad_weights: StepSums<R>,
}

impl<R: Real> Coupling<R> for ManyChannels<R> {
    type Forward = ForwardSpace<R>;
    type Adjoint = AdjointSpace<R>;

    fn samples_per_task(&self) -> usize {
        1
    }

    fn forward_space(&self, _samples: usize) -> Self::Forward {
        ForwardSpace {
            planes: vec![vec![R::zero(); self.plane_len()]; self.fields],
            sums: vec![R::zero(); self.planes.sites() * self.pitch],
        }
    }

    #[inline(always)]
    fn add_coupled<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Forward,
        fields: Fields<'_, R>,
        pre: &mut [R],
    ) {
        for (field, plane) in fields.in_kernel_order().into_iter().zip(&mut space.planes) {
            self.load::<V>(field, plane);
        }
        self.correlate::<V>(&space.planes, &self.weights, self.pitch, &mut space.sums);
        self.add_sums::<V>(&space.sums, self.pitch, 0, pre);
    }

    fn adjoint_space(&self, _samples: usize) -> Self::Adjoint {
        let width = self.fields * self.pitch;
        let weights = self.planes.taps() * self.pitch * width;
        AdjointSpace {
            planes: vec![vec![R::zero(); self.plane_len()]; self.fields],
            grad_plane: vec![vec![R::zero(); self.plane_len()]],
            sums: vec![R::zero(); self.planes.sites() * width],
            grad_weights: StepSums::new(weights, 1),
        }
    }

    #[inline(always)]
    fn pull_back<V: Vector<Element = R>>(
        &self,
        space: &mut Self::Adjoint,
        fields: Fields<'_, R>,
        grad_pre: &[R],
        gradients: FieldGradients<'_, R>,
    ) {
        for (field, plane) in fields.in_kernel_order().into_iter().zip(&mut space.planes) {
            self.load::<V>(field, plane);
        }
        self.load::<V>(grad_pre, &mut space.grad_plane[0]);
        let width = self.fields * self.pitch;
        let per_field = self.planes.taps() * self.pitch * self.pitch;
        let of_weights = space.grad_weights.recent().chunks_exact_mut(per_field);
        for (plane, gradient) in space.planes.iter().zip(of_weights) {
            self.add_weight_gradient::<V>(plane, &space.grad_plane[0], gradient);
        }
        space.grad_weights.end_step();
        self.correlate::<V>(&space.grad_plane, &self.weights, width, &mut space.sums);
        for (field, gradient) in gradients.in_kernel_order().into_iter().enumerate() {
            if let Some(gradient) = gradient {
                self.add_sums::<V>(&space.sums, width, field * self.pitch, gradient);
            }
        }
    }

    fn finish<V: Vector<Element = R>>(
        &self,
        space: Self::Adjoint,
        layout: &PackedLayout,
        packed: &mut [f64],
    ) {
        let (taps, channels, pitch) = (self.planes.taps(), self.channels, self.pitch);
        let gradients = space.grad_weights.finish();
        for (range, gradient) in layout.kernels().zip(gradients.chunks_exact(taps * pitch * pitch))
        {
            for (index, total) in packed[range.clone()].iter_mut().enumerate() {
                let (to, from, tap) =
                    (index / taps / channels, index / taps % channels, index % taps);
                *total += gradient[(tap * pitch + from) * pitch + to];
            }
        }
    }
}
