//! The two streams a task writes to.

use std::io::Write;

/// Writes one line of result to the standard output stream.
///
/// A closed stream (`cargo xtask ... | head`) is not an error of the task, so it is ignored.
pub(crate) fn result(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes one line about what is going on to the standard error stream.
#[expect(clippy::print_stderr, reason = "the test harness captures the macro, not the stream")]
pub(crate) fn progress(line: &str) {
    if cfg!(test) {
        eprintln!("{line}");
    } else {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// A length of time in words, as precise as an estimate deserves.
pub(crate) fn duration(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    if !seconds.is_finite() {
        "an unknown time".to_owned()
    } else if seconds < 1.5 * MINUTE {
        format!("{seconds:.0} s")
    } else if seconds < 99.5 * MINUTE {
        format!("{:.0} min", seconds / MINUTE)
    } else if seconds < 2.0 * DAY {
        format!("{:.1} h", seconds / HOUR)
    } else {
        format!("{:.0} days", seconds / DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_naturally() {
        assert_eq!(duration(0.2), "0 s");
        assert_eq!(duration(75.0), "75 s");
        assert_eq!(duration(90.0 * 60.0), "90 min");
        assert_eq!(duration(2.5 * 3600.0), "2.5 h");
        assert_eq!(duration(6.0e6), "69 days");
        assert_eq!(duration(f64::NAN), "an unknown time");
    }
}
