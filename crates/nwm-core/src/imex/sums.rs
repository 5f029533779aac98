//! Sums over many steps: a few in the element type, then in double precision.

use nwm_simd::Real;

/// Steps that are summed in the element type before they go into the double-precision total.
const STEPS: usize = 16;

/// A list of sums, to which a number of values each is added at every step.
pub(crate) struct StepSums<R> {
    /// Sums since the last flush; every sum owns as many neighbouring numbers as there are lanes.
    recent: Vec<R>,
    lanes: usize,
    steps: usize,
    totals: Vec<f64>,
}

impl<R: Real> StepSums<R> {
    /// `count` sums, each spread over `lanes` numbers.
    pub(crate) fn new(count: usize, lanes: usize) -> Self {
        Self { recent: vec![R::zero(); count * lanes], lanes, steps: 0, totals: vec![0.0; count] }
    }

    /// The running sums, `[count, lanes]`, to which a step adds.
    pub(crate) fn recent(&mut self) -> &mut [R] {
        &mut self.recent
    }

    /// Ends a step.
    pub(crate) fn end_step(&mut self) {
        self.steps += 1;
        if self.steps == STEPS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.steps = 0;
        for (total, lanes) in self.totals.iter_mut().zip(self.recent.chunks_exact(self.lanes)) {
            *total += lanes.iter().map(|lane| lane.widen()).sum::<f64>();
        }
        self.recent.fill(R::zero());
    }

    /// The sums over all steps.
    pub(crate) fn finish(mut self) -> Vec<f64> {
        self.flush();
        self.totals
    }
}
