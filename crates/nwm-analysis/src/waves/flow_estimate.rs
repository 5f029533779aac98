//! The optical flow of one pair of frames.

use super::flow_links::Links;
use super::flow_system::{Derivatives, FlowSystem};
use super::grid::{Axis, Grid, Neighbours};
use super::optical_flow::OpticalFlowOptions;
use super::phase::difference;
use crate::Real;
use crate::sums::dot;

/// The step of the first round from the flow before toward the solution of the linear system; how much less
/// it is from round to round; the least.
const RELAXATION: [f64; 3] = [1.1, 0.02, 0.2];

/// The gradient of one frame.
pub(super) struct Gradient<T> {
    row: Vec<T>,
    column: Vec<T>,
}

impl<T: Real> Gradient<T> {
    pub(super) fn of(frame: &[T], grid: Grid, size: [usize; 2]) -> Self {
        let neighbours = Neighbours::new(grid, size);
        let along = |axis| {
            let mut slopes = vec![T::zero(); frame.len()];
            neighbours.centred(axis, frame, difference, |site, slope| slopes[site] = slope);
            slopes
        };
        Self { row: along(Axis::Row), column: along(Axis::Column) }
    }
}

/// The flow of the pair of frames at hand, and what its rounds work with.
pub(super) struct Estimate<T> {
    grid: Grid,
    size: [usize; 2],
    options: OpticalFlowOptions,
    /// Sites whose flow can be told.
    known: Vec<bool>,
    links: Links<T>,
    derivatives: Derivatives<T>,
    system: FlowSystem<T>,
    flow: Vec<T>,
    /// Of the last round's linear system.
    solution: Vec<T>,
    data: Residual<T>,
    slopes: Residual<T>,
    /// The weights of data and, with zeros around them, of slopes.
    weights: [Vec<T>; 2],
}

impl<T: Real> Estimate<T> {
    pub(super) fn new(grid: Grid, size: [usize; 2], options: OpticalFlowOptions) -> Self {
        let sites = size[0] * size[1];
        let known = vec![true; sites];
        let links = Links::new(grid, size, &known);
        let layout = links.layout;
        let zeros = || vec![T::zero(); sites];
        Self {
            grid,
            size,
            options,
            known,
            derivatives: Derivatives { row: zeros(), column: zeros(), time: zeros() },
            system: FlowSystem::new(&links),
            links,
            flow: layout.vectors(),
            solution: layout.vectors(),
            data: Residual::new(sites),
            slopes: Residual::new(sites),
            weights: [zeros(), layout.zeros()],
        }
    }

    /// Takes up the next pair of frames, beginning with the flow of the last one.
    pub(super) fn observe(
        &mut self,
        [first, second]: [&[T]; 2],
        [before, after]: [&Gradient<T>; 2],
    ) {
        let half = T::nearest(0.5);
        let Derivatives { row, column, time } = &mut self.derivatives;
        let mut known = vec![true; first.len()];
        for (site, known) in known.iter_mut().enumerate() {
            row[site] = half * (before.row[site] + after.row[site]);
            column[site] = half * (before.column[site] + after.column[site]);
            time[site] = difference(second[site], first[site]);
            *known = (row[site] + column[site] + time[site]).is_finite();
        }
        if known != self.known {
            self.links = Links::new(self.grid, self.size, &known);
            self.known = known;
        }
        let totals = &mut self.weights[0];
        self.links.totals(totals);
        let [flow_row, flow_column] = self.links.layout.inner(&mut self.flow);
        for site in 0..first.len() {
            // Without a neighbour only one component could be told.
            if !self.known[site] || totals[site] == T::zero() {
                self.known[site] = false;
                for values in [&mut *row, &mut *column, &mut *time] {
                    values[site] = T::zero();
                }
                (flow_row[site], flow_column[site]) = (T::zero(), T::zero());
            }
        }
    }

    /// Goes through the rounds.
    pub(super) fn refine(&mut self) {
        let tolerance = T::nearest(self.options.tolerance);
        // What is left of a linear system is 5e-10 of it in double and 1e-5 in single precision.
        let precision = T::epsilon().sqrt() * T::nearest(1.0 / 32.0);
        let [start, fall, least] = RELAXATION;
        self.data.forget();
        self.slopes.forget();
        self.solution.fill(T::zero());
        let step = dot(&self.derivatives.time, &self.derivatives.time);
        for round in 0..self.options.most_rounds {
            self.measure();
            if self.data.is_still(tolerance, step)
                && self.slopes.is_still(tolerance, dot(&self.flow, &self.flow))
            {
                return;
            }
            let [data, slopes] = &self.weights;
            self.system.assemble(&self.derivatives, &self.links, data, slopes);
            self.system.solve(&mut self.solution, precision);
            let relaxation = T::nearest((start - fall * round as f64).max(least));
            for (flow, &solution) in self.flow.iter_mut().zip(&self.solution) {
                *flow = *flow + relaxation * (solution - *flow);
            }
        }
    }

    /// The residuals of the flow, and the weights that follow from them.
    fn measure(&mut self) {
        let layout = self.links.layout;
        let sites = layout.sites;
        let Derivatives { row, column, time } = &self.derivatives;
        let (row, column, time) = (&row[..sites], &column[..sites], &time[..sites]);
        let [along_rows, along_columns] =
            [0, 1].map(|index| layout.surroundings(layout.component(&self.flow, index)).here);
        let data = self.data.next();
        for site in 0..sites {
            data[site] =
                row[site] * along_rows[site] + column[site] * along_columns[site] + time[site];
        }
        let slopes = self.slopes.next();
        self.links.squared_slopes(&self.flow, slopes);
        slopes.iter_mut().for_each(|square| *square = square.sqrt());
        let scale = T::nearest(self.options.beta.recip());
        let weight = |residual: T| {
            let residual = scale * residual;
            (T::one() + residual * residual).sqrt().recip()
        };
        let alpha = T::nearest(self.options.alpha);
        let [of_data, of_slopes] = &mut self.weights;
        for (result, &residual) in of_data.iter_mut().zip(&*data) {
            *result = weight(residual);
        }
        for (result, &residual) in of_slopes[layout.columns..].iter_mut().zip(&*slopes) {
            *result = alpha * weight(residual);
        }
    }

    /// The flow, NaN where there is none.
    pub(super) fn write(&self, row: &mut [T], column: &mut [T]) {
        let layout = self.links.layout;
        for (component, result) in [row, column].into_iter().enumerate() {
            let values = layout.surroundings(layout.component(&self.flow, component)).here;
            for ((result, &value), &known) in result.iter_mut().zip(values).zip(&self.known) {
                *result = if known { value } else { T::nan() };
            }
        }
    }
}

/// A residual at every site, of this round and of the one before.
struct Residual<T> {
    now: Vec<T>,
    before: Vec<T>,
}

impl<T: Real> Residual<T> {
    fn new(sites: usize) -> Self {
        Self { now: vec![T::zero(); sites], before: vec![T::zero(); sites] }
    }

    /// Makes the next residuals differ from those before them, whatever they are.
    fn forget(&mut self) {
        self.now.fill(T::infinity());
    }

    /// The room for the residuals of the next round.
    fn next(&mut self) -> &mut [T] {
        std::mem::swap(&mut self.now, &mut self.before);
        &mut self.now
    }

    /// Whether they changed by at most a share of themselves, or the square of that share of something whose
    /// squares sum to `beside`.
    fn is_still(&mut self, tolerance: T, beside: T) -> bool {
        for (before, &now) in self.before.iter_mut().zip(&self.now) {
            *before = now - *before;
        }
        let change = dot(&self.before, &self.before);
        let square = tolerance * tolerance;
        change <= square * dot(&self.now, &self.now).max(square * beside)
    }
}

#[cfg(test)]
mod tests {
    use crate::random::Stream;
    use crate::waves::flow_reference::Problem;
    use crate::waves::{Grid, OpticalFlowOptions, optical_flow};

    const GRIDS: [Grid; 3] = [Grid::Open, Grid::Torus, Grid::Rings];

    /// A few waves of random directions and strengths, with some noise.
    fn smooth_phases([time, rows, columns]: [usize; 3], stream: &mut Stream) -> Vec<f64> {
        let waves: Vec<[f64; 5]> = (0..3).map(|_| [(); 5].map(|()| stream.normal())).collect();
        let mut phase = Vec::new();
        for t in 0..time {
            for row in 0..rows {
                for column in 0..columns {
                    let (mut re, mut im) = (0.0, 0.0);
                    for [down, right, frequency, start, strength] in &waves {
                        let turn = 0.3 * frequency * t as f64 + start;
                        let place = 0.4 * (down * row as f64 + right * column as f64);
                        re += strength * (turn - place).cos();
                        im += strength * (turn - place).sin();
                    }
                    phase.push(im.atan2(re) + 0.1 * stream.normal());
                }
            }
        }
        phase
    }

    #[test]
    fn rounds_are_those_of_dense_systems() {
        let mut stream = Stream::new(b"tests of optical flow   ", 0);
        let sizes = [[5, 7], [4, 4], [3, 8], [1, 6], [2, 2], [2, 5], [6, 1]];
        for (size, grid) in sizes.into_iter().flat_map(|size| GRIDS.map(|grid| (size, grid))) {
            let shape = [4, size[0], size[1]];
            let sites = size[0] * size[1];
            let mut phase = smooth_phases(shape, &mut stream);
            if sites > 15 {
                // Missing at first, then there.
                (phase[9], phase[sites + 9]) = (f64::NAN, f64::NAN);
            }
            let options = OpticalFlowOptions { alpha: 0.3, beta: 0.5, ..Default::default() };
            let found = optical_flow(&phase, shape, grid, options).unwrap();
            let mut flow = vec![0.0; 2 * sites];
            for pair in 0..3 {
                let problem = Problem::new(&phase, shape, grid, pair);
                problem.refine(&mut flow, options);
                let (mut error, mut norm) = (0.0, 0.0);
                for site in 0..sites {
                    let found = [&found.row, &found.column].map(|it| it[pair * sites + site]);
                    let unknown = problem.derivatives[site][0].is_nan();
                    assert_eq!(found.map(f64::is_nan), [unknown; 2], "{grid:?} {size:?} {site}");
                    for (found, wanted) in found.into_iter().zip([flow[site], flow[sites + site]]) {
                        if !unknown {
                            error += (found - wanted).powi(2);
                            norm += wanted.powi(2);
                        }
                    }
                }
                assert!(error <= 1e-12 * norm, "{grid:?} {size:?} {pair}: {error:e} of {norm}");
            }
        }
    }

    #[test]
    fn no_flow_near_by_has_a_smaller_penalty() {
        let mut stream = Stream::new(b"tests of optical flow   ", 1);
        for grid in GRIDS {
            let (shape, sites) = ([2, 6, 7], 42);
            let phase = smooth_phases(shape, &mut stream);
            let options = OpticalFlowOptions { beta: 0.2, tolerance: 1e-7, ..Default::default() };
            let found = optical_flow(&phase, shape, grid, options).unwrap();
            let flow: Vec<f64> = found.row.iter().chain(&found.column).copied().collect();
            let problem = Problem::new(&phase, shape, grid, 0);
            let least = problem.penalty(&flow, options);
            for trial in 0..200 {
                let (mut other, scale) = (flow.clone(), 1e-3);
                if trial % 2 == 0 {
                    let component = stream.below(2 * sites) as usize;
                    other[component] += scale * stream.normal();
                } else {
                    other.iter_mut().for_each(|it| *it += scale * stream.normal());
                }
                assert!(problem.penalty(&other, options) > least - 1e-12 * least, "{grid:?}");
            }
        }
    }
}
