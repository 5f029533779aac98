//! Figure 2: hidden states of models of many kinds of data, and of noise.

use super::super::finding::{Check, Condition, Findings, Measured, Number, both};
use super::super::inputs::RunInputs;
use super::super::pictures::PictureSource;
use super::super::published;
use super::of_each;

/// The data set in which nothing follows from anything.
const NOISE: &str = "noise";

/// A number is what chance gives if it is no farther from its mean, in standard deviations.
const SPREAD: f64 = 2.0;
/// It is beyond chance if its p-value is at most this.
const SIGNIFICANT: f64 = 0.05;

pub(super) const PICTURES: &[PictureSource] = &[
    PictureSource::Positions,
    PictureSource::Copy { product: "waves", file: "phase.gif", shows: "phase of the hidden state" },
    PictureSource::Beside {
        product: "waves",
        file: "per_step.csv",
        shows: "measures of each step",
    },
];

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, |run| {
        let checks = if run.planned.data == NOISE { as_chance(run) } else { beyond_chance(run) };
        Findings {
            checks: checks.into_iter().map(|check| check.of(run.name())).collect(),
            numbers: numbers(run),
        }
    })
}

/// A measure in the summary of the waves, for models of every kind.
fn measure(run: &RunInputs, name: &str) -> Measured {
    let of_null = |key: &str| run.number("waves", &format!("/surrogates/{name}/{key}"));
    Measured {
        value: run.number("waves", &format!("/summary/{name}")),
        p_value: of_null("p_value"),
        chance: of_null("mean"),
        ..Measured::default()
    }
}

fn as_chance(run: &RunInputs) -> Vec<Check> {
    let coherence = measure(run, "local_coherence");
    let travel = measure(run, "travel_index");
    let z_score = run.number("waves", "/surrogates/travel_index/z_score");
    vec![
        Check::new("local coherence of noise", coherence, &[Condition::PAbove(SIGNIFICANT)]),
        Check::judged(
            "travel index of noise",
            travel,
            format!("within {SPREAD} standard deviations of shuffled sites"),
            z_score.map(|z| z.abs() <= SPREAD),
        ),
    ]
}

fn beyond_chance(run: &RunInputs) -> Vec<Check> {
    let (coherence, travel) = (measure(run, "local_coherence"), measure(run, "travel_index"));
    // The one that is rarer by chance, and for having had the choice between two its p-value twice.
    let smallest = both(coherence.p_value, travel.p_value);
    let rarer = match smallest {
        Some((of_coherence, of_travel)) if of_travel < of_coherence => travel,
        _ => coherence,
    };
    let p_value = smallest.map(|(a, b)| (2.0 * a.min(b)).min(1.0));
    let expected =
        format!("beyond shuffled sites, p of the better one, for two, at most {SIGNIFICANT}");
    let holds = p_value.map(|p| p <= SIGNIFICANT);
    vec![
        Check::judged(
            "local coherence or travel index",
            Measured { p_value, ..rarer },
            expected,
            holds,
        )
        .beside(published::SYSTEMS),
    ]
}

fn numbers(run: &RunInputs) -> Vec<Number> {
    let of = |name: &str, key: &str| Number::new(name, "", measure(run, key));
    // What was measured when the run was evaluated, without smoothing, is there before training as well.
    let evaluated = |name: &str, key: &str| {
        let measured = run.waves(key);
        measured.value.map(|_| Number::new(name, "", measured))
    };
    [
        Some(of("local coherence", "local_coherence")),
        evaluated("local coherence without smoothing", "local_coherence"),
        Some(of("travel index", "travel_index")),
        evaluated("travel index of the evaluation", "travel_index"),
        Some(of("plane wave order", "plane_wave_order")),
        Some(of("mode share", "mode_share")),
    ]
    .into_iter()
    .flatten()
    .map(|number| number.of(run.name()))
    .collect()
}
