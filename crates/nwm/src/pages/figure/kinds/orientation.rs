//! Figure 3: orientations that units prefer, and how they are arranged; and images.

use super::super::finding::{Check, Condition, Findings, Measured, Number, both};
use super::super::inputs::RunInputs;
use super::super::pictures::PictureSource;
use super::{images, of_each};

/// The product.
const SELECTIVITY: &str = "selectivity";

/// The data set that has orientations.
const GRATINGS: &str = "gratings";

/// A map is smooth above this mean of `cos 2 (theta - theta')` over neighbours, if shuffled sites hardly reach it.
const SMOOTH: f64 = 0.5;
const SIGNIFICANT: f64 = 0.01;
/// Units are selective if no more of them are not.
const UNSELECTIVE: f64 = 0.5;
/// Charges are halves; their sum is exact but for rounding.
const NO_CHARGE: f64 = 1e-9;

pub(super) const PICTURES: &[PictureSource] = &[
    PictureSource::Copy {
        product: SELECTIVITY,
        file: "modulation_map.svg",
        shows: "orientation that modulates each unit most, after training",
    },
    PictureSource::Copy {
        product: SELECTIVITY,
        file: "modulation_map_initial.svg",
        shows: "the same before training",
    },
    PictureSource::Copy {
        product: SELECTIVITY,
        file: "orientation_map.svg",
        shows: "orientation to which each unit responds most on average over phases, crosses where Cohen's d is small",
    },
    PictureSource::Copy {
        product: SELECTIVITY,
        file: "maximum_activation.png",
        shows: "image that drives each unit most, where the unit is",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "modulation_map.png",
        shows: "map by modulations as pixels",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "modulation_map_initial.png",
        shows: "map by modulations before training as pixels",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "orientation_map_initial.svg",
        shows: "map by mean responses before training",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "orientation_map.png",
        shows: "map by mean responses as pixels",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "orientation_map_initial.png",
        shows: "map by mean responses before training as pixels",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "units.csv",
        shows: "numbers of each unit",
    },
    PictureSource::Beside { product: SELECTIVITY, file: "selectivity.h5", shows: "arrays" },
];

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, |run| match run.planned.data.as_str() {
        GRATINGS => map(run),
        _ => images::of_run(run),
    })
}

/// A number of the first channel, trained and initial.
fn of_maps(run: &RunInputs, name: &str) -> [Option<f64>; 2] {
    ["trained", "initial"].map(|map| run.number(SELECTIVITY, &format!("/channels/0/{map}/{name}")))
}

fn map(run: &RunInputs) -> Findings {
    let measured = |name: &str| {
        let [value, before_training] = of_maps(run, name);
        Measured { value, before_training, ..Measured::default() }
    };
    let smoothness = |of: &str| {
        let [p_value, _] = of_maps(run, &format!("{of}/smoothness/p_value"));
        let [chance, _] = of_maps(run, &format!("{of}/smoothness/null_mean"));
        Measured { p_value, chance, ..measured(&format!("{of}/smoothness/value")) }
    };
    let by_modulation = smoothness("by_modulation");
    let checks = [
        Check::new(
            "smoothness of the map by modulations",
            by_modulation,
            &[Condition::Above(SMOOTH), Condition::PAtMost(SIGNIFICANT)],
        ),
        pinwheels(run),
        initially_none(run, by_modulation),
        Check::new(
            "units that are not selective by mean responses",
            measured("unselective_fraction"),
            &[Condition::AtMost(UNSELECTIVE)],
        )
        .beside("the paper marks few units, and does not say over which phases it averages"),
    ];
    let number =
        |name: &str, unit, key: &str| Number::new(name, unit, measured(key)).of(run.name());
    Findings {
        checks: checks.map(|check| check.of(run.name())).into(),
        numbers: vec![
            number("mean selectivity by modulations", "", "by_modulation/mean_selectivity"),
            number(
                "pinwheels in a square of one column spacing",
                "",
                "by_modulation/pinwheels/density",
            )
            .beside("3.14 in cortex"),
            number(
                "distance of columns of one orientation",
                "sites",
                "by_modulation/column_spacing",
            ),
            Number::new("smoothness of the map by mean responses", "", smoothness("by_mean"))
                .of(run.name()),
            number("median of the largest Cohen's d", "", "largest_d/median"),
        ],
    }
}

fn pinwheels(run: &RunInputs) -> Check {
    let [positive, before_positive] = of_maps(run, "by_modulation/pinwheels/positive");
    let [negative, before_negative] = of_maps(run, "by_modulation/pinwheels/negative");
    let [charge, _] = of_maps(run, "by_modulation/pinwheels/charge");
    let sum = |first, second| both(first, second).map(|(a, b): (f64, f64)| a + b);
    let measured = Measured {
        value: sum(positive, negative),
        before_training: sum(before_positive, before_negative),
        ..Measured::default()
    };
    let holds = both(both(positive, negative), charge).map(|((positive, negative), charge)| {
        positive > 0.0 && negative > 0.0 && charge.abs() < NO_CHARGE
    });
    Check::judged("pinwheels", measured, "of both signs, charges add up to 0", holds)
}

/// Whether the map was not there before training.
fn initially_none(run: &RunInputs, smoothness: Measured) -> Check {
    let [_, p_value] = of_maps(run, "by_modulation/smoothness/p_value");
    let measured = Measured { p_value, ..Measured::alone(smoothness.before_training) };
    let holds =
        both(measured.value, p_value).map(|(smooth, p)| smooth <= SMOOTH && p > SIGNIFICANT);
    Check::judged(
        "smoothness before training",
        measured,
        format!("at most {SMOOTH}, and p above {SIGNIFICANT}"),
        holds,
    )
    .beside("the paper finds no selectivity before training")
}
