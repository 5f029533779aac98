//! How alike preferences are at a distance.

use rayon::prelude::*;

use super::preference::OrientationMap;
use crate::waves::{Axis, Grid};

/// Pairs of sites at a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DistanceCorrelation {
    /// Mean distance of these pairs, in grid units.
    pub distance: f64,
    /// Mean of `cos 2 (theta - theta')` over them, -1 to 1; 0 if the preferences have no relation.
    pub correlation: f64,
    /// How many pairs there are, each counted once.
    pub pairs: usize,
}

impl OrientationMap {
    /// The likeness of preferences against distance, in bins from half a grid unit below to half a grid
    /// unit above each whole distance, the shortest way around where an axis wraps. It is Moran's I of
    /// `exp(2 i theta)` for a map whose preferences are uniform.
    ///
    /// Sites without a preference are left out, as are bins without a pair. On [`Grid::Rings`] pairs lie on
    /// one ring. Every pair is visited: the cost grows with the square of the number of sites.
    pub fn correlation_by_distance(&self, grid: Grid) -> Vec<DistanceCorrelation> {
        let [rows, columns] = self.size();
        let directions = self.directions();
        let displacements = displacements([rows, columns], grid);
        let sums: Vec<[f64; 2]> = displacements
            .par_iter()
            .map(|&[down, right]| {
                let (mut sum, mut pairs) = (0.0, 0.0);
                for row in 0..rows {
                    let Some(to_row) = moved(row, down, rows, grid.wraps(Axis::Row)) else {
                        continue;
                    };
                    for column in 0..columns {
                        let wraps = grid.wraps(Axis::Column);
                        let Some(to_column) = moved(column, right, columns, wraps) else {
                            continue;
                        };
                        let from = directions[row * columns + column];
                        let cosine = (from * directions[to_row * columns + to_column].conj()).re;
                        if !cosine.is_nan() {
                            sum += cosine;
                            pairs += 1.0;
                        }
                    }
                }
                [sum, pairs]
            })
            .collect();
        let mut bins: Vec<[f64; 3]> = Vec::new();
        for (displacement, [sum, pairs]) in displacements.iter().zip(sums) {
            let place = displacement.map(|step| step as f64);
            let distance = grid.distance([rows, columns], [0.0, 0.0], place);
            let bin = distance.round() as usize;
            if bin >= bins.len() {
                bins.resize(bin + 1, [0.0; 3]);
            }
            for (total, part) in bins[bin].iter_mut().zip([distance * pairs, sum, pairs]) {
                *total += part;
            }
        }
        // Where an axis wraps, the way back is another displacement.
        let visits = if grid.wraps(Axis::Column) { 2 } else { 1 };
        bins.retain(|bin| bin[2] > 0.0);
        bins.into_iter()
            .map(|[distances, sum, pairs]| DistanceCorrelation {
                distance: distances / pairs,
                correlation: sum / pairs,
                pairs: pairs as usize / visits,
            })
            .collect()
    }
}

/// The ways from a site to others: all of them where the grid wraps, else one of each two opposite ones.
fn displacements([rows, columns]: [usize; 2], grid: Grid) -> Vec<[isize; 2]> {
    let (rows, columns) = (rows as isize, columns as isize);
    let wraps = grid.wraps(Axis::Column);
    let down = 0..if grid.couples(Axis::Row) { rows } else { 1 };
    let right = if wraps { 0..columns } else { 1 - columns..columns };
    down.flat_map(|down| right.clone().map(move |right| [down, right]))
        .filter(|&[down, right]| down > 0 || right > 0)
        .collect()
}

/// Where a step along an axis leads; none if it leaves an axis that does not wrap.
fn moved(place: usize, step: isize, length: usize, wraps: bool) -> Option<usize> {
    let to = place.checked_add_signed(step)?;
    if wraps { Some(to % length) } else { (to < length).then_some(to) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::f64::consts::PI;

    use super::*;
    use crate::random::Stream;

    /// The definition: a loop over pairs.
    fn by_pairs(
        orientations: &[f64],
        size: [usize; 2],
        grid: Grid,
    ) -> BTreeMap<usize, (f64, f64, usize)> {
        let mut bins = BTreeMap::new();
        let place = |site: usize| [(site / size[1]) as f64, (site % size[1]) as f64];
        for one in 0..orientations.len() {
            for other in 0..one {
                let apart = place(one)[0] != place(other)[0];
                let cosine = (2.0 * (orientations[one] - orientations[other])).cos();
                if cosine.is_nan() || (apart && grid == Grid::Rings) {
                    continue;
                }
                let distance = grid.distance(size, place(one), place(other));
                let bin: &mut (f64, f64, usize) =
                    bins.entry(distance.round() as usize).or_default();
                bin.0 += distance;
                bin.1 += cosine;
                bin.2 += 1;
            }
        }
        bins
    }

    #[test]
    fn displacements_visit_every_pair() {
        let mut stream = Stream::new(b"tests of distances      ", 0);
        for size in [[1, 1], [1, 6], [5, 1], [4, 6], [5, 7], [2, 2]] {
            let mut orientations: Vec<f64> =
                (0..size[0] * size[1]).map(|_| PI * stream.unit()).collect();
            if orientations.len() > 20 {
                orientations[9] = f64::NAN;
            }
            for grid in [Grid::Open, Grid::Torus, Grid::Rings] {
                let map = OrientationMap::from_orientations(&orientations, size).unwrap();
                let found = map.correlation_by_distance(grid);
                let wanted = by_pairs(&orientations, size, grid);
                assert_eq!(found.len(), wanted.len(), "{size:?} {grid:?}");
                for (found, (distance, sum, pairs)) in found.iter().zip(wanted.values()) {
                    let count = *pairs as f64;
                    assert_eq!(found.pairs, *pairs, "{size:?} {grid:?}");
                    assert!((found.distance - distance / count).abs() < 1e-12);
                    assert!((found.correlation - sum / count).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let map = OrientationMap::random([20, 30], 9.0, 4).unwrap();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| map.correlation_by_distance(Grid::Torus))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn plane_maps_correlate_as_a_cosine_along_rings() {
        let row: Vec<f64> = (0..24).map(|site| PI * 3.0 * f64::from(site) / 24.0).collect();
        let map = OrientationMap::from_orientations(&row, [1, 24]).unwrap();
        let found = map.correlation_by_distance(Grid::Rings);
        assert_eq!(found.len(), 12);
        for (bin, found) in (1..).zip(found) {
            let wanted = (2.0 * PI * f64::from(bin) / 8.0).cos();
            assert!((found.correlation - wanted).abs() < 1e-13 && found.distance == f64::from(bin));
            assert_eq!(found.pairs, if bin == 12 { 12 } else { 24 });
        }
    }

    #[test]
    fn columns_come_back_after_their_spacing() {
        let map = OrientationMap::random([48, 48], 12.0, 2).unwrap();
        let found = map.correlation_by_distance(Grid::Torus);
        assert!((found[0].correlation - map.smoothness(Grid::Torus)).abs() < 0.1);
        // As the Bessel function J0(2 pi d / 12): least at 0.61 spacings, most at 1.12.
        let by_likeness = |one: &&DistanceCorrelation, other: &&DistanceCorrelation| {
            one.correlation.total_cmp(&other.correlation)
        };
        let least = found.iter().take(12).min_by(by_likeness).unwrap();
        let most = found[4..].iter().max_by(by_likeness).unwrap();
        assert!((6.5..8.5).contains(&least.distance) && least.correlation < -0.2, "{least:?}");
        assert!((12.5..14.5).contains(&most.distance) && most.correlation > 0.1, "{most:?}");
    }
}
