//! Any layer as sums over its taps, with the sums in registers.
//!
//! Channels-last pictures have the pixels of a window's row side by side: one row of a window times the weights of
//! all filters is a product of a run of memory with a matrix, and nothing is gathered. A block of neighbouring
//! results is summed over all rows of their windows before it is written, with bias and activation.
//!
//! Where pixels are repeated, or jumped over, results that meet the same taps form a *phase*
//! ([`Phase`](super::geometry::Phase)) with a matrix of its own, in which the weights of taps that meet one pixel
//! are added: a layer that doubles its picture multiplies 4 times per pixel instead of 9.

mod correlate;
mod inner_products;
mod row;
mod weight_gradient;

use nwm_simd::Simd;

use self::correlate::Correlate;
use self::inner_products::InnerProducts;
use self::weight_gradient::{AddWeightGradient, Orientation};
use super::super::real::Real;
use super::geometry::{Correlation, Pass, WINDOW, for_each_tap};
use super::method::{Activation, Method, Scratch};

/// A layer that is computed in this form.
pub(super) struct Direct<T> {
    correlation: Correlation,
    reading: Pass,
    adjoint: Pass,
    simd: Simd,
    /// Of the forward pass or of the adjoint, whichever is to be run.
    matrices: Matrices<T>,
    orientation: Orientation,
}

impl<T: Real> Direct<T> {
    /// For the forward pass of a layer.
    pub(super) fn forward(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        Self::new(correlation, simd, |reading, _| {
            let (channels, filters) = (correlation.channels(), correlation.filters());
            let mut matrices = Matrices::new(reading, channels, filters, simd);
            for_each_tap(channels, filters, |stored, filter, channel, tap| {
                matrices.add(tap, [channel, filter], weight[stored]);
            });
            matrices
        })
    }

    /// For the backward pass of a layer.
    pub(super) fn backward(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        Self::new(correlation, simd, |_, adjoint| {
            let (channels, filters) = (correlation.channels(), correlation.filters());
            let mut matrices = Matrices::new(adjoint, filters, channels, simd);
            for_each_tap(channels, filters, |stored, filter, channel, tap| {
                matrices.add(tap, [filter, channel], weight[stored]);
            });
            matrices
        })
    }

    fn new(
        correlation: &Correlation,
        simd: Simd,
        pack: impl FnOnce(&Pass, &Pass) -> Matrices<T>,
    ) -> Self {
        let (reading, adjoint) = (correlation.reading(), correlation.adjoint());
        let matrices = pack(&reading, &adjoint);
        let orientation = Orientation::of(correlation, simd.lanes::<T>());
        Self { correlation: correlation.clone(), reading, adjoint, simd, matrices, orientation }
    }

    /// The targets of a pass from one sample's padded sources.
    fn correlate(
        &self,
        pass: &Pass,
        padded: &[T],
        activation: Option<Activation<'_, T>>,
        result: &mut [T],
    ) {
        let matrices = &self.matrices;
        match matrices.arrangement {
            Arrangement::OverOuter { pitch } => {
                self.simd.run(Correlate { pass, matrices, pitch, padded, activation, result });
            }
            Arrangement::OverInner => {
                self.simd.run(InnerProducts { pass, matrices, padded, activation, result });
            }
        }
    }
}

/// The weights of each phase, where sums are over the inner index.
struct Matrices<T> {
    of_phases: Vec<Vec<T>>,
    meetings: Meetings,
    inner: usize,
    outer: usize,
    arrangement: Arrangement,
}

/// How the weights of a phase are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrangement {
    /// `[row of the window, column of the window, inner, outer]`, the last one padded to whole vectors, which run
    /// over it.
    OverOuter { pitch: usize },
    /// `[row of the window, outer, column of the window, inner]`. Vectors run over the last two: for so few outer
    /// ones that most lanes would be idle.
    OverInner,
}

impl Arrangement {
    fn of(pass: &Pass, inner: usize, outer: usize, lanes: usize) -> Self {
        let runs_fill_vectors =
            pass.phases().all(|[_, columns]| (columns.taps.len() * inner).is_multiple_of(lanes));
        if 2 * outer <= lanes && runs_fill_vectors {
            Self::OverInner
        } else {
            Self::OverOuter { pitch: outer.next_multiple_of(lanes) }
        }
    }
}

impl<T: Real> Matrices<T> {
    fn new(pass: &Pass, inner: usize, outer: usize, simd: Simd) -> Self {
        let arrangement = Arrangement::of(pass, inner, outer, simd.lanes::<T>());
        let width = match arrangement {
            Arrangement::OverOuter { pitch } => pitch,
            Arrangement::OverInner => outer,
        };
        let size = |[rows, columns]: [usize; 2]| vec![T::zero(); rows * columns * inner * width];
        let of_phases =
            pass.phases().map(|phase| size(phase.map(|phase| phase.taps.len()))).collect();
        Self { of_phases, meetings: meetings(pass), inner, outer, arrangement }
    }

    /// Adds a weight wherever its tap is met.
    fn add(&mut self, tap: usize, [inner, outer]: [usize; 2], weight: T) {
        for &Meeting { phase, row, column, width } in &self.meetings[tap] {
            let index = match self.arrangement {
                Arrangement::OverOuter { pitch } => {
                    ((row * width + column) * self.inner + inner) * pitch + outer
                }
                Arrangement::OverInner => {
                    ((row * self.outer + outer) * width + column) * self.inner + inner
                }
            };
            self.of_phases[phase][index] += weight;
        }
    }
}

/// Where a tap is met: the phase, the row and the column in its window, and how many columns that has.
#[derive(Clone, Copy)]
struct Meeting {
    phase: usize,
    row: usize,
    column: usize,
    width: usize,
}

/// Where each tap is met.
type Meetings = [Vec<Meeting>; WINDOW * WINDOW];

fn meetings(pass: &Pass) -> Meetings {
    let mut meetings = Meetings::default();
    for (phase, [rows, columns]) in pass.phases().enumerate() {
        let width = columns.taps.len();
        for (row, column) in (0..rows.taps.len()).flat_map(|row| (0..width).map(move |c| (row, c)))
        {
            for tap in rows.taps[row]
                .iter()
                .flat_map(|row| columns.taps[column].iter().map(move |c| row * WINDOW + c))
            {
                meetings[tap].push(Meeting { phase, row, column, width });
            }
        }
    }
    meetings
}

impl<T: Real> Method<T> for Direct<T> {
    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    ) {
        let samples = input.chunks_exact(self.correlation.source_size());
        let results = result.chunks_exact_mut(self.correlation.output_size());
        for (sample, result) in samples.zip(results) {
            self.reading.frame().fill(self.correlation.channels(), sample, &mut scratch.pixels);
            self.correlate(&self.reading, &scratch.pixels, Some(activation), result);
        }
    }

    fn gradient_len(&self) -> usize {
        self.orientation.len(&self.reading)
    }

    fn backward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        mut of_weight: Option<&mut [T]>,
        mut of_input: Option<&mut [T]>,
    ) {
        let Self { correlation, reading, adjoint, .. } = self;
        let (source, output) = (correlation.source_size(), correlation.output_size());
        let samples = input.chunks_exact(source).zip(before.chunks_exact(output));
        for (index, (sample, before)) in samples.enumerate() {
            adjoint.frame().fill(correlation.filters(), before, &mut scratch.gradient);
            if let Some(of_weight) = of_weight.as_deref_mut() {
                reading.frame().fill(correlation.channels(), sample, &mut scratch.pixels);
                self.simd.run(AddWeightGradient {
                    reading,
                    adjoint,
                    orientation: &self.orientation,
                    pixels: &scratch.pixels,
                    gradient: &scratch.gradient,
                    sums: of_weight,
                });
            }
            if let Some(of_input) = of_input.as_deref_mut() {
                let of_input = &mut of_input[index * source..][..source];
                self.correlate(adjoint, &scratch.gradient, None, of_input);
            }
        }
    }

    fn unpack(&self, gradient: &[T]) -> Vec<T> {
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        let mut weight = vec![T::zero(); channels * filters * WINDOW * WINDOW];
        let phases: Vec<_> =
            self.reading.phases().zip(self.orientation.starts(&self.reading)).collect();
        let meetings = meetings(&self.reading);
        for_each_tap(channels, filters, |stored, filter, channel, tap| {
            for &Meeting { phase, row, column, width } in &meetings[tap] {
                let (phase, start) = phases[phase];
                let place = row * width + column;
                let index = self.orientation.index(phase, place, channel, filter);
                weight[stored] += gradient[start + index];
            }
        });
        weight
    }
}
