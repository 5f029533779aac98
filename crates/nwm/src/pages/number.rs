//! Numbers as text. One kind of number keeps its number of decimals, so that right-aligned columns
//! of tabular digits line up on the decimal point.

/// What stands where there is no number.
const NONE: &str = "–";
/// What stands where a number overflowed or is undefined.
const NOT_FINITE: &str = "not finite";

/// An error in the table's unit: two decimals, powers of ten from a million on.
pub(super) fn in_unit(value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if !value.is_finite() => NOT_FINITE.to_owned(),
        Some(value) if value.abs() >= 1e6 => format!("{value:.2e}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// A mean squared error: three digits and a power of ten.
pub(super) fn scientific(value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if !value.is_finite() => NOT_FINITE.to_owned(),
        Some(value) => format!("{value:.2e}"),
    }
}

/// An error or a share that has no unit: four decimals, three digits and a power of ten below a thousandth.
pub(super) fn decimal(value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if !value.is_finite() => NOT_FINITE.to_owned(),
        Some(value) if value != 0.0 && value.abs() < 1e-3 => format!("{value:.2e}"),
        Some(value) => format!("{value:.4}"),
    }
}

/// A ratio of two errors: three decimals, powers of ten from ten thousand on.
pub(super) fn ratio(value: Option<f64>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if !value.is_finite() => NOT_FINITE.to_owned(),
        Some(value) if value.abs() >= 1e4 => format!("{value:.2e}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// `numerator / denominator`; `None` when either is missing or the quotient is not finite.
pub(super) fn quotient(numerator: Option<f64>, denominator: Option<f64>) -> Option<f64> {
    Some(numerator? / denominator?).filter(|quotient| quotient.is_finite())
}

/// A length of time in the two largest units that matter.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.to_owned();
    }
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole % 3600 / 60, whole % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min")
    } else {
        format!("{minutes} min {seconds:02} s")
    }
}

/// A count with thin spaces between groups of three digits.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_decimals() {
        assert_eq!(in_unit(Some(1.449)), "1.45");
        assert_eq!(in_unit(Some(4208.0)), "4208.00");
        assert_eq!(in_unit(Some(2.5e9)), "2.50e9");
        assert_eq!(in_unit(None), "–");
        assert_eq!(in_unit(Some(f64::NAN)), "not finite");
        assert_eq!(scientific(Some(5.7e-6)), "5.70e-6");
        assert_eq!(ratio(Some(0.12345)), "0.123");
        assert_eq!(decimal(Some(1.0 / 6.0)), "0.1667");
        assert_eq!(
            (decimal(Some(-2.5e-4)), decimal(Some(0.0))),
            ("-2.50e-4".into(), "0.0000".into())
        );
        assert_eq!((decimal(None), decimal(Some(f64::NAN))), ("–".into(), "not finite".into()));
        assert_eq!(ratio(Some(f64::INFINITY)), "not finite");
    }

    #[test]
    fn quotients_need_two_numbers() {
        assert_eq!(quotient(Some(1.0), Some(4.0)), Some(0.25));
        assert_eq!(quotient(Some(1.0), Some(0.0)), None);
        assert_eq!(quotient(None, Some(1.0)), None);
    }

    #[test]
    fn times_and_counts_are_readable() {
        assert_eq!(duration(4.25), "4.2 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7265.0), "2 h 01 min");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(123), "123");
    }
}
