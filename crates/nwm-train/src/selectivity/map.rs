//! An orientation map, and what is measured of it.

use nwm_analysis::selectivity::{
    CohensD, CohensDOptions, OrientationMap, OrientationResponses, PinwheelOptions, Pinwheels,
    equally_spaced_orientations,
};
use nwm_analysis::waves::{Grid, Significance, Surrogates};
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// At most this share of the units of an orientation map is not selective.
const MOST_UNSELECTIVE: f64 = 0.5;

/// An orientation map is smoother than shuffled sites are in 19 of 20 cases.
const SIGNIFICANT: f64 = 0.05;

/// The orientation map of one channel of a sheet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MeasuredMap {
    /// What each unit responds to each orientation.
    pub responses: OrientationResponses,
    /// By how much each orientation stands out of the others.
    pub cohens_d: CohensD,
    /// What each unit prefers, on a continuous scale, selective or not.
    pub map: OrientationMap,
    /// Its pinwheels; none on rings.
    pub pinwheels: Pinwheels,
    /// Its smoothness beside shuffled sites.
    pub smoothness: Significance,
    /// The distance of columns that prefer one orientation, in sites; none if all prefer the same.
    pub column_spacing: Option<f64>,
}

/// Whether there is an orientation map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MapVerdict {
    /// Most units are selective and neighbours prefer similar orientations, and before training that was not so.
    Map,
    /// The same, but it was so before training as well.
    UntrainedMap,
    /// Most units are selective, but neighbours do not prefer more similar orientations than shuffled sites do.
    Scattered,
    /// Most units are not selective.
    None,
}

impl MapVerdict {
    /// The verdict on a map, and on the same before training.
    pub fn of(trained: &MeasuredMap, initial: &MeasuredMap) -> Self {
        match (trained.is_selective(), trained.is_smooth()) {
            (false, _) => Self::None,
            (true, false) => Self::Scattered,
            (true, true) if initial.is_selective() && initial.is_smooth() => Self::UntrainedMap,
            (true, true) => Self::Map,
        }
    }

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::UntrainedMap => "untrained_map",
            Self::Scattered => "scattered",
            Self::None => "none",
        }
    }
}

impl MeasuredMap {
    /// Measures the map of responses to orientations that are evenly spaced over a half turn.
    ///
    /// # Errors
    /// [`Error::Analysis`](crate::Error::Analysis) if an orientation has fewer than two samples.
    pub fn of(responses: OrientationResponses, grid: Grid, surrogates: Surrogates) -> Result<Self> {
        let [orientations, rows, columns] = responses.shape();
        let angles = equally_spaced_orientations(orientations);
        let map = OrientationMap::of(&responses.means(), [rows, columns], &angles)?;
        Ok(Self {
            cohens_d: responses.cohens_d(CohensDOptions::default())?,
            pinwheels: map.pinwheels(grid, PinwheelOptions::default())?,
            smoothness: map.smoothness_significance(grid, surrogates)?,
            column_spacing: map.column_spacing(grid),
            responses,
            map,
        })
    }

    /// The units `[row, column]` that respond but are not selective.
    pub fn unselective(&self) -> Vec<bool> {
        let sites = self.cohens_d.preferred.iter().zip(self.cohens_d.largest());
        sites.map(|(preferred, largest)| preferred.is_none() && largest.is_some()).collect()
    }

    /// Whether at least half of the units are selective.
    pub fn is_selective(&self) -> bool {
        self.cohens_d.unselective_fraction() <= MOST_UNSELECTIVE
    }

    /// Whether neighbours prefer more similar orientations than shuffled sites do.
    pub fn is_smooth(&self) -> bool {
        self.smoothness.p_value <= SIGNIFICANT
    }

    /// The mean selectivity of all units that respond, 0 to 1; NaN if none does.
    pub fn mean_selectivity(&self) -> f64 {
        let known = self.map.selectivity().iter().filter(|selectivity| !selectivity.is_nan());
        let (sum, count) = known.fold((0.0, 0), |(sum, count), it| (sum + it, count + 1));
        sum / f64::from(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [8, 8];
    const SURROGATES: Surrogates = Surrogates { count: 99, seed: 0 };

    /// Units whose response to an orientation is `gain` times the cosine of its distance from what they prefer, and what
    /// depends on the phase.
    fn measured(preferred: impl Fn(usize) -> f64, gain: f64) -> MeasuredMap {
        let mut responses = OrientationResponses::new(8, SIZE).unwrap();
        for (index, angle) in equally_spaced_orientations(8).into_iter().enumerate() {
            for phase in 0..6 {
                let unit = |unit: usize| {
                    let of_phase = (f64::from(phase) + unit as f64).sin();
                    gain * (2.0 * (preferred(unit) - angle)).cos() + of_phase
                };
                responses.add(index, &(0..64).map(unit).collect::<Vec<_>>()).unwrap();
            }
        }
        MeasuredMap::of(responses, Grid::Torus, SURROGATES).unwrap()
    }

    #[test]
    fn verdicts_need_selective_units_smooth_preferences_and_a_start_without() {
        let gradual = |unit: usize| std::f64::consts::PI * (unit % 8) as f64 / 8.0;
        // A sequence without relation of neighbours.
        let scattered = |unit: usize| (unit * unit * 37 + 11 * unit) as f64 * 0.7;
        let (map, weak) = (measured(gradual, 3.0), measured(gradual, 0.01));
        let chance = measured(scattered, 3.0);
        assert!(map.is_selective() && map.is_smooth() && !weak.is_selective());
        assert!(chance.is_selective() && !chance.is_smooth(), "{:?}", chance.smoothness);
        for (trained, initial, wanted) in [
            (&map, &weak, MapVerdict::Map),
            (&map, &chance, MapVerdict::Map),
            (&map, &map, MapVerdict::UntrainedMap),
            (&chance, &weak, MapVerdict::Scattered),
            (&weak, &map, MapVerdict::None),
        ] {
            assert_eq!(MapVerdict::of(trained, initial), wanted);
            let name = serde_json::to_value(wanted).unwrap();
            assert_eq!(name, wanted.as_str());
        }
        assert_eq!(weak.unselective(), vec![true; 64]);
        assert_eq!(map.unselective(), vec![false; 64]);
        assert!((map.column_spacing.unwrap() - 8.0).abs() < 1e-9);
        // A cosine above its smallest sample: half of it is the mean, up to the phases.
        assert!((map.mean_selectivity() - 0.5).abs() < 0.01, "{}", map.mean_selectivity());
    }
}
