//! The scale of one axis: which values it spans, where its ticks are and what they say.
//!
//! The plotting library has scales of its own; these choose rounder ends and ticks, above all when
//! a logarithmic axis spans less than a few decades.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// A linear or logarithmic axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    logarithmic: bool,
    /// Values at the two ends, ascending.
    ends: [f64; 2],
    /// Values of the labelled ticks, ascending.
    ticks: Vec<f64>,
}

/// Axes end here, so that differences and ticks beyond the values stay finite.
const LARGEST: f64 = 1e300;

/// About how many labelled ticks an axis gets.
const TICKS: f64 = 6.0;

impl Axis {
    /// A linear axis that spans `low..=high`; its ticks are multiples of 1, 2 or 5 times a power
    /// of ten.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        let [low, high] = [low, high].map(|value| value.clamp(-LARGEST, LARGEST));
        let (low, high) = if low < high { (low, high) } else { around(low) };
        // The smallest numbers have no sixth.
        let step = round_step((high - low) / TICKS).max(f64::MIN_POSITIVE);
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks = (first..=last).map(|multiple| multiple as f64 * step).collect();
        Self { logarithmic: false, ends: [low, high], ticks }
    }

    /// A logarithmic axis that starts and ends at a tick and spans `low..=high`, both above zero.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        let [low, high] = [low, high].map(|value| value.clamp(1.0 / LARGEST, LARGEST));
        let decades = high.log10() - low.log10();
        let mantissas: &[f64] = if decades <= 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let stride = if decades <= 2.5 { 1 } else { (decades / TICKS).ceil() as usize };
        let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32 + stride as i32;
        let candidates: Vec<f64> = exponents
            .step_by(stride)
            .flat_map(|exponent| mantissas.iter().map(move |m| m * 10_f64.powi(exponent)))
            .collect();
        let first = candidates.iter().rposition(|tick| *tick <= low).unwrap_or(0);
        let end = candidates.len() - 1;
        let last = candidates.iter().position(|tick| *tick >= high).unwrap_or(end);
        let ticks = candidates[first..=last.max(first + 1)].to_vec();
        let ends = [ticks[0], ticks[ticks.len() - 1]];
        Self { logarithmic: true, ends, ticks }
    }

    /// A linear axis of `count` sites that are one apart and reach half a step beyond the first and the
    /// last; its ticks are sites.
    pub(super) fn sites(count: usize) -> Self {
        let last = count.saturating_sub(1);
        let step = (round_step(last.max(1) as f64 / TICKS) as usize).max(1);
        let ticks = (0..=last).step_by(step).map(|site| site as f64).collect();
        Self { logarithmic: false, ends: [-0.5, last as f64 + 0.5], ticks }
    }

    /// The values of the ticks, and what they say.
    pub(super) fn labelled_ticks(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        self.ticks.iter().map(|tick| (*tick, plain_number(*tick)))
    }

    /// The value at the end of the axis: right or top.
    pub(super) fn end(&self) -> f64 {
        self.ends[1]
    }

    /// The value at the start of the axis: left or bottom.
    pub(super) fn start(&self) -> f64 {
        self.ends[0]
    }

    /// Whether a value lies between the ends.
    pub(super) fn contains(&self, value: f64) -> bool {
        (self.ends[0]..=self.ends[1]).contains(&value)
    }

    /// Whether a value has a place on this kind of axis.
    pub(super) fn holds(&self, value: f64) -> bool {
        self.scaled(value).is_finite()
    }

    fn scaled(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let [start, end] = self.ends.map(|end| self.scaled(end));
        let share = (self.scaled(*value) - start) / (end - start);
        // The cast takes the nearest integer there is: 0 for NaN, the extremes for infinities.
        limit.0.saturating_add((share * f64::from(limit.1 - limit.0)).round() as i32)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // The library asks a second time, for unlabelled lines in between: there are none.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.ends[0]..self.ends[1]
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        plain_number(*value)
    }
}

/// A range around a single value.
fn around(value: f64) -> (f64, f64) {
    let half = value.abs() / 2.0;
    let margin = if value == 0.0 { 0.5 } else { half.max(f64::MIN_POSITIVE) };
    (value - margin, value + margin)
}

/// 1, 2 or 5 times a power of ten, at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|mantissa| mantissa * power)
        .find(|candidate| *candidate >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// Three digits of a number, as a reader wants them.
pub(super) fn short_number(value: f64) -> String {
    plain_number(format!("{value:.2e}").parse().unwrap_or(value))
}

/// A number as a reader wants it: six digits, no trailing zeros, powers of ten when far from 1.
fn plain_number(value: f64) -> String {
    let trimmed = |digits: &str| -> String {
        match digits.contains('.') {
            true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => digits.to_owned(),
        }
    };
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if (1e-3..1e6).contains(&size) {
        return trimmed(&format!("{value:.6}"));
    }
    let scientific = format!("{value:.5e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_inside() {
        let axis = Axis::linear(0.0, 120.0);
        assert_eq!(axis.ticks, [0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0]);
        assert_eq!(Axis::linear(0.0, 5e-324).ticks, [0.0]);
        let axis = Axis::linear(-0.31, 0.32);
        assert_eq!(
            axis.ticks.iter().map(|tick| axis.format_ext(tick)).collect::<Vec<_>>(),
            ["-0.2", "0", "0.2"]
        );
    }

    #[test]
    fn a_single_value_lies_inside_its_axis() {
        for value in [3.0, 0.0, -2e-9, 1e12] {
            let axis = Axis::linear(value, value);
            assert!(axis.start() < value && value < axis.end());
            assert!(axis.ticks.len() >= 2, "{:?}", axis.ticks);
            let labels: Vec<_> = axis.ticks.iter().map(|tick| axis.format_ext(tick)).collect();
            assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
        }
    }

    #[test]
    fn logarithmic_axes_start_and_end_at_a_tick() {
        let axis = Axis::logarithmic(0.03, 0.4);
        let labels: Vec<_> = axis.ticks.iter().map(|tick| axis.format_ext(tick)).collect();
        assert_eq!(labels, ["0.02", "0.05", "0.1", "0.2", "0.5"]);
        let axis = Axis::logarithmic(2e-8, 3e4);
        assert_eq!(axis.format_ext(&axis.start()), "1e-8");
        assert!(axis.end() >= 3e4 && axis.ticks.len() <= 8, "{:?}", axis.ticks);
        let axis = Axis::logarithmic(1.0, 1.0);
        assert!(axis.start() <= 1.0 && axis.end() > axis.start());
    }

    #[test]
    fn sites_have_whole_ticks() {
        for (count, ticks) in [
            (1, vec![0.0]),
            (4, vec![0.0, 1.0, 2.0, 3.0]),
            (12, vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        ] {
            let axis = Axis::sites(count);
            assert_eq!((axis.start(), axis.end()), (-0.5, count as f64 - 0.5));
            assert_eq!(axis.labelled_ticks().map(|(tick, _)| tick).collect::<Vec<_>>(), ticks);
        }
    }

    #[test]
    fn values_are_mapped_in_proportion() {
        assert_eq!(Axis::linear(0.0, 10.0).map(&2.5, (100, 500)), 200);
        assert_eq!(Axis::logarithmic(1.0, 100.0).map(&10.0, (300, 100)), 200);
        let axis = Axis::logarithmic(0.1, 1.0);
        assert!(axis.holds(1e-9));
        assert!(![0.0, -1.0, f64::NAN].iter().any(|value| axis.holds(*value)));
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.1 + 0.2, "0.3"),
            (20_000.0, "20000"),
            (2e-5, "2e-5"),
            (-1.5e7, "-1.5e7"),
            (0.0, "0"),
        ] {
            assert_eq!(plain_number(value), text);
        }
        for (value, text) in [(0.523711, "0.524"), (-12345.6, "-12300"), (2e-9, "2e-9"), (0.0, "0")]
        {
            assert_eq!(short_number(value), text);
        }
    }
}
