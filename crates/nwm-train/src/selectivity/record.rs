//! What was measured, as numbers that files hold.

use nwm_analysis::waves::Significance;
use nwm_models::ModelName;
use serde::{Deserialize, Serialize};

use super::images::MeasuredImages;
use super::map::{MeasuredMap, MeasuredPreferences};
use super::orientation::StillGratings;
use crate::evaluation::CheckpointRecord;

/// Which run was measured, and with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SelectivityRecord {
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Preset of the run, if any.
    pub preset: Option<String>,
    /// Whether every setting that can change a number is the published one.
    pub published: bool,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The checkpoint.
    pub checkpoint: CheckpointRecord,
    /// Who is whose neighbour: `torus` or `rings`.
    pub grid: String,
    /// Channels, rows and columns of the sheet.
    pub sheet: [usize; 3],
    /// Rows and columns of a frame.
    pub side: usize,
    /// The gratings.
    pub gratings: StillGratings,
    /// A unit is selective if d of some orientation is at least this.
    pub threshold: f64,
    /// Films among which the images were sought.
    pub images: usize,
    /// Frames of each film.
    pub film_frames: usize,
    /// Whether a position counts by its size alone.
    pub absolute: bool,
    /// Orders of shuffled sites that numbers are compared with.
    pub surrogates: usize,
    /// Seed of those.
    pub surrogate_seed: u64,
}

/// A number beside those of shuffled sites.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SignificanceNumbers {
    /// The number.
    pub value: f64,
    /// Its mean over shuffled sites.
    pub null_mean: f64,
    /// Its sample standard deviation over them.
    pub null_deviation: f64,
    /// By how many of these deviations it exceeds the mean.
    pub z_score: f64,
    /// How often at most shuffled sites reach it.
    pub p_value: f64,
}

/// The distribution over units of the largest d of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LargestD {
    /// Half of the units are below.
    pub median: f64,
    /// A quarter of the units is below the first, and a quarter above the second.
    pub quartiles: [f64; 2],
    /// That of the most selective unit.
    pub largest: f64,
}

/// Pinwheels by their sign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PinwheelNumbers {
    /// Those of charge +1/2.
    pub positive: usize,
    /// Those of charge -1/2.
    pub negative: usize,
    /// The sum of their charges.
    pub charge: f64,
    /// How many cancelled each other, since they were too near.
    pub merged: usize,
    /// Pinwheels in a square of one column spacing.
    pub density: f64,
}

/// What is told of the orientations that units prefer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MapNumbers {
    /// The share of units that are not selective.
    pub unselective_fraction: f64,
    /// The largest d of each unit.
    pub largest_d: LargestD,
    /// The map of preferences by mean responses.
    pub by_mean: PreferenceNumbers,
    /// The map of preferences by modulations.
    pub by_modulation: PreferenceNumbers,
}

/// What is told of a map of preferred orientations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PreferenceNumbers {
    /// Mean selectivity of all units, 0 to 1.
    pub mean_selectivity: f64,
    /// Mean of `cos 2 (theta - theta')` over neighbours, -1 to 1.
    pub smoothness: SignificanceNumbers,
    /// Pinwheels.
    pub pinwheels: PinwheelNumbers,
    /// The distance of columns that prefer one orientation, in sites.
    pub column_spacing: Option<f64>,
}

/// What is told of maximum-activation images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImageNumbers {
    /// The mean correlation of the images of neighbours, -1 to 1.
    pub continuity: SignificanceNumbers,
    /// Different images among those of all units.
    pub different: usize,
}

impl SignificanceNumbers {
    fn of(found: &Significance) -> Self {
        Self {
            value: found.observed,
            null_mean: found.null_mean,
            null_deviation: found.null_deviation,
            z_score: found.z_score(),
            p_value: found.p_value,
        }
    }
}

impl MapNumbers {
    /// Those of a map. What is undefined is NaN, which is null in JSON.
    pub fn of(measured: &MeasuredMap) -> Self {
        let d = &measured.cohens_d;
        Self {
            unselective_fraction: d.unselective_fraction(),
            largest_d: LargestD {
                median: d.largest_quantile(0.5),
                quartiles: [0.25, 0.75].map(|probability| d.largest_quantile(probability)),
                largest: d.largest_quantile(1.0),
            },
            by_mean: PreferenceNumbers::of(&measured.by_mean),
            by_modulation: PreferenceNumbers::of(&measured.by_modulation),
        }
    }
}

impl PreferenceNumbers {
    /// Those of a map. What is undefined is NaN, which is null in JSON.
    pub fn of(measured: &MeasuredPreferences) -> Self {
        let pinwheels = &measured.pinwheels;
        let positive = pinwheels.pinwheels.iter().filter(|it| it.charge > 0.0).count();
        let spacing = measured.column_spacing.unwrap_or(f64::NAN);
        Self {
            mean_selectivity: measured.mean_selectivity(),
            smoothness: SignificanceNumbers::of(&measured.smoothness),
            pinwheels: PinwheelNumbers {
                positive,
                negative: pinwheels.pinwheels.len() - positive,
                charge: pinwheels.pinwheels.iter().map(|it| it.charge).sum(),
                merged: pinwheels.merged,
                density: pinwheels.density_per_column(spacing),
            },
            column_spacing: measured.column_spacing,
        }
    }
}

impl ImageNumbers {
    /// Those of the images of a channel.
    pub fn of(measured: &MeasuredImages) -> Self {
        Self {
            continuity: SignificanceNumbers::of(&measured.continuity),
            different: measured.different(),
        }
    }
}
