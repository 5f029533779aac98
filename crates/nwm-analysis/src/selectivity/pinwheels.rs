//! Pinwheels: places around which all orientations are preferred in turn.

use super::preference::OrientationMap;
use crate::statistics::quantile;
use crate::waves::{Axis, Grid, windings};
use crate::{Error, Result, wrapped};

const ACTION: &str = "find pinwheels";

/// Which pinwheels count.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PinwheelOptions {
    /// Squares whose mean selectivity is below this quantile of the selectivities of all sites, 0 to 1, have no
    /// pinwheel; 0 keeps all.
    pub selectivity_quantile: f64,
    /// Opposite pinwheels nearer than this, in grid units, cancel each other, the nearest first; 0 keeps all.
    pub merging_distance: f64,
}

impl Default for PinwheelOptions {
    /// All squares, and merging below 2 grid units, which takes every ninth pinwheel of a smooth map without noise
    /// whose columns are 8 apart, and one in 25 at 12. Selectivity vanishes in the middle of a pinwheel, so that a
    /// quantile of 0.05 takes every twelfth at 10 and half of them at 16: it is for maps with large parts that
    /// respond to nothing.
    fn default() -> Self {
        Self { selectivity_quantile: 0.0, merging_distance: 2.0 }
    }
}

/// A pinwheel.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Pinwheel {
    /// The middle of its square of four sites: row and column, each half a grid unit above a whole number.
    pub place: [f64; 2],
    /// 1/2 if the preferred orientation rises on the way right, down, left, up, clockwise on a screen; -1/2 if it
    /// falls.
    pub charge: f64,
}

/// The pinwheels of a map.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pinwheels {
    /// Those that count, in the order of rows and columns.
    pub pinwheels: Vec<Pinwheel>,
    /// How many were left out because of their selectivity.
    pub unselective: usize,
    /// How many cancelled each other.
    pub merged: usize,
    /// The charges of all squares together, also of those that were left out: 0 on a torus where every site has
    /// a preference.
    pub total_charge: f64,
    /// Squares without a missing corner: the area that was searched, in square grid units.
    pub area: usize,
    grid: Grid,
    size: [usize; 2],
}

impl Pinwheels {
    /// Pinwheels in a square grid unit; NaN if no square was searched, as on rings.
    pub fn density(&self) -> f64 {
        self.pinwheels.len() as f64 / self.area as f64
    }

    /// Pinwheels in the square of a column spacing: near `pi` in visual cortex, and `pi` in isotropic Gaussian
    /// random maps of one wave number.
    pub fn density_per_column(&self, spacing: f64) -> f64 {
        self.density() * spacing * spacing
    }

    /// The distance of each pinwheel from the nearest other one, in grid units, the shortest way around where an
    /// axis wraps; empty if there are fewer than two.
    pub fn nearest_distances(&self) -> Vec<f64> {
        let places = || self.pinwheels.iter().enumerate();
        if self.pinwheels.len() < 2 {
            return Vec::new();
        }
        let nearest = |(index, pinwheel): (usize, &Pinwheel)| {
            let others = places().filter(|other| other.0 != index);
            let distance =
                |other: &Pinwheel| self.grid.distance(self.size, pinwheel.place, other.place);
            others.map(|other| distance(other.1)).fold(f64::INFINITY, f64::min)
        };
        places().map(nearest).collect()
    }
}

impl OrientationMap {
    /// The pinwheels of the map: squares of four neighbouring sites around which twice the preferred orientation
    /// [winds](crate::waves::windings) once. Squares with a site without a preference have none, and rings have
    /// no squares.
    ///
    /// # Errors
    ///
    /// When the quantile is not between 0 and 1, or the distance is negative or NaN.
    pub fn pinwheels(&self, grid: Grid, options: PinwheelOptions) -> Result<Pinwheels> {
        check(options)?;
        let [rows, columns] = self.size();
        let doubled: Vec<f64> = self.preferred().iter().map(|it| wrapped(2.0 * it)).collect();
        let windings = windings(&doubled, [1, rows, columns], grid)?;
        let wide = grid.cells(Axis::Column, columns);
        let threshold = self.selectivity_quantile(options.selectivity_quantile);
        let (mut pinwheels, mut unselective, mut total) = (Vec::new(), 0, 0);
        for (square, &turns) in windings.turns.iter().enumerate() {
            let turns = turns.unwrap_or(0);
            if turns == 0 {
                continue;
            }
            total += i32::from(turns);
            let [row, column] = [square / wide, square % wide];
            let corners = [(0, 0), (0, 1), (1, 1), (1, 0)].map(|(down, right)| {
                self.selectivity()[(row + down) % rows * columns + (column + right) % columns]
            });
            if corners.iter().sum::<f64>() / 4.0 < threshold {
                unselective += 1;
                continue;
            }
            pinwheels.push(Pinwheel {
                place: [row as f64 + 0.5, column as f64 + 0.5],
                charge: f64::from(turns) / 2.0,
            });
        }
        let found = pinwheels.len();
        let pinwheels = merged(pinwheels, options.merging_distance, |one, other| {
            grid.distance([rows, columns], one.place, other.place)
        });
        Ok(Pinwheels {
            unselective,
            merged: found - pinwheels.len(),
            total_charge: f64::from(total) / 2.0,
            area: windings.turns.iter().flatten().count(),
            pinwheels,
            grid,
            size: [rows, columns],
        })
    }

    /// A quantile of the selectivities of all sites that have one; 0 if none has.
    fn selectivity_quantile(&self, probability: f64) -> f64 {
        let mut sorted: Vec<f64> =
            self.selectivity().iter().copied().filter(|it| !it.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        if sorted.is_empty() { 0.0 } else { quantile(&sorted, probability) }
    }
}

fn check(options: PinwheelOptions) -> Result<()> {
    let range = |name, found, expected| Error::RealRange { action: ACTION, name, found, expected };
    if !(0.0..=1.0).contains(&options.selectivity_quantile) {
        let found = options.selectivity_quantile;
        return Err(range("the quantile of the selectivity", found, "from 0 to 1"));
    }
    if options.merging_distance.is_nan() || options.merging_distance < 0.0 {
        let found = options.merging_distance;
        return Err(range("the merging distance", found, "0 or more"));
    }
    Ok(())
}

/// What is left of pinwheels when opposite ones below a distance cancel: the nearest pair first, of equally near
/// ones the pair that comes first.
fn merged(
    mut pinwheels: Vec<Pinwheel>,
    limit: f64,
    distance: impl Fn(&Pinwheel, &Pinwheel) -> f64,
) -> Vec<Pinwheel> {
    let mut pairs = Vec::new();
    for (second, other) in pinwheels.iter().enumerate() {
        for (first, one) in pinwheels[..second].iter().enumerate() {
            let apart = distance(one, other);
            if one.charge != other.charge && apart < limit {
                pairs.push((apart, first, second));
            }
        }
    }
    pairs.sort_by(|one, other| {
        one.0.total_cmp(&other.0).then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    let mut gone = vec![false; pinwheels.len()];
    for (_, first, second) in pairs {
        if !gone[first] && !gone[second] {
            (gone[first], gone[second]) = (true, true);
        }
    }
    let mut gone = gone.into_iter();
    pinwheels.retain(|_| gone.next() == Some(false));
    pinwheels
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;
    use crate::random::Stream;

    const ALL: PinwheelOptions =
        PinwheelOptions { selectivity_quantile: 0.0, merging_distance: 0.0 };

    fn lattice() -> OrientationMap {
        let orientations = (0..12 * 16).map(|site| {
            let across = (TAU * (f64::from(site % 16) + 0.5) / 16.0).sin();
            let along = (TAU * (f64::from(site / 16) + 0.5) / 12.0).sin();
            along.atan2(across) / 2.0
        });
        OrientationMap::from_orientations(&orientations.collect::<Vec<_>>(), [12, 16]).unwrap()
    }

    fn charges(found: &Pinwheels) -> Vec<([f64; 2], f64)> {
        found.pinwheels.iter().map(|it| (it.place, it.charge)).collect()
    }

    #[test]
    fn a_lattice_of_vortices_has_four_pinwheels() {
        let found = lattice().pinwheels(Grid::Torus, PinwheelOptions::default()).unwrap();
        let wanted =
            [([5.5, 7.5], 0.5), ([5.5, 15.5], -0.5), ([11.5, 7.5], -0.5), ([11.5, 15.5], 0.5)];
        assert_eq!(charges(&found), wanted);
        assert_eq!((found.total_charge, found.merged, found.unselective), (0.0, 0, 0));
        assert_eq!((found.area, found.density()), (192, 4.0 / 192.0));
        assert_eq!(found.density_per_column(12.0), 3.0);
        assert_eq!(found.nearest_distances(), [6.0; 4]);
        // One of them lies between the sites of an open grid.
        let open = lattice().pinwheels(Grid::Open, ALL).unwrap();
        assert_eq!(charges(&open), wanted[..1]);
        assert_eq!((open.area, open.total_charge), (165, 0.5));
        assert!(open.nearest_distances().is_empty());
        let rings = lattice().pinwheels(Grid::Rings, ALL).unwrap();
        assert!(rings.pinwheels.is_empty() && rings.density().is_nan());
    }

    #[test]
    fn random_maps_have_pi_pinwheels_in_a_square_of_columns() {
        let densities: Vec<f64> = (0..60)
            .map(|seed| {
                let map = OrientationMap::random([64, 64], 8.0, seed).unwrap();
                map.pinwheels(Grid::Torus, ALL).unwrap().density_per_column(8.0)
            })
            .collect();
        let mean = densities.iter().sum::<f64>() / 60.0;
        let variance = densities.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 59.0;
        let error = (variance / 60.0).sqrt();
        // A ring of wave numbers of relative width w has 1 + 1.5 w^2 times the pinwheels of one wave number.
        let expected = PI * (1.0 + 1.5 * 0.01);
        assert!(error < 0.03, "{error}");
        assert!((mean - expected).abs() < 4.0 * error, "{mean} {error}");
    }

    #[test]
    fn turning_all_orientations_moves_no_pinwheel() {
        let map = OrientationMap::random([32, 40], 10.0, 5).unwrap();
        let found = map.pinwheels(Grid::Torus, ALL).unwrap();
        assert!(found.pinwheels.len() > 20);
        let of = |orientation: &dyn Fn(usize) -> f64, size| {
            let orientations: Vec<f64> = (0..32 * 40).map(orientation).collect();
            let map = OrientationMap::from_orientations(&orientations, size).unwrap();
            charges(&map.pinwheels(Grid::Torus, ALL).unwrap())
        };
        let turned = of(&|site| map.preferred()[site] + 1.234, [32, 40]);
        assert_eq!(turned, charges(&found));
        // A mirror image of the orientations has the opposite charges.
        let mirrored = of(&|site| -map.preferred()[site], [32, 40]);
        let opposite: Vec<_> = charges(&found).into_iter().map(|it| (it.0, -it.1)).collect();
        assert_eq!(mirrored, opposite);
        // A map that is moved along takes them along.
        let moved = of(&|site| map.preferred()[(site / 40 + 3) % 32 * 40 + site % 40], [32, 40]);
        let mut wanted: Vec<_> = charges(&found)
            .into_iter()
            .map(|([row, column], charge)| ([(row + 29.0) % 32.0, column], charge))
            .collect();
        wanted.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap());
        assert_eq!(moved, wanted);
        // As many lie in a map with rows for columns, of the other charge.
        let transposed = of(&|site| map.preferred()[site % 32 * 40 + site / 32], [40, 32]);
        let mut wanted: Vec<_> =
            opposite.into_iter().map(|([row, column], charge)| ([column, row], charge)).collect();
        wanted.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap());
        assert_eq!(transposed, wanted);
    }

    #[test]
    fn unselective_squares_have_no_pinwheel() {
        let map = lattice();
        // The corners of the second pinwheel respond to little.
        let weak = [5 * 16 + 15, 5 * 16, 6 * 16 + 15, 6 * 16];
        let selectivity: Vec<f64> =
            (0..192).map(|site| if weak.contains(&site) { 0.1 } else { 0.8 }).collect();
        let map = OrientationMap::new(map.preferred().to_vec(), selectivity, map.size()).unwrap();
        let options = PinwheelOptions { selectivity_quantile: 0.05, ..ALL };
        let found = map.pinwheels(Grid::Torus, options).unwrap();
        assert_eq!((found.pinwheels.len(), found.unselective, found.total_charge), (3, 1, 0.0));
        assert_eq!(map.pinwheels(Grid::Torus, ALL).unwrap().pinwheels.len(), 4);
        // Of equal selectivities none is below a quantile.
        let whole = PinwheelOptions { selectivity_quantile: 1.0, ..ALL };
        assert_eq!(lattice().pinwheels(Grid::Torus, whole).unwrap().unselective, 0);
    }

    #[test]
    fn opposite_neighbours_cancel_nearest_first() {
        let at = |column: f64, charge| Pinwheel { place: [0.5, column], charge };
        let places = |pinwheels: Vec<Pinwheel>, limit| -> Vec<f64> {
            let distance = |one: &Pinwheel, other: &Pinwheel| (one.place[1] - other.place[1]).abs();
            merged(pinwheels, limit, distance).iter().map(|it| it.place[1]).collect()
        };
        let row = vec![at(0.0, 0.5), at(1.5, -0.5), at(2.5, 0.5), at(3.5, 0.5), at(9.0, -0.5)];
        assert_eq!(places(row.clone(), 2.0), [0.0, 3.5, 9.0]);
        assert_eq!(places(row.clone(), 1.0), [0.0, 1.5, 2.5, 3.5, 9.0], "the limit is not below");
        assert_eq!(places(row, 100.0), [0.0]);
        // Of two equally near ones the first goes.
        assert_eq!(places(vec![at(0.0, 0.5), at(1.0, -0.5), at(2.0, 0.5)], 2.0), [2.0]);
    }

    #[test]
    fn merging_works_around_the_edges_of_a_torus() {
        let mut stream = Stream::new(b"tests of pinwheels      ", 0);
        let noise: Vec<f64> = (0..12 * 12).map(|_| PI * stream.unit()).collect();
        let map = OrientationMap::from_orientations(&noise, [12, 12]).unwrap();
        let all = map.pinwheels(Grid::Torus, ALL).unwrap();
        let options = PinwheelOptions { merging_distance: 2.0, ..ALL };
        let found = map.pinwheels(Grid::Torus, options).unwrap();
        assert!(found.merged > 0 && found.merged + found.pinwheels.len() == all.pinwheels.len());
        assert_eq!(found.pinwheels.iter().map(|it| it.charge).sum::<f64>(), 0.0);
        for (index, one) in found.pinwheels.iter().enumerate() {
            for other in &found.pinwheels[..index] {
                let apart = Grid::Torus.distance([12, 12], one.place, other.place);
                assert!(one.charge == other.charge || apart >= 2.0, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn sites_without_a_preference_leave_their_squares_out() {
        let mut orientations = lattice().preferred().to_vec();
        orientations[5 * 16 + 7] = f64::NAN;
        let map = OrientationMap::from_orientations(&orientations, [12, 16]).unwrap();
        let found = map.pinwheels(Grid::Torus, ALL).unwrap();
        assert_eq!((found.pinwheels.len(), found.area, found.total_charge), (3, 188, -0.5));
        let none = OrientationMap::from_orientations(&[f64::NAN; 9], [3, 3]).unwrap();
        let found = none.pinwheels(Grid::Torus, PinwheelOptions::default()).unwrap();
        assert!(found.pinwheels.is_empty() && found.density().is_nan());
    }

    #[test]
    fn impossible_options_are_errors() {
        for (selectivity_quantile, merging_distance) in
            [(1.1, 0.0), (f64::NAN, 0.0), (0.0, -1.0), (0.0, f64::NAN)]
        {
            let options = PinwheelOptions { selectivity_quantile, merging_distance };
            let found = lattice().pinwheels(Grid::Torus, options);
            assert!(matches!(found, Err(Error::RealRange { .. })), "{options:?}");
        }
    }
}
