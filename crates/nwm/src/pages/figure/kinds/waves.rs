//! Figures 4 and 7: waves in the hidden state of a model of turning digits.

use super::super::finding::{Check, Condition, Findings, Measured, Number, both};
use super::super::inputs::RunInputs;
use super::super::pictures::PictureSource;
use super::super::published::{
    DIRECTIONALITY, LOCAL_COHERENCE, MODE_SHARE, SINGULARITIES, TRAVEL_INDEX,
};
use super::of_each;

/// The product.
const WAVES: &str = "waves";

/// The travel index of waves, of which 1/2 is chance.
const TRAVELS: f64 = 0.7;
/// A mean phase gradient of this share of the gradients' mean size has a direction.
const DIRECTED: f64 = 0.2;
const SIGNIFICANT: f64 = 0.01;

/// Frames of a turn.
const TURN: usize = 18;

const PHASES: PictureSource =
    PictureSource::Copy { product: WAVES, file: "phase.gif", shows: "phase of the hidden state" };
const STEPS: PictureSource =
    PictureSource::Beside { product: WAVES, file: "per_step.csv", shows: "measures of each step" };

pub(super) const FOUR_FRAMES: &[PictureSource] =
    &[PictureSource::Strips { frames: 4 }, PHASES, STEPS];
pub(super) const WHOLE_TURN: &[PictureSource] =
    &[PictureSource::Strips { frames: TURN }, PHASES, STEPS];

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, of_run)
}

pub(super) fn of_run(run: &RunInputs) -> Findings {
    let travel = Check::new(
        "travel index",
        run.waves("travel_index"),
        &[Condition::AtLeast(TRAVELS), Condition::PBelow(SIGNIFICANT)],
    );
    Findings {
        checks: [travel.beside(TRAVEL_INDEX), directed(run)]
            .map(|check| check.of(run.name()))
            .into(),
        numbers: numbers(run),
    }
}

/// Whether waves have one direction, on the average or in their strongest mode.
fn directed(run: &RunInputs) -> Check {
    let (directionality, share) = (run.waves("pgd"), run.waves("mode_share"));
    let of_share = share.p_value.map(|p| p < SIGNIFICANT);
    let of_directionality = directionality.value.map(|value| value >= DIRECTED);
    let holds = match (of_directionality, of_share) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        answers => both(answers.0, answers.1).map(|_| false),
    };
    Check::judged(
        "directionality of the phase gradient, or mode share",
        Measured { p_value: share.p_value, ..directionality },
        format!("at least {DIRECTED}, or p of the mode share below {SIGNIFICANT}"),
        holds,
    )
    .beside(DIRECTIONALITY)
}

/// The strongest mode of the space-time spectrum, which there is whether frames are plane or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct StrongestMode {
    /// In sites.
    pub(super) wavelength: f64,
    /// Where it goes, as in the picture: 0 is right, a quarter turn down.
    pub(super) direction: f64,
}

impl StrongestMode {
    pub(super) fn of(run: &RunInputs) -> Option<Self> {
        let [row, column] = ["peak_k_row", "peak_k_column"].map(|key| run.waves(key).value);
        let (row, column) = (row?, column?);
        let wavelength = 1.0 / row.hypot(column);
        wavelength.is_finite().then(|| Self { wavelength, direction: row.atan2(column) })
    }
}

fn numbers(run: &RunInputs) -> Vec<Number> {
    let result = |name: &str, unit, key: &str| Number::new(name, unit, run.waves(key));
    let product = |name: &str, unit, key: &str| {
        Number::new(name, unit, Measured::alone(run.number(WAVES, &format!("/summary/{key}"))))
    };
    let degrees = run.number(WAVES, "/summary/direction").map(f64::to_degrees);
    let mode = StrongestMode::of(run);
    [
        result("local coherence", "", "local_coherence").beside(LOCAL_COHERENCE),
        result("mode share", "", "mode_share").beside(MODE_SHARE),
        result("share of squares with a singularity", "", "singularity_density")
            .beside(SINGULARITIES),
        result("median speed of phases", "sites per frame", "speed_median"),
        result("speed of the strongest mode", "sites per frame", "phase_speed")
            .beside("authors' main video: 0.743"),
        Number::new(
            "wavelength of the strongest mode",
            "sites",
            Measured::alone(mode.map(|it| it.wavelength)),
        ),
        Number::new(
            "direction of the strongest mode",
            "degrees",
            Measured::alone(mode.map(|it| it.direction.to_degrees())),
        ),
        product("speed of plane frames", "sites per frame", "speed"),
        product("wavelength of plane frames", "sites", "wavelength"),
        Number::new("direction of travel", "degrees", Measured::alone(degrees)),
        product("resultant of directions", "", "direction_resultant"),
    ]
    .map(|number| number.of(run.name()))
    .into()
}
