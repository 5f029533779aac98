//! What was found, in words, as JSON and as a table.

use std::path::Path;

use nwm_analysis::induced::InducedDirection;
use nwm_analysis::statistics::Summary;
use nwm_train::InducedWaves;
use serde_json::{Value, json};

/// The columns of per_shift.csv.
const COLUMNS: [&str; 18] = [
    "step",
    "shift",
    "expected_frame",
    "match_quartile_1",
    "match_median",
    "match_quartile_3",
    "error",
    "error_low",
    "error_high",
    "control_error",
    "control_error_low",
    "control_error_high",
    "mean_image_error",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "adjusted_p_value",
];

/// Whether, which way and how fast the films run, without a full stop.
pub(crate) fn sentence(waves: &InducedWaves) -> String {
    let ring = match waves.about.axis.as_str() {
        "row" => "rows",
        _ => "columns",
    };
    let speed = &waves.speed;
    let way = match speed.direction() {
        InducedDirection::Backward => "backwards",
        InducedDirection::Forward => "forwards",
        _ => {
            return format!(
                "Moving activity toward larger {ring} runs the films neither backwards nor forwards, as far as {} can tell",
                films(waves.about.films)
            );
        }
    };
    let mut text = format!("Moving activity toward larger {ring} runs the films {way}");
    if let (Some(found), Some([low, high]), Some(sites)) =
        (speed.speed(), speed.speed_interval95(), speed.sites_per_round())
    {
        text += &format!(
            ", one frame for every {found:.2} sites (95 % interval {low:.2} to {high:.2}): all {} frames are back after {sites:.1} sites",
            waves.about.frames
        );
    }
    text
}

/// Whether the decodings are better than those of the control, without a full stop.
pub(crate) fn sentence_on_control(waves: &InducedWaves) -> String {
    let shifts = waves.shifts_of_first_round();
    match waves.shifts_that_beat_control() {
        None => {
            format!("Too few films ({}) for a comparison with shuffled rings", waves.about.films)
        }
        Some(beaten) if beaten == shifts => format!(
            "At every one of the {shifts} shifts of the first round the decodings are closer to the true film than those of shuffled rings"
        ),
        Some(beaten) => format!(
            "At {beaten} of the {shifts} shifts of the first round the decodings are closer to the true film than those of shuffled rings, by more than chance"
        ),
    }
}

fn films(count: usize) -> String {
    if count == 1 { "one film".to_owned() } else { format!("{count} films") }
}

/// A number that files hold, or null.
fn number(value: impl Into<Option<f64>>) -> Value {
    value.into().filter(|value| value.is_finite()).map_or(Value::Null, Value::from)
}

fn summary_json(summary: &Summary) -> Value {
    json!({"mean": number(summary.mean), "interval95": summary.interval95})
}

/// The object that `--json` prints and summary.json holds.
pub(super) fn json(waves: &InducedWaves) -> Value {
    let speed = &waves.speed;
    let course = course(waves);
    let shifts = waves.shifts.iter().zip(&waves.errors).zip(course).enumerate();
    let shifts: Vec<Value> = shifts
        .map(|(step, ((&shift, at), quartiles))| {
            json!({
                "step": step,
                "shift": shift,
                "expected_frame": speed.expected_frame(shift),
                "match_quartiles": quartiles,
                "error": summary_json(&at.induced),
                "control_error": summary_json(&at.control),
                "mean_image_error": summary_json(&at.mean_image),
                "difference": at.difference.map(|found| json!({
                    "mean": found.difference,
                    "interval95": found.interval95,
                    "p_value": found.p_value,
                    "adjusted_p_value": at.adjusted_p_value,
                })),
            })
        })
        .collect();
    json!({
        "format": 1,
        "program": env!("CARGO_PKG_VERSION"),
        "input": waves.about,
        "summary": {
            "direction": speed.direction().name(),
            "speed": number(speed.speed()),
            "speed_interval95": speed.speed_interval95(),
            "frames_per_site": number(speed.slope.median),
            "frames_per_site_interval95": speed.slope.interval95,
            "sites_per_round": number(speed.sites_per_round()),
            "start_frame": number(speed.common.start),
            "match_deviation": number(speed.common.deviation),
            "shifts_of_first_round": waves.shifts_of_first_round(),
            "shifts_that_beat_control": waves.shifts_that_beat_control(),
        },
        "shifts": shifts,
    })
}

/// The content of summary.json.
pub(super) fn file(waves: &InducedWaves) -> Vec<u8> {
    format!("{:#}\n", json(waves)).into_bytes()
}

/// The quartiles of the matched frames at each shift; none where films and matches do not fit, which they always do.
fn course(waves: &InducedWaves) -> Vec<[f64; 3]> {
    waves.speed.course(&waves.matches, &waves.shifts).unwrap_or_default()
}

/// The content of per_shift.csv.
pub(super) fn table(waves: &InducedWaves) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    let rows = waves.shifts.iter().zip(&waves.errors).zip(course(waves)).enumerate();
    for (step, ((&shift, at), quartiles)) in rows {
        let ends = |summary: &Summary| {
            let ends = summary.interval95.map_or([None; 2], |ends| ends.map(Some));
            [Some(summary.mean), ends[0], ends[1]]
        };
        let found = at.difference;
        let difference = [
            found.map(|found| found.difference),
            found.map(|found| found.interval95[0]),
            found.map(|found| found.interval95[1]),
            found.map(|found| found.p_value),
            at.adjusted_p_value,
        ];
        let numbers = [Some(shift), Some(waves.speed.expected_frame(shift))]
            .into_iter()
            .chain(quartiles.map(Some))
            .chain(ends(&at.induced))
            .chain(ends(&at.control))
            .chain([Some(at.mean_image.mean)])
            .chain(difference);
        let text = numbers.map(|value: Option<f64>| {
            value.filter(|value| value.is_finite()).map_or(String::new(), |value| value.to_string())
        });
        table.write_record(std::iter::once(step.to_string()).chain(text))?;
    }
    Ok(table.into_inner().map_err(|error| error.into_error())?)
}

/// What people read on the terminal.
pub(super) fn text(waves: &InducedWaves, folder: &Path) -> String {
    let about = &waves.about;
    format!(
        "{}.\n{}.\n{} on {}, step {}: {}, {} steps of {} sites\nwrote {}",
        sentence(waves),
        sentence_on_control(waves),
        about.model.as_str(),
        about.data,
        about.checkpoint.step,
        films(about.films),
        about.steps,
        about.velocity,
        folder.join("report.html").display()
    )
}
