//! How many instructions the cell takes, counted by callgrind: a number that does not depend on the load.
//!
//! callgrind has no AVX-512, so these are the instructions of the AVX2 kernels, whatever else the processor
//! has. Counted is what runs inside the kernels, not the tensor library around them.

use std::process::Command;

use anyhow::{Context, Result};

use super::process;
use super::program::Built;
use super::table::layout;

/// Cases unless others are asked for: small enough for a simulated processor.
const CASES: &[&str] = &["hamiltonian", "rotating", "rings"];
/// The function in which every AVX2 kernel runs.
const KERNELS: &str = "*run_avx2*";
/// What is run, by the program's name for it.
const MODES: &[&str] = &["forward", "backward"];

/// The table of instructions per case, forward alone and forward with backward.
pub(super) fn count(cell: &Built, cases: &[String]) -> Result<String> {
    let cases = if cases.is_empty() {
        CASES.iter().map(|case| (*case).to_owned()).collect()
    } else {
        cases.to_vec()
    };
    let mut body = Vec::new();
    for case in cases {
        let mut row = vec![case.clone(), "avx2".to_owned()];
        for mode in MODES {
            row.push(group(of(cell, &case, mode)?));
        }
        body.push(row);
    }
    let head = ["case", "instruction set", "forward", "forward + backward"].map(str::to_owned);
    Ok(layout(&head, &body))
}

fn of(cell: &Built, case: &str, mode: &str) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={KERNELS}"))
        .arg(cell.path())
        .args(["--instruction-set", "avx2", "--threads", "1", "--case", case, "--once", mode]);
    let messages = process::messages(&mut command)?;
    collected(&messages).with_context(|| format!("callgrind counted nothing for {case} {mode}"))
}

/// The count in callgrind's messages: `==1== Collected : 123`.
fn collected(messages: &str) -> Option<u64> {
    let line = messages.lines().find_map(|line| line.split_once("Collected :"))?.1;
    line.trim().parse().ok().filter(|&count| count > 0)
}

/// A number with its digits in groups of three.
fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{collected, group};

    #[test]
    fn the_count_is_found_and_zero_is_none() {
        let messages = "==12== Events    : Ir\n==12== Collected : 1234567\n==12==\n";
        assert_eq!(collected(messages), Some(1_234_567));
        assert_eq!(collected("==1== Collected : 0\n"), None);
        assert_eq!(collected("nothing"), None);
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!([7, 123, 1234, 1_234_567].map(group), ["7", "123", "1 234", "1 234 567"]);
    }
}
