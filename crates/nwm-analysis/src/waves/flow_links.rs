//! Links of neighbouring sites, in the order of memory.

use super::edges::for_each_edge;
use super::grid::{Axis, Grid};
use crate::Real;

/// Values of sites with a row of zeros before and behind, so that sites at edges have neighbours to read.
/// Weights of links that do not exist are zero, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) sites: usize,
    pub(super) columns: usize,
}

/// The values of all sites, and those of their neighbours in the order of memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a, T> {
    pub(super) here: &'a [T],
    pub(super) left: &'a [T],
    pub(super) right: &'a [T],
    pub(super) up: &'a [T],
    pub(super) down: &'a [T],
}

impl Layout {
    /// Zeros for one value per site.
    pub(super) fn zeros<T: Real>(self) -> Vec<T> {
        vec![T::zero(); self.sites + 2 * self.columns]
    }

    /// Zeros for two values per site: all of the first component, then all of the second. The zeros between
    /// them serve both.
    pub(super) fn vectors<T: Real>(self) -> Vec<T> {
        vec![T::zero(); 2 * self.sites + 3 * self.columns]
    }

    /// One component of vectors, with the zeros around it.
    pub(super) fn component<T>(self, vectors: &[T], component: usize) -> &[T] {
        let start = component * (self.sites + self.columns);
        &vectors[start..start + self.sites + 2 * self.columns]
    }

    /// Both components of vectors, without the zeros around them.
    pub(super) fn inner<T>(self, vectors: &mut [T]) -> [&mut [T]; 2] {
        let (first, second) = vectors.split_at_mut(self.sites + self.columns);
        [&mut first[self.columns..], &mut second[self.columns..self.columns + self.sites]]
    }

    pub(super) fn surroundings<T>(self, values: &[T]) -> Surroundings<'_, T> {
        let at = |start: usize| &values[start..start + self.sites];
        let first = self.columns;
        Surroundings {
            here: at(first),
            left: at(first - 1),
            right: at(first + 1),
            up: at(0),
            down: at(2 * first),
        }
    }
}

/// Which sites are linked, and how strongly.
#[derive(Debug, Clone)]
pub(super) struct Links<T> {
    pub(super) layout: Layout,
    /// With the next site of the row.
    pub(super) right: Vec<T>,
    /// With the next site of the column.
    pub(super) down: Vec<T>,
    /// Across a seam of the grid.
    pub(super) around: Vec<(usize, usize, T)>,
}

impl<T: Real> Links<T> {
    /// Links of weight one between all `known` neighbours.
    pub(super) fn new(grid: Grid, [rows, columns]: [usize; 2], known: &[bool]) -> Self {
        let layout = Layout { sites: rows * columns, columns };
        let mut links =
            Self { layout, right: layout.zeros(), down: layout.zeros(), around: Vec::new() };
        for axis in [Axis::Row, Axis::Column] {
            for_each_edge(axis, [rows, columns], grid, |from, to| {
                if !(known[from] && known[to]) {
                    return;
                }
                if to < from {
                    links.around.push((from, to, T::one()));
                } else if axis == Axis::Row {
                    links.down[columns + from] = T::one();
                } else {
                    links.right[columns + from] = T::one();
                }
            });
        }
        links
    }

    /// The sum of the weights of each site's links.
    pub(super) fn totals(&self, totals: &mut [T]) {
        let (right, down) =
            (self.layout.surroundings(&self.right), self.layout.surroundings(&self.down));
        for site in 0..self.layout.sites {
            totals[site] = right.here[site] + right.left[site] + down.here[site] + down.up[site];
        }
        for &(from, to, weight) in &self.around {
            totals[from] = totals[from] + weight;
            totals[to] = totals[to] + weight;
        }
    }

    /// Half the sum over each site's links of the squared difference of the vectors that they link: of the
    /// slopes of both components the square, as a mean of what is found on both sides.
    pub(super) fn squared_slopes(&self, vectors: &[T], squares: &mut [T]) {
        let layout = self.layout;
        let sites = layout.sites;
        let squares = &mut squares[..sites];
        let half = T::nearest(0.5);
        let (right, down) = (layout.surroundings(&self.right), layout.surroundings(&self.down));
        for component in 0..2 {
            let plane = layout.component(vectors, component);
            let values = layout.surroundings(plane);
            let first = component == 0;
            for site in 0..sites {
                let square = |other: T| (other - values.here[site]) * (other - values.here[site]);
                let sum = right.here[site] * square(values.right[site])
                    + right.left[site] * square(values.left[site])
                    + down.here[site] * square(values.down[site])
                    + down.up[site] * square(values.up[site]);
                let before = if first { T::zero() } else { squares[site] };
                squares[site] = before + half * sum;
            }
            for &(from, to, weight) in &self.around {
                let step = values.here[to] - values.here[from];
                let square = half * weight * step * step;
                squares[from] = squares[from] + square;
                squares[to] = squares[to] + square;
            }
        }
    }

    /// Sets the weight of each link to the mean of the weights of its sites, zero where `present` has no link.
    pub(super) fn set_means(&mut self, present: &Self, weights: &[T]) {
        let layout = self.layout;
        let half = T::nearest(0.5);
        let weights = layout.surroundings(weights);
        let inner = layout.columns..layout.columns + layout.sites;
        let (right, down) = (&mut self.right[inner.clone()], &mut self.down[inner.clone()]);
        let (rightward, downward) = (&present.right[inner.clone()], &present.down[inner]);
        for site in 0..layout.sites {
            let here = half * weights.here[site];
            right[site] = rightward[site] * (here + half * weights.right[site]);
            down[site] = downward[site] * (here + half * weights.down[site]);
        }
        self.around.clone_from(&present.around);
        for (from, to, weight) in &mut self.around {
            *weight = half * (weights.here[*from] + weights.here[*to]);
        }
    }
}
