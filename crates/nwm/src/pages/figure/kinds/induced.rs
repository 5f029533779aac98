//! Figures 5 and 9: decodings of activity that is moved along the rings.

use super::super::finding::{Check, Findings, Measured, Number, both};
use super::super::inputs::RunInputs;
use super::super::pictures::PictureSource;
use super::of_each;

/// The product.
const INDUCE: &str = "induce";

pub(super) const PICTURES: &[PictureSource] = &[
    PictureSource::Copy {
        product: INDUCE,
        file: "induced.svg",
        shows: "input, reconstruction, and decodings of moved activity",
    },
    PictureSource::Copy {
        product: INDUCE,
        file: "matches.svg",
        shows: "frame that decodings are nearest to, against the shift",
    },
    PictureSource::Copy {
        product: INDUCE,
        file: "errors.svg",
        shows: "error of decodings, against the shift",
    },
    PictureSource::Copy {
        product: INDUCE,
        file: "induced.gif",
        shows: "what decodings should show, above what they show",
    },
    PictureSource::Beside {
        product: INDUCE,
        file: "per_shift.csv",
        shows: "numbers of each shift",
    },
    PictureSource::Beside { product: INDUCE, file: "induced.h5", shows: "arrays" },
];

pub(super) fn findings(runs: &[RunInputs]) -> Findings {
    of_each(runs, of_run)
}

fn of_run(run: &RunInputs) -> Findings {
    let number = |name: &str| run.number(INDUCE, &format!("/summary/{name}"));
    let pair = |name: &str| run.pair(INDUCE, &format!("/summary/{name}"));
    let measured = |name: &str| Measured {
        interval95: pair(&format!("{name}_interval95")),
        ..Measured::alone(number(name))
    };
    let direction = run.summary(INDUCE, "/summary/direction").and_then(|it| it.as_str());
    let turns = Check::judged(
        "speed at which the digit turns, sites per frame",
        measured("speed"),
        "a direction: 0 is not in the interval of frames per site",
        direction.map(|direction| direction != "none"),
    );
    let (beaten, shifts) = (number("shifts_that_beat_control"), number("shifts_of_first_round"));
    let all = shifts.map_or("all".to_owned(), |shifts| format!("all {shifts}"));
    let beats = Check::judged(
        "shifts of the first round that decode better than shuffled rings",
        Measured::alone(beaten),
        all,
        both(beaten, shifts).map(|(beaten, shifts)| shifts > 0.0 && beaten >= shifts),
    );
    let checks = [turns.beside("0.78 in the paper: back after 14 of 18 shifts"), beats];
    let start = Number::new("frame that unmoved activity shows", "frames", measured("start_frame"));
    let numbers = [
        Number::new("frames per site", "frames per site", measured("frames_per_site")),
        Number::new("sites after which the film is back", "sites", measured("sites_per_round"))
            .beside("14 in the paper"),
        start,
        Number::new("distance of matches from their line", "frames", measured("match_deviation")),
    ];
    Findings {
        checks: checks.map(|check| check.of(run.name())).into(),
        numbers: numbers.map(|number| number.of(run.name())).into(),
    }
}
