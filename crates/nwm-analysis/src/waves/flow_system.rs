//! The linear system of one round of optical flow, and its solution by conjugate gradients.

use super::flow_links::{Layout, Links};
use crate::Real;
use crate::sums::dot;

/// What keeps a system solvable that says nothing of one direction, as along the crests of a plane wave. The
/// largest weight of a residual is one.
const RIDGE: f64 = 1e-8;

/// What a pair of frames says of the flow: at each site `row u + column v + time` vanishes for its components
/// `u` and `v`. Zeros where nothing is known.
#[derive(Debug, Clone)]
pub(super) struct Derivatives<T> {
    pub(super) row: Vec<T>,
    pub(super) column: Vec<T>,
    pub(super) time: Vec<T>,
}

/// A symmetric block of two by two for each site.
#[derive(Debug)]
struct Blocks<T> {
    row_row: Vec<T>,
    both: Vec<T>,
    column_column: Vec<T>,
}

impl<T: Real> Blocks<T> {
    fn zeros(sites: usize) -> Self {
        let zeros = || vec![T::zero(); sites];
        Self { row_row: zeros(), both: zeros(), column_column: zeros() }
    }

    /// Makes `products` the vectors times the blocks of their sites.
    fn multiply(&self, layout: Layout, vectors: &[T], products: &mut [T]) {
        let sites = layout.sites;
        let [row, column] =
            [0, 1].map(|index| layout.surroundings(layout.component(vectors, index)).here);
        let (row_row, both) = (&self.row_row[..sites], &self.both[..sites]);
        let column_column = &self.column_column[..sites];
        let [to_row, to_column] = layout.inner(products);
        for site in 0..sites {
            to_row[site] = row_row[site] * row[site] + both[site] * column[site];
            to_column[site] = both[site] * row[site] + column_column[site] * column[site];
        }
    }
}

/// The system `(data + smoothness) flow = right-hand side`, symmetric and positive definite, with the room
/// that its solution takes. The matrix has blocks on its diagonal, and minus the weight of each link beside it.
#[derive(Debug)]
pub(super) struct FlowSystem<T> {
    layout: Layout,
    links: Links<T>,
    blocks: Blocks<T>,
    inverses: Blocks<T>,
    right_side: Vec<T>,
    residual: Vec<T>,
    direction: Vec<T>,
    /// The matrix times the direction.
    image: Vec<T>,
    /// The inverse blocks times the residual.
    preconditioned: Vec<T>,
    totals: Vec<T>,
}

impl<T: Real> FlowSystem<T> {
    pub(super) fn new(links: &Links<T>) -> Self {
        let layout = links.layout;
        Self {
            layout,
            links: links.clone(),
            blocks: Blocks::zeros(layout.sites),
            inverses: Blocks::zeros(layout.sites),
            right_side: layout.vectors(),
            residual: layout.vectors(),
            direction: layout.vectors(),
            image: layout.vectors(),
            preconditioned: layout.vectors(),
            totals: vec![T::zero(); layout.sites],
        }
    }

    /// Sets the weights of each site's data and those of its slopes, the latter with zeros around them.
    pub(super) fn assemble(
        &mut self,
        derivatives: &Derivatives<T>,
        present: &Links<T>,
        data: &[T],
        smoothness: &[T],
    ) {
        self.links.set_means(present, smoothness);
        self.links.totals(&mut self.totals);
        let ridge = T::nearest(RIDGE);
        let [right_row, right_column] = self.layout.inner(&mut self.right_side);
        let (blocks, inverses) = (&mut self.blocks, &mut self.inverses);
        for site in 0..self.layout.sites {
            let (row, column) = (derivatives.row[site], derivatives.column[site]);
            let weight = data[site];
            // A block is `total` times the identity and a product of the derivatives, so that its inverse
            // is known without a difference of products.
            let total = self.totals[site] + ridge;
            let squares = [weight * row * row, weight * column * column];
            let both = weight * row * column;
            blocks.row_row[site] = total + squares[0];
            blocks.both[site] = both;
            blocks.column_column[site] = total + squares[1];
            let scale = (total * (total + squares[0] + squares[1])).recip();
            inverses.row_row[site] = scale * (total + squares[1]);
            inverses.both[site] = -scale * both;
            inverses.column_column[site] = scale * (total + squares[0]);
            let step = weight * derivatives.time[site];
            (right_row[site], right_column[site]) = (-step * row, -step * column);
        }
    }

    /// Improves `solution` by conjugate gradients until what is left of the right-hand side, in the norm of the
    /// inverse blocks, is at most `tolerance` of it. Returns the number of steps.
    pub(super) fn solve(&mut self, solution: &mut [T], tolerance: T) -> usize {
        self.residual.copy_from_slice(&self.right_side);
        let goal = tolerance * tolerance * self.precondition();
        self.direction.copy_from_slice(solution);
        self.multiply();
        add(&mut self.residual, -T::one(), &self.image);
        let mut square = self.precondition();
        self.direction.copy_from_slice(&self.preconditioned);
        // In exact arithmetic as many steps as unknowns would do.
        let most = 2 * self.layout.sites;
        for step in 0..most {
            if square <= goal {
                return step;
            }
            self.multiply();
            let curvature = dot(&self.direction, &self.image);
            if curvature.is_nan() || curvature <= T::zero() {
                return step;
            }
            let length = square / curvature;
            add(solution, length, &self.direction);
            add(&mut self.residual, -length, &self.image);
            let next = self.precondition();
            let turn = next / square;
            for (direction, &new) in self.direction.iter_mut().zip(&self.preconditioned) {
                *direction = new + turn * *direction;
            }
            square = next;
        }
        most
    }

    /// Sets the image of the direction.
    fn multiply(&mut self) {
        let layout = self.layout;
        let [row, column] =
            [0, 1].map(|index| layout.surroundings(layout.component(&self.direction, index)));
        let (right, down) =
            (layout.surroundings(&self.links.right), layout.surroundings(&self.links.down));
        let own = [&self.blocks.row_row, &self.blocks.column_column];
        let both = &self.blocks.both[..layout.sites];
        // One component at a time: a loop over both has too many arrays to become one of vectors.
        for (index, image) in layout.inner(&mut self.image).into_iter().enumerate() {
            let (values, other) = if index == 0 { (row, column) } else { (column, row) };
            let (own, image) = (&own[index][..layout.sites], &mut image[..layout.sites]);
            for site in 0..layout.sites {
                image[site] = own[site] * values.here[site] + both[site] * other.here[site]
                    - right.here[site] * values.right[site]
                    - right.left[site] * values.left[site]
                    - down.here[site] * values.down[site]
                    - down.up[site] * values.up[site];
            }
            for &(from, to, weight) in &self.links.around {
                image[from] = image[from] - weight * values.here[to];
                image[to] = image[to] - weight * values.here[from];
            }
        }
    }

    /// Multiplies the residual by the inverse blocks; returns the inner product of both.
    fn precondition(&mut self) -> T {
        self.inverses.multiply(self.layout, &self.residual, &mut self.preconditioned);
        dot(&self.residual, &self.preconditioned)
    }
}

/// Adds `factor` times `other` to `values`.
fn add<T: Real>(values: &mut [T], factor: T, other: &[T]) {
    for (value, &other) in values.iter_mut().zip(other) {
        *value = *value + factor * other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::waves::Grid;

    #[test]
    fn solutions_solve_the_system() {
        let mut stream = Stream::new(b"tests of flow systems   ", 0);
        for grid in [Grid::Open, Grid::Torus, Grid::Rings] {
            let (size, sites) = ([7, 5], 35);
            let known: Vec<bool> = (0..sites).map(|site| site != 12).collect();
            let present = Links::<f64>::new(grid, size, &known);
            let layout = present.layout;
            let mut system = FlowSystem::new(&present);
            let mut values = |scale: f64| -> Vec<f64> {
                known.iter().map(|&it| if it { scale * stream.normal() } else { 0.0 }).collect()
            };
            let derivatives =
                Derivatives { row: values(0.5), column: values(0.5), time: values(0.2) };
            let data: Vec<f64> = values(1.0).iter().map(|it| it.abs()).collect();
            let mut smoothness = layout.zeros();
            for (weight, value) in smoothness[layout.columns..].iter_mut().zip(values(1.0)) {
                *weight = 0.1 + value.abs();
            }
            system.assemble(&derivatives, &present, &data, &smoothness);
            let mut solution = layout.vectors();
            let steps = system.solve(&mut solution, 1e-12);
            assert!((5..2 * sites).contains(&steps), "{steps}");
            // The gradient of the quadratic form, site by site.
            let [row, column] = layout.inner(&mut solution);
            let smooth = layout.surroundings(&smoothness).here;
            for site in 0..sites {
                let Derivatives { row: along_rows, column: along_columns, time } = &derivatives;
                let (down, right) = (along_rows[site], along_columns[site]);
                let residual = data[site] * (down * row[site] + right * column[site] + time[site]);
                for (values, slope) in [(&*row, down), (&*column, right)] {
                    let mut sum = residual * slope + RIDGE * values[site];
                    for other in neighbours(grid, size, site) {
                        if known[site] && known[other] {
                            let weight = (smooth[site] + smooth[other]) / 2.0;
                            sum += weight * (values[site] - values[other]);
                        }
                    }
                    assert!(sum.abs() < 1e-9, "{grid:?} {site}: {sum}");
                }
            }
            // What is solved needs no further step.
            assert_eq!(system.solve(&mut solution, 1e-9), 0);
        }
    }

    /// The next neighbours of a site.
    fn neighbours(grid: Grid, [rows, columns]: [usize; 2], site: usize) -> Vec<usize> {
        let (row, column) = ((site / columns) as isize, (site % columns) as isize);
        let mut found = Vec::new();
        for (down, right) in [(0, 1), (0, -1), (1, 0), (-1, 0)] {
            let (row, column) = (row + down, column + right);
            let (height, width) = (rows as isize, columns as isize);
            let inside = (0..height).contains(&row) && (0..width).contains(&column);
            let linked = match grid {
                Grid::Open => inside,
                Grid::Torus => true,
                Grid::Rings => down == 0,
            };
            if linked {
                found.push((row.rem_euclid(height) * width + column.rem_euclid(width)) as usize);
            }
        }
        found
    }

    #[test]
    fn nothing_asked_for_is_nothing_found() {
        let links = Links::<f32>::new(Grid::Torus, [4, 6], &[true; 24]);
        let mut system = FlowSystem::new(&links);
        let zeros = || vec![0.0; 24];
        let derivatives = Derivatives { row: zeros(), column: zeros(), time: zeros() };
        system.assemble(&derivatives, &links, &[1.0; 24], &[1.0; 24 + 2 * 6]);
        let mut solution = links.layout.vectors();
        assert_eq!(system.solve(&mut solution, 1e-5), 0);
        assert!(solution.iter().all(|&it| it == 0.0));
    }
}
