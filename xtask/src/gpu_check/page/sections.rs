//! The tables of the page; none where nothing was measured.

use std::cmp::Ordering;

use crate::bench::{Line, Mode, layout, significant};
use crate::gpu_check::floor::floor;
use crate::gpu_check::reading::{Check, Reading, Sanitized, Speeds};
use crate::gpu_check::step;
use crate::gpu_check::targets;
use crate::gpu_check::times::{Peer, Times};

/// A table with rows, or none.
fn table<const N: usize>(head: [&str; N], rows: Vec<Vec<String>>) -> Option<String> {
    (!rows.is_empty()).then(|| layout(&head.map(str::to_owned), &rows))
}

/// What was aimed at.
pub(super) fn targets(times: &Times) -> Option<String> {
    if times.0.is_empty() {
        return None;
    }
    let row = |it: targets::Target| vec![it.what, it.verdict.to_owned(), it.aim, it.measured];
    table(
        ["what", "", "target", "measured"],
        targets::targets(times).into_iter().map(row).collect(),
    )
}

fn checks<'a>(readings: &'a [Reading], name: &str) -> Vec<&'a Check> {
    let of_name = |reading: &'a Reading| match reading {
        Reading::Check(check) if check.check == name => Some(check),
        _ => None,
    };
    readings.iter().filter_map(of_name).collect()
}

/// The worst result of every case and precision.
pub(super) fn agreement(readings: &[Reading]) -> Option<String> {
    let mut worst: Vec<&Check> = Vec::new();
    for check in checks(readings, "agreement") {
        let same = |it: &&mut &Check| it.case == check.case && it.precision == check.precision;
        match worst.iter_mut().find(same) {
            Some(found) if severity(check).total_cmp(&severity(found)) == Ordering::Greater => {
                *found = check;
            }
            Some(_) => {}
            None => worst.push(check),
        }
    }
    let number = |it: Option<f64>| it.map_or("not a number".to_owned(), |it| format!("{it:.1e}"));
    let row = |check: &&Check| {
        vec![
            check.case.clone(),
            check.precision.clone(),
            if check.ok { "ok" } else { "WRONG" }.to_owned(),
            number(check.error),
            number(check.bound),
            check.part.clone().unwrap_or_default(),
        ]
    };
    let head = ["case", "precision", "", "worst error", "bound", "of"];
    table(head, worst.iter().map(row).collect())
}

/// An error in units of its bound.
fn severity(check: &Check) -> f64 {
    match (check.error, check.bound) {
        (Some(error), Some(bound)) => error / bound,
        _ => f64::INFINITY,
    }
}

pub(super) fn determinism(readings: &[Reading]) -> Option<String> {
    let row = |check: &Check| {
        let verdict = if check.ok { "yes" } else { "NO" };
        vec![check.case.clone(), check.precision.clone(), verdict.to_owned()]
    };
    let rows = checks(readings, "determinism").into_iter().map(row).collect();
    table(["case", "precision", "the same"], rows)
}

/// A row for every case, a column for every tool.
pub(super) fn sanitizer(readings: &[Reading]) -> Option<String> {
    const TOOLS: [&str; 3] = ["memcheck", "racecheck", "initcheck"];
    let found: Vec<&Sanitized> = readings
        .iter()
        .filter_map(|reading| match reading {
            Reading::Sanitized(sanitized) => Some(sanitized),
            _ => None,
        })
        .collect();
    let mut cases: Vec<&str> = found.iter().map(|it| it.case.as_str()).collect();
    cases.dedup();
    let row = |case: &&str| {
        let errors = |tool: &str| {
            let of = found.iter().find(|it| it.case == *case && it.tool == tool);
            of.map_or("not done".to_owned(), |it| it.errors.to_string())
        };
        std::iter::once((*case).to_owned()).chain(TOOLS.map(errors)).collect()
    };
    table(["case", TOOLS[0], TOOLS[1], TOOLS[2]], cases.iter().map(row).collect())
}

/// Our times beside floors and peers, in microseconds.
pub(super) fn cell(readings: &[Reading], times: &Times) -> Option<String> {
    let speeds = readings.iter().find_map(|reading| match reading {
        Reading::Speeds(speeds) => Some(speeds),
        _ => None,
    });
    let mut head: Vec<String> =
        ["case", "time of", "precision", "us", "min .. max", "floor us", "made of", "× floor"]
            .map(str::to_owned)
            .into();
    for peer in Peer::ALL {
        head.extend([format!("{} us", peer.title()), format!("{} ÷ ours", peer.title())]);
    }
    let lines = times.ours("gpu");
    let modes = lines.flat_map(|line| line.modes.iter().map(move |mode| (line, mode)));
    let rows: Vec<_> = modes.map(|(line, mode)| cell_row(line, mode, speeds, times)).collect();
    if rows.is_empty() {
        return None;
    }
    let mut text = layout(&head, &rows);
    if let Some(speeds) = speeds {
        text.push_str(&format!(
            "\n\n{}: {} multiprocessors, {:.2} GHz, {:.2} TB/s.",
            speeds.device,
            speeds.multiprocessors,
            speeds.clock * 1e-9,
            speeds.bandwidth * 1e-12
        ));
    }
    Some(text)
}

fn cell_row(line: &Line, mode: &Mode, speeds: Option<&Speeds>, times: &Times) -> Vec<String> {
    let us = |milliseconds: f64| significant(milliseconds * 1e3);
    let mut cells = vec![line.case.clone(), mode.mode.clone(), line.variant.clone()];
    cells.extend([us(mode.median), format!("{} .. {}", us(mode.min), us(mode.max))]);
    let floor =
        speeds.and_then(|speeds| floor(speeds, &line.case, &line.variant, &mode.mode, mode.flop));
    match floor {
        Some(floor) => cells.extend([
            us(floor.milliseconds),
            floor.by.to_owned(),
            significant(mode.median / floor.milliseconds),
        ]),
        None => cells.extend([const { String::new() }; 3]),
    }
    for peer in Peer::ALL {
        match times.peer(peer, &line.case, &mode.mode) {
            Some((theirs, time)) => cells.extend([
                format!("{} ({})", us(time.median), theirs.variant),
                significant(time.median / mode.median),
            ]),
            None => cells.extend(["not measured".to_owned(), String::new()]),
        }
    }
    cells
}

/// The whole step, what it is made of, and the peers', in milliseconds.
pub(super) fn step(times: &Times) -> Option<String> {
    let mut rows = Vec::new();
    for line in times.ours("step") {
        let whole = line.mode(step::WHOLE).map(|mode| mode.median);
        for mode in &line.modes {
            let share = whole.map(|whole| format!("{:.0} %", 100.0 * mode.median / whole));
            let mut cells = vec![line.case.clone(), mode.mode.clone(), significant(mode.median)];
            cells.push(format!("{} .. {}", significant(mode.min), significant(mode.max)));
            cells.push(share.unwrap_or_default());
            for peer in [Peer::Eager, Peer::Compiled] {
                match times.peer(peer, &line.case, &mode.mode) {
                    Some((_, theirs)) => cells.extend([
                        significant(theirs.median),
                        significant(theirs.median / mode.median),
                    ]),
                    None => cells.extend([const { String::new() }; 2]),
                }
            }
            rows.push(cells);
        }
    }
    let head = [
        "case",
        "time of",
        "ms",
        "min .. max",
        "of the step",
        "PyTorch ms",
        "PyTorch ÷ ours",
        "torch.compile ms",
        "torch.compile ÷ ours",
    ];
    table(head, rows)
}

pub(super) fn training(readings: &[Reading]) -> Option<String> {
    readings.iter().find_map(|reading| match reading {
        Reading::Trained(it) => Some(format!(
            "{}: {} steps a second, up to step {}; loss {:.4} at first, {:.4} at last.",
            it.training,
            significant(it.steps_per_second),
            it.steps,
            it.first_loss,
            it.last_loss
        )),
        _ => None,
    })
}
