//! The orientations that units prefer, and what is measured of their arrangement.

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

/// What the units of one channel of a sheet prefer.
///
/// There are two ways to say how much a unit responds to an orientation. Its mean over phases is the published one; it tells
/// orientations apart if the unit does not care for the phase, as complex cells of visual cortex do. Its modulation by the phase
/// tells them apart if the unit adds up what it sees, as simple cells do: then the mean over phases is the same for all.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MeasuredMap {
    /// What each unit responds to each orientation.
    pub responses: OrientationResponses,
    /// By how much the mean response to each orientation stands out of the others.
    pub cohens_d: CohensD,
    /// The map of preferences by mean responses.
    pub by_mean: MeasuredPreferences,
    /// The map of preferences by modulations.
    pub by_modulation: MeasuredPreferences,
}

/// A map of preferred orientations, and what is measured of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MeasuredPreferences {
    /// What each unit prefers, on a continuous scale, selective or not.
    pub map: OrientationMap,
    /// Its pinwheels; none on rings.
    pub pinwheels: Pinwheels,
    /// Its smoothness beside shuffled sites.
    pub smoothness: Significance,
    /// The distance of columns that prefer one orientation, in sites; none if all prefer the same.
    pub column_spacing: Option<f64>,
}

/// Whether preferences are arranged to an orientation map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MapVerdict {
    /// Neighbours prefer similar orientations, and before training that was not so.
    Map,
    /// The same, but it was so before training as well.
    UntrainedMap,
    /// Neighbours do not prefer more similar orientations than shuffled sites do.
    Scattered,
    /// Most units are not selective, where selectivity is asked for.
    None,
}

impl MapVerdict {
    /// The verdict on preferences by mean responses, beside those before training. A map has selective units.
    pub fn by_mean(trained: &MeasuredMap, initial: &MeasuredMap) -> Self {
        let is_map = |it: &MeasuredMap| it.is_selective() && it.by_mean.is_smooth();
        match (trained.is_selective(), trained.by_mean.is_smooth()) {
            (false, _) => Self::None,
            (true, false) => Self::Scattered,
            (true, true) if is_map(initial) => Self::UntrainedMap,
            (true, true) => Self::Map,
        }
    }

    /// The verdict on preferences by modulations, beside those before training. There is no threshold of selectivity: untrained
    /// units that add up random weights prefer something, too, and training arranges what they prefer.
    pub fn by_modulation(trained: &MeasuredMap, initial: &MeasuredMap) -> Self {
        match [trained, initial].map(|it| it.by_modulation.is_smooth()) {
            [false, _] => Self::Scattered,
            [true, true] => Self::UntrainedMap,
            [true, false] => Self::Map,
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
        let preferences = |values: &[f64]| {
            let map = OrientationMap::of(values, [rows, columns], &angles)?;
            MeasuredPreferences::of(map, grid, surrogates)
        };
        Ok(Self {
            cohens_d: responses.cohens_d(CohensDOptions::default())?,
            by_mean: preferences(&responses.means())?,
            by_modulation: preferences(&responses.modulations())?,
            responses,
        })
    }

    /// The units `[row, column]` that respond but are not selective.
    pub fn unselective(&self) -> Vec<bool> {
        let sites = self.cohens_d.preferred.iter().zip(self.cohens_d.largest());
        sites.map(|(preferred, largest)| preferred.is_none() && largest.is_some()).collect()
    }

    /// Whether the means of at least half of the units are selective.
    pub fn is_selective(&self) -> bool {
        self.cohens_d.unselective_fraction() <= MOST_UNSELECTIVE
    }
}

impl MeasuredPreferences {
    fn of(map: OrientationMap, grid: Grid, surrogates: Surrogates) -> Result<Self> {
        Ok(Self {
            pinwheels: map.pinwheels(grid, PinwheelOptions::default())?,
            smoothness: map.smoothness_significance(grid, surrogates)?,
            column_spacing: map.column_spacing(grid),
            map,
        })
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
        assert!(map.is_selective() && map.by_mean.is_smooth() && !weak.is_selective());
        assert!(
            chance.is_selective() && !chance.by_mean.is_smooth(),
            "{:?}",
            chance.by_mean.smoothness
        );
        for (trained, initial, wanted) in [
            (&map, &weak, MapVerdict::Map),
            (&map, &chance, MapVerdict::Map),
            (&map, &map, MapVerdict::UntrainedMap),
            (&chance, &weak, MapVerdict::Scattered),
            (&weak, &map, MapVerdict::None),
        ] {
            assert_eq!(MapVerdict::by_mean(trained, initial), wanted);
            let name = serde_json::to_value(wanted).unwrap();
            assert_eq!(name, wanted.as_str());
        }
        assert_eq!(weak.unselective(), vec![true; 64]);
        assert_eq!(map.unselective(), vec![false; 64]);
        assert!((map.by_mean.column_spacing.unwrap() - 8.0).abs() < 1e-9);
        // A cosine above its smallest sample: half of it is the mean, up to the phases.
        let selectivity = map.by_mean.mean_selectivity();
        assert!((selectivity - 0.5).abs() < 0.01, "{selectivity}");
    }

    /// Units that add up what they see: a cosine of the phase, whose amplitude depends on the distance from what they prefer.
    fn simple_cells(preferred: impl Fn(usize) -> f64) -> MeasuredMap {
        let mut responses = OrientationResponses::new(8, SIZE).unwrap();
        for (index, angle) in equally_spaced_orientations(8).into_iter().enumerate() {
            for phase in 0..6 {
                let turn = std::f64::consts::TAU * f64::from(phase) / 6.0;
                let unit = |unit: usize| {
                    let amplitude = 1.0 + 0.2 * (2.0 * (preferred(unit) - angle)).cos();
                    amplitude * (turn + unit as f64).cos()
                };
                responses.add(index, &(0..64).map(unit).collect::<Vec<_>>()).unwrap();
            }
        }
        MeasuredMap::of(responses, Grid::Torus, SURROGATES).unwrap()
    }

    #[test]
    fn modulations_tell_what_simple_cells_prefer_and_means_do_not() {
        let preferred = |unit: usize| std::f64::consts::PI * (unit % 8) as f64 / 8.0;
        let (map, chance) =
            (simple_cells(preferred), simple_cells(|unit| (unit * unit * 37) as f64 * 0.7));
        assert_eq!(MapVerdict::by_mean(&map, &chance), MapVerdict::None);
        assert_eq!(MapVerdict::by_modulation(&map, &chance), MapVerdict::Map);
        assert_eq!(MapVerdict::by_modulation(&map, &map), MapVerdict::UntrainedMap);
        assert_eq!(MapVerdict::by_modulation(&chance, &map), MapVerdict::Scattered);
        for (unit, found) in map.by_modulation.map.preferred().iter().enumerate() {
            assert!((2.0 * (found - preferred(unit))).cos() > 1.0 - 1e-12, "{unit}: {found}");
        }
        // A half of the neighbours differ by an eighth of a half turn, the others not at all.
        let wanted = f64::midpoint((std::f64::consts::PI / 4.0).cos(), 1.0);
        assert!((map.by_modulation.smoothness.observed - wanted).abs() < 1e-12);
    }
}
