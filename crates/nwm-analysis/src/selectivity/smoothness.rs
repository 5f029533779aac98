//! Do neighbours prefer similar orientations?

use num_complex::Complex;
use rayon::prelude::*;

use super::preference::OrientationMap;
use crate::Result;
use crate::waves::{Axis, Grid, Significance, Surrogates, Tail, for_each_edge};

impl OrientationMap {
    /// The mean of `cos 2 (theta - theta')` over all pairs of next neighbours, -1 to 1: 1 if all sites
    /// prefer one orientation, 0 in the mean for shuffled sites, with a standard deviation of
    /// `1 / sqrt(2 pairs)` if the preferences are uniform. Sites without a preference are left out; NaN if no
    /// two neighbours have one.
    pub fn smoothness(&self, grid: Grid) -> f64 {
        mean_cosine(&self.directions(), self.size(), grid)
    }

    /// The [smoothness](Self::smoothness) beside that of maps whose sites are shuffled; sites without a preference stay where
    /// they are, and on [`Grid::Rings`] sites stay on their ring.
    ///
    /// # Errors
    ///
    /// None beyond those of [`Surrogates::site_order`], which the map's own sites do not raise.
    pub fn smoothness_significance(
        &self,
        grid: Grid,
        surrogates: Surrogates,
    ) -> Result<Significance> {
        let (directions, size) = (self.directions(), self.size());
        let missing: Vec<bool> = directions.iter().map(|direction| direction.is_nan()).collect();
        let shuffled = |number| {
            let order = surrogates.site_order(number, &missing, size, grid)?;
            let moved: Vec<_> = order.into_iter().map(|site| directions[site]).collect();
            Ok(mean_cosine(&moved, size, grid))
        };
        let null =
            (0..surrogates.count).into_par_iter().map(shuffled).collect::<Result<Vec<_>>>()?;
        Ok(Significance::of(mean_cosine(&directions, size, grid), &null, Tail::High))
    }
}

/// The mean cosine of the angles between next neighbours; NaN if no two neighbours are numbers.
fn mean_cosine(directions: &[Complex<f64>], size: [usize; 2], grid: Grid) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for axis in [Axis::Row, Axis::Column] {
        for_each_edge(axis, size, grid, |from, to| {
            let cosine = (directions[from] * directions[to].conj()).re;
            if !cosine.is_nan() {
                sum += cosine;
                pairs += 1;
            }
        });
    }
    sum / pairs as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::random::Stream;

    #[test]
    fn the_mean_is_over_pairs() {
        // Rows of one orientation each, a quarter of the way to the opposite one apart: 4 x 3.
        let rows: Vec<f64> = (0..12).map(|site| PI / 8.0 * f64::from(site / 3)).collect();
        let map = OrientationMap::from_orientations(&rows, [4, 3]).unwrap();
        let step = (PI / 4.0).cos();
        // Open: 9 pairs down, 8 pairs across.
        let wanted = (9.0 * step + 8.0) / 17.0;
        assert!((map.smoothness(Grid::Open) - wanted).abs() < 1e-14);
        // Torus: 12 of each; the last row is three steps from the first.
        let wanted = (9.0 * step + 3.0 * (3.0 * PI / 4.0).cos() + 12.0) / 24.0;
        assert!((map.smoothness(Grid::Torus) - wanted).abs() < 1e-14);
        assert!((map.smoothness(Grid::Rings) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn opposite_neighbours_give_minus_one() {
        let board: Vec<f64> =
            (0..16).map(|site| PI / 2.0 * f64::from((site / 4 + site % 4) % 2)).collect();
        let map = OrientationMap::from_orientations(&board, [4, 4]).unwrap();
        assert!((map.smoothness(Grid::Torus) + 1.0).abs() < 1e-14);
    }

    #[test]
    fn shuffled_maps_are_not_smooth() {
        let map = OrientationMap::random([64, 64], 12.0, 1).unwrap();
        assert!(map.smoothness(Grid::Torus) > 0.8);
        for number in 0..10 {
            let mut stream = Stream::numbered(b"tests of smoothness     ", 0, number);
            let order = stream.some_of(64 * 64, 64 * 64);
            let shuffled: Vec<f64> = order.iter().map(|&site| map.preferred()[site]).collect();
            let shuffled = OrientationMap::from_orientations(&shuffled, [64, 64]).unwrap();
            // The standard deviation over 8192 pairs is 0.0078.
            let found = shuffled.smoothness(Grid::Torus);
            assert!(found.abs() < 5.0 * 0.0078, "{number}: {found}");
        }
    }

    #[test]
    fn smooth_maps_differ_from_shuffled_ones_and_shuffled_ones_do_not() {
        let map = OrientationMap::random([16, 20], 8.0, 1).unwrap();
        let surrogates = Surrogates { count: 99, seed: 4 };
        for grid in [Grid::Torus, Grid::Rings, Grid::Open] {
            let found = map.smoothness_significance(grid, surrogates).unwrap();
            assert_eq!((found.observed, found.p_value), (map.smoothness(grid), 0.01), "{grid:?}");
            // Preferences are about uniform on the whole, and less so in a ring.
            assert!(found.null_mean < 0.5 * found.observed, "{found:?}");
            assert!(found.z_score() > 8.0, "{found:?}");
        }
        let order = surrogates.site_order(5, &[false; 320], [16, 20], Grid::Torus).unwrap();
        let moved: Vec<f64> = order.iter().map(|&site| map.preferred()[site]).collect();
        let moved = OrientationMap::from_orientations(&moved, [16, 20]).unwrap();
        let other = Surrogates { count: 99, seed: 5 };
        let found = moved.smoothness_significance(Grid::Torus, other).unwrap();
        assert!(found.p_value > 0.01, "{found:?}");
        let empty = OrientationMap::from_orientations(&[f64::NAN; 4], [2, 2]).unwrap();
        let found = empty.smoothness_significance(Grid::Torus, surrogates).unwrap();
        assert!(found.observed.is_nan() && found.p_value == 1.0);
    }

    #[test]
    fn sites_without_a_preference_are_left_out() {
        let row = [0.2, f64::NAN, 0.2, 0.2 + PI / 6.0];
        let map = OrientationMap::from_orientations(&row, [1, 4]).unwrap();
        assert!((map.smoothness(Grid::Open) - 0.5).abs() < 1e-14);
        assert!((map.smoothness(Grid::Rings) - 0.5).abs() < 1e-14);
        let alone = OrientationMap::from_orientations(&[0.2, f64::NAN], [1, 2]).unwrap();
        assert!(alone.smoothness(Grid::Open).is_nan());
    }
}
