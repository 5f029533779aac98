//! Which pixels a layer reads, and which results a pixel enters.

use super::ConvolutionOptions;
use super::padded::Frame;

/// Side of a window.
pub(super) const WINDOW: usize = 3;

/// A 3 x 3 cross-correlation between pictures of given sizes; two-element arrays are (row, column).
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    source: [usize; 2],
    repeats: bool,
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
        let (stride, repeats) = (options.stride, options.upsample);
        let picture = source.map(|side| if repeats { 2 * side } else { side });
        let padding = picture.map(|side| usize::from(stride == 1 || side % 2 == 1));
        let output = picture.map(|side| side.div_ceil(stride));
        Self { source, repeats, stride, padding, output, channels, filters }
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

    /// Whether every stored pixel is there twice along rows and columns before windows slide over it.
    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Rows and columns of stored pixels.
    pub(super) fn source(&self) -> [usize; 2] {
        self.source
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

    /// The forward pass: how results read stored pixels.
    pub(super) fn reading(&self) -> Pass {
        let factor = 1 + usize::from(self.repeats);
        let axes = self.padding.map(|padding| Phase::of_results(self.stride, factor, padding));
        Pass::new(axes, self.source, self.output)
    }

    /// Its adjoint: how the gradient of stored pixels reads that of the results.
    pub(super) fn adjoint(&self) -> Pass {
        let factor = 1 + usize::from(self.repeats);
        let axes = self.padding.map(|padding| Phase::of_pixels(self.stride, factor, padding));
        Pass::new(axes, self.output, self.source)
    }
}

/// Every so many targets along one axis, and the run of sources that each of them reads.
///
/// Where pixels are repeated, or where the stride jumps over them, neighbouring targets meet different taps of the
/// window; every second one meets the same. Several taps may meet one source: their weights are added, and the
/// source is read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    /// The first target, and the distance from one to the next.
    pub(super) first: usize,
    pub(super) step: usize,
    /// The first source that the first target reads, negative in the padding, and the distance from the one of a
    /// target to that of the next.
    pub(super) start: isize,
    pub(super) stride: usize,
    /// The taps that meet each source of the run.
    pub(super) taps: Vec<Vec<usize>>,
}

impl Phase {
    /// Targets are results, sources the stored pixels of which each is there `factor` times.
    fn of_results(stride: usize, factor: usize, padding: usize) -> Vec<Self> {
        let step = if factor > stride { factor / stride } else { 1 };
        let of = |first| {
            let met = (0..WINDOW).map(|tap| (source_of(first, tap, stride, factor, padding), tap));
            Self::gather(first, step, stride * step / factor, met)
        };
        (0..step).map(|first| of(first as isize)).collect()
    }

    /// Targets are stored pixels, sources the results that read them.
    fn of_pixels(stride: usize, factor: usize, padding: usize) -> Vec<Self> {
        const REACH: isize = 2 * WINDOW as isize;
        let step = if stride > factor { stride / factor } else { 1 };
        let of = |first| {
            let results =
                (-REACH..=REACH).flat_map(|result| (0..WINDOW).map(move |tap| (result, tap)));
            let met = results
                .filter(|&(result, tap)| source_of(result, tap, stride, factor, padding) == first);
            Self::gather(first, step, step * factor / stride, met)
        };
        (0..step).map(|first| of(first as isize)).collect()
    }

    /// Sorts (source, tap) by source.
    fn gather(
        first: isize,
        step: usize,
        stride: usize,
        met: impl Iterator<Item = (isize, usize)> + Clone,
    ) -> Self {
        let start = met.clone().map(|(source, _)| source).min().unwrap_or_default();
        let mut taps: Vec<Vec<usize>> = Vec::new();
        for (source, tap) in met {
            let place = (source - start).unsigned_abs();
            taps.resize(taps.len().max(place + 1), Vec::new());
            taps[place].push(tap);
        }
        Self { first: first.unsigned_abs(), step, start, stride, taps }
    }

    /// How many of `targets` there are in this phase.
    pub(super) fn count(&self, targets: usize) -> usize {
        targets.saturating_sub(self.first).div_ceil(self.step)
    }

    /// One past the last source that is read.
    fn end(&self, targets: usize) -> isize {
        let last = self.count(targets).saturating_sub(1) * self.stride + self.taps.len();
        self.start + last as isize
    }
}

/// The stored pixel under a tap of a result's window.
fn source_of(result: isize, tap: usize, stride: usize, factor: usize, padding: usize) -> isize {
    let place = result * stride as isize + tap as isize - padding as isize;
    place.div_euclid(factor as isize)
}

/// How targets read sources on both axes.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Of rows and of columns; a phase of the pass is a pair of them.
    pub(super) axes: [Vec<Phase>; 2],
    /// Rows and columns of the sources and of the targets.
    pub(super) source: [usize; 2],
    pub(super) target: [usize; 2],
    /// Zeros that are read before the first source and after the last.
    before: [usize; 2],
    after: [usize; 2],
}

impl Pass {
    fn new(axes: [Vec<Phase>; 2], source: [usize; 2], target: [usize; 2]) -> Self {
        let most = |axis: usize, reach: &dyn Fn(&Phase) -> isize| {
            axes[axis].iter().map(|phase| reach(phase).max(0).unsigned_abs()).max().unwrap_or(0)
        };
        let before = [0, 1].map(|axis| most(axis, &|phase| -phase.start));
        let after =
            [0, 1].map(|axis| most(axis, &|phase| phase.end(target[axis]) - source[axis] as isize));
        Self { axes, source, target, before, after }
    }

    /// All pairs of a phase of rows and one of columns.
    pub(super) fn phases(&self) -> impl Iterator<Item = [&Phase; 2]> {
        self.axes[0].iter().flat_map(|row| self.axes[1].iter().map(move |column| [row, column]))
    }

    /// Rows and columns of the sources with their zeros.
    pub(super) fn padded(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.before[axis] + self.source[axis] + self.after[axis])
    }

    /// Where the first source lies in there.
    pub(super) fn origin(&self) -> [usize; 2] {
        self.before
    }

    /// The sources among their zeros.
    pub(super) fn frame(&self) -> Frame {
        Frame { picture: self.source, origin: self.before, padded: self.padded() }
    }

    /// Where the first source that a phase reads lies in there.
    pub(super) fn start(&self, phase: [&Phase; 2]) -> [usize; 2] {
        [0, 1].map(|axis| self.before[axis].wrapping_add_signed(phase[axis].start))
    }
}

/// Calls `visit(index, filter, channel, tap)` for every number of a stored weight `[filters, channels, 3, 3]`, in
/// order.
pub(super) fn for_each_tap(
    channels: usize,
    filters: usize,
    mut visit: impl FnMut(usize, usize, usize, usize),
) {
    let taps = WINDOW * WINDOW;
    for filter in 0..filters {
        for channel in 0..channels {
            for tap in 0..taps {
                visit((filter * channels + channel) * taps + tap, filter, channel, tap);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_pixels_are_met_by_pairs_of_taps() {
        let [even, odd] = &Phase::of_results(1, 2, 1)[..] else { panic!("two phases") };
        assert_eq!(
            (even.start, even.stride, even.taps.clone()),
            (-1, 1, vec![vec![0], vec![1, 2]])
        );
        assert_eq!((odd.start, odd.stride, odd.taps.clone()), (0, 1, vec![vec![0, 1], vec![2]]));
        let [adjoint] = &Phase::of_pixels(1, 2, 1)[..] else { panic!("one phase") };
        assert_eq!((adjoint.start, adjoint.stride), (-1, 2));
        assert_eq!(adjoint.taps, [vec![2], vec![1, 2], vec![0, 1], vec![0]]);
    }

    #[test]
    fn a_jump_leaves_one_or_two_taps_to_a_pixel() {
        let [even, odd] = &Phase::of_pixels(2, 1, 0)[..] else { panic!("two phases") };
        assert_eq!((even.start, even.stride, even.taps.clone()), (-1, 1, vec![vec![2], vec![0]]));
        assert_eq!((odd.start, odd.stride, odd.taps.clone()), (0, 1, vec![vec![1]]));
    }

    #[test]
    fn the_adjoint_meets_every_tap_of_every_pair_once() {
        for (stride, factor, padding) in [(1, 1, 1), (2, 1, 0), (2, 1, 1), (1, 2, 1), (2, 2, 0)] {
            let (results, pixels) = (24 / stride, 24 / factor);
            let pairs = |phases: Vec<Phase>, targets: usize, forward: bool| {
                let mut pairs = Vec::new();
                for phase in phases {
                    for index in 0..phase.count(targets) {
                        let target = (phase.first + index * phase.step) as isize;
                        for (place, taps) in phase.taps.iter().enumerate() {
                            let source = phase.start + (index * phase.stride + place) as isize;
                            let (result, pixel) =
                                if forward { (target, source) } else { (source, target) };
                            let inside = (0..results as isize).contains(&result)
                                && (0..pixels as isize).contains(&pixel);
                            pairs.extend(
                                taps.iter().map(|&tap| (result, pixel, tap)).filter(|_| inside),
                            );
                        }
                    }
                }
                pairs.sort_unstable();
                pairs
            };
            let forward = pairs(Phase::of_results(stride, factor, padding), results, true);
            let adjoint = pairs(Phase::of_pixels(stride, factor, padding), pixels, false);
            assert_eq!(forward, adjoint, "stride {stride}, factor {factor}, padding {padding}");
            assert!(forward.len() > 3 * results - 4, "{}", forward.len());
        }
    }
}
