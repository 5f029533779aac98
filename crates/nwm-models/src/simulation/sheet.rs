//! Sites of one map in rows and columns, and smooth random numbers on them.

use nwm_core::Topology;

use crate::error::{Error, Result};
use crate::nn::standard_normals;

/// A map whose rows wrap around, and whose columns do on a torus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether rows are coupled.
    pub(super) is_torus: bool,
}

impl Sheet {
    pub(super) fn of(topology: Topology) -> Result<Self> {
        match topology {
            Topology::Torus { rows, columns } => Ok(Self { rows, columns, is_torus: true }),
            Topology::Rings { rings, sites } => {
                Ok(Self { rows: rings, columns: sites, is_torus: false })
            }
            other => {
                let expected = "a torus or rings: waves need neighbours";
                Err(Error::key("topology", expected, other))
            }
        }
    }

    pub(super) fn sites(self) -> usize {
        self.rows * self.columns
    }

    /// A number for each site from its row and column.
    pub(super) fn each(self, number: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        (0..self.sites()).map(|site| number(site / self.columns, site % self.columns)).collect()
    }

    /// The squared distance of a site from a place around the sheet; along the rings alone on rings.
    pub(super) fn squared_distance(self, site: [usize; 2], place: [f64; 2]) -> f64 {
        let along = |from: usize, to: f64, length: usize| {
            let way = from as f64 - to;
            way - (way / length as f64).round() * length as f64
        };
        let across = along(site[1], place[1], self.columns).powi(2);
        if self.is_torus { across + along(site[0], place[0], self.rows).powi(2) } else { across }
    }

    /// The middle of the map.
    pub(super) fn middle(self) -> [f64; 2] {
        [(self.rows / 2) as f64, (self.columns / 2) as f64]
    }

    /// Normal numbers of a stream, averaged twice over neighbours with the weights 1, 2, 1 along coupled axes. Their
    /// standard deviation is 0.27 on a torus and 0.52 on rings.
    pub(super) fn smooth_normals(self, seed: u64, name: &str) -> Vec<f64> {
        let mut values = standard_normals(seed, name, self.sites());
        for _ in 0..2 {
            values = self.averaged(&values, |row, column| {
                let [left, right] = [column + self.columns - 1, column + 1];
                [left, right].map(|column| row * self.columns + column % self.columns)
            });
            if self.is_torus {
                values = self.averaged(&values, |row, column| {
                    let [above, below] = [row + self.rows - 1, row + 1];
                    [above, below].map(|row| row % self.rows * self.columns + column)
                });
            }
        }
        values
    }

    fn averaged(self, values: &[f64], neighbours: impl Fn(usize, usize) -> [usize; 2]) -> Vec<f64> {
        self.each(|row, column| {
            let [one, other] = neighbours(row, column);
            0.25 * (values[one] + values[other]) + 0.5 * values[row * self.columns + column]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_around() {
        let torus = Sheet { rows: 8, columns: 10, is_torus: true };
        assert_eq!(torus.squared_distance([7, 9], [0.0, 1.0]), 5.0);
        let rings = Sheet { is_torus: false, ..torus };
        assert_eq!(rings.squared_distance([7, 9], [0.0, 1.0]), 4.0);
    }

    #[test]
    fn smooth_numbers_have_the_documented_deviation_and_keep_rings_apart() {
        let deviation = |sheet: Sheet| {
            let values = sheet.smooth_normals(3, "test");
            (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
        };
        let torus = Sheet { rows: 64, columns: 80, is_torus: true };
        // The weights 1, 4, 6, 4, 1 over 16 leave 35 / 128 of a variance along each axis.
        assert!((deviation(torus) - 35.0 / 128.0).abs() < 0.02);
        let rings = Sheet { is_torus: false, ..torus };
        assert!((deviation(rings) - f64::sqrt(35.0 / 128.0)).abs() < 0.02);
        let single = Sheet { rows: 1, columns: 80, is_torus: false };
        assert_eq!(
            single.smooth_normals(3, "test"),
            Sheet { rows: 2, ..single }.smooth_normals(3, "test")[..80]
        );
        assert_ne!(torus.smooth_normals(3, "test"), torus.smooth_normals(4, "test"));
    }

    #[test]
    fn units_without_neighbours_are_refused() {
        let error = Sheet::of(Topology::Dense { units: 9 }).unwrap_err().to_string();
        assert!(error.contains("9 dense units"), "{error}");
    }
}
