//! Figure 6: the image that drives each unit most, and whether those of neighbours are alike.

use super::super::finding::{Check, Condition, Findings, Measured, Number};
use super::super::inputs::RunInputs;
use super::super::pictures::PictureSource;
use super::of_each;

/// The product.
const SELECTIVITY: &str = "selectivity";

const SIGNIFICANT: f64 = 0.01;

pub(super) const PICTURES: &[PictureSource] = &[
    PictureSource::Copy {
        product: SELECTIVITY,
        file: "maximum_activation.png",
        shows: "image that drives each unit most, where the unit is",
    },
    PictureSource::Beside {
        product: SELECTIVITY,
        file: "units.csv",
        shows: "numbers of each unit",
    },
    PictureSource::Beside { product: SELECTIVITY, file: "selectivity.h5", shows: "arrays" },
];

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, of_run)
}

pub(super) fn of_run(run: &RunInputs) -> Findings {
    let number =
        |name: &str| run.number(SELECTIVITY, &format!("/channels/0/maximum_activation/{name}"));
    let value = number("continuity/value");
    let chance = number("continuity/null_mean");
    let continuity =
        Measured { value, chance, p_value: number("continuity/p_value"), ..Measured::default() };
    let conditions = [Condition::PAtMost(SIGNIFICANT)];
    let check = Check::new("correlation of the images of neighbours", continuity, &conditions);
    Findings {
        checks: vec![check.of(run.name())],
        numbers: vec![
            Number::new("different images", "", Measured::alone(number("different")))
                .of(run.name()),
        ],
    }
}
