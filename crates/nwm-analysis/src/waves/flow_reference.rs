//! The definition of optical flow in plain terms, with dense systems, to test against.

use super::grid::Grid;
use super::{OpticalFlowOptions, phase_gradient};
use crate::wrapped;

/// What one pair of frames asks for, in plain terms: derivatives of each site, which sites are linked.
pub(super) struct Problem {
    /// Along rows, along columns, in time.
    pub(super) derivatives: Vec<[f64; 3]>,
    edges: Vec<(usize, usize)>,
}

impl Problem {
    pub(super) fn new(
        phase: &[f64],
        [_, rows, columns]: [usize; 3],
        grid: Grid,
        pair: usize,
    ) -> Self {
        let sites = rows * columns;
        let frames = &phase[pair * sites..(pair + 2) * sites];
        let gradient = phase_gradient(frames, [2, rows, columns], grid).unwrap();
        let mut derivatives: Vec<[f64; 3]> = (0..sites)
            .map(|site| {
                [
                    (gradient.row[site] + gradient.row[site + sites]) / 2.0,
                    (gradient.column[site] + gradient.column[site + sites]) / 2.0,
                    wrapped(frames[site + sites] - frames[site]),
                ]
            })
            .collect();
        let known = |site: usize| derivatives[site].iter().all(|it| it.is_finite());
        let mut edges = Vec::new();
        for site in 0..sites {
            let (row, column) = (site / columns, site % columns);
            let wraps = (grid == Grid::Torus, grid != Grid::Open);
            let mut link = |row: usize, column: usize| {
                let other = row % rows * columns + column % columns;
                if other != site && known(site) && known(other) {
                    edges.push((site, other));
                }
            };
            if column + 1 < columns || wraps.1 {
                link(row, column + 1);
            }
            if grid != Grid::Rings && (row + 1 < rows || wraps.0) {
                link(row + 1, column);
            }
        }
        for (site, derivatives) in derivatives.iter_mut().enumerate() {
            if !edges.iter().any(|edge| edge.0 == site || edge.1 == site) {
                *derivatives = [f64::NAN; 3];
            }
        }
        Self { derivatives, edges }
    }

    /// The residuals of data and slopes of a flow: all row components, then all column components.
    fn residuals(&self, flow: &[f64]) -> [Vec<f64>; 2] {
        let sites = self.derivatives.len();
        let of = |site: usize| {
            let [row, column, time] = self.derivatives[site];
            row * flow[site] + column * flow[sites + site] + time
        };
        let data = (0..sites).map(of).map(|it| if it.is_nan() { 0.0 } else { it }).collect();
        let mut squares = vec![0.0; sites];
        for &(from, to) in &self.edges {
            let down = flow[to] - flow[from];
            let right = flow[sites + to] - flow[sites + from];
            squares[from] += (down * down + right * right) / 2.0;
            squares[to] += (down * down + right * right) / 2.0;
        }
        [data, squares.into_iter().map(f64::sqrt).collect()]
    }

    /// The sum that is to be least.
    pub(super) fn penalty(&self, flow: &[f64], options: OpticalFlowOptions) -> f64 {
        let [data, slopes] = self.residuals(flow);
        let rho = |it: f64| it.hypot(options.beta) / options.beta;
        data.into_iter().map(rho).sum::<f64>()
            + options.alpha * slopes.into_iter().map(rho).sum::<f64>()
    }

    /// Rounds with dense systems from a flow on.
    pub(super) fn refine(&self, flow: &mut [f64], options: OpticalFlowOptions) {
        let sites = self.derivatives.len();
        let norm = |values: &[f64]| values.iter().map(|it| it * it).sum::<f64>().sqrt();
        let time: Vec<f64> = self.derivatives.iter().map(|it| it[2]).collect();
        let time: Vec<f64> = time.into_iter().filter(|it| it.is_finite()).collect();
        let mut before = [vec![f64::INFINITY; sites], vec![f64::INFINITY; sites]];
        for round in 0..options.most_rounds {
            let now = self.residuals(flow);
            let still = [0, 1].map(|kind| {
                let beside = if kind == 0 { norm(&time) } else { norm(flow) };
                let change: Vec<f64> =
                    now[kind].iter().zip(&before[kind]).map(|(now, last)| now - last).collect();
                let scale = norm(&now[kind]).max(options.tolerance * beside);
                norm(&change) <= options.tolerance * scale
            });
            if still == [true; 2] {
                return;
            }
            let weight = |residual: f64| 1.0 / (2.0 * options.beta * residual.hypot(options.beta));
            let mut matrix = vec![vec![0.0; 2 * sites]; 2 * sites];
            let mut right_side = vec![0.0; 2 * sites];
            for (site, &derivatives) in self.derivatives.iter().enumerate() {
                for (index, it) in [site, sites + site].into_iter().enumerate() {
                    matrix[it][it] += 1e-8 / (2.0 * options.beta.powi(2));
                    if derivatives.iter().any(|it| it.is_nan()) {
                        continue;
                    }
                    let factor = weight(now[0][site]) * derivatives[index];
                    matrix[it][site] += factor * derivatives[0];
                    matrix[it][sites + site] += factor * derivatives[1];
                    right_side[it] = -factor * derivatives[2];
                }
            }
            for &(from, to) in &self.edges {
                let weight = options.alpha * (weight(now[1][from]) + weight(now[1][to])) / 2.0;
                for start in [0, sites] {
                    matrix[start + from][start + from] += weight;
                    matrix[start + to][start + to] += weight;
                    matrix[start + from][start + to] -= weight;
                    matrix[start + to][start + from] -= weight;
                }
            }
            eliminate(&mut matrix, &mut right_side);
            let relaxation = (1.1 - 0.02 * round as f64).max(0.2);
            for (flow, solution) in flow.iter_mut().zip(right_side) {
                *flow = (1.0 - relaxation) * *flow + relaxation * solution;
            }
            before = now;
        }
    }
}

/// Puts the solution of a positive definite system in the place of its right-hand side, by Gauss.
fn eliminate(matrix: &mut [Vec<f64>], right_side: &mut [f64]) {
    let size = right_side.len();
    for pivot in 0..size {
        let (above, below) = matrix.split_at_mut(pivot + 1);
        let row = &above[pivot];
        for (index, other) in below.iter_mut().enumerate() {
            let factor = other[pivot] / row[pivot];
            for column in pivot..size {
                other[column] -= factor * row[column];
            }
            right_side[pivot + 1 + index] -= factor * right_side[pivot];
        }
    }
    for pivot in (0..size).rev() {
        let known: f64 =
            (pivot + 1..size).map(|column| matrix[pivot][column] * right_side[column]).sum();
        right_side[pivot] = (right_side[pivot] - known) / matrix[pivot][pivot];
    }
}
