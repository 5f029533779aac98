//! The graphics card of this machine, as its driver's tool names it.

use std::process::Command;

use serde::Serialize;

use crate::bench::output;

/// What is asked of `nvidia-smi`.
const QUESTION: [&str; 2] =
    ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];

/// The first card, which is the one that programs use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Card {
    /// `NVIDIA H100 80GB HBM3`.
    pub(super) name: String,
    pub(super) driver: String,
    /// With its unit.
    pub(super) memory: String,
}

/// There is no GPU; exit code 4.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to find a GPU ({why}); expected one by NVIDIA with its driver, which brings nvidia-smi. \
     To check what goes without one: cargo xtask gpu-check --emulated. To build here and check elsewhere: \
     cargo xtask gpu-check --pack DIR, and there DIR/xtask gpu-check --from DIR"
)]
pub(crate) struct NoGpu {
    why: String,
}

impl Card {
    /// The card of this machine.
    pub(super) fn this() -> Result<Self, NoGpu> {
        let text = output(Command::new("nvidia-smi").args(QUESTION))
            .map_err(|error| NoGpu { why: format!("{error:#}") })?;
        Self::parse(&text)
            .ok_or_else(|| NoGpu { why: format!("nvidia-smi names none: `{}`", text.trim()) })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.lines().next()?.split(',').map(|field| field.trim().to_owned());
        let card = Self { name: fields.next()?, driver: fields.next()?, memory: fields.next()? };
        (!card.name.is_empty()).then_some(card)
    }

    /// One line for reading.
    pub(super) fn describe(&self) -> String {
        format!("{}, {}, driver {}", self.name, self.memory, self.driver)
    }
}

#[cfg(test)]
mod tests {
    use super::{Card, NoGpu};

    #[test]
    fn the_first_card_is_read() {
        let text = "NVIDIA H200, 580.95.05, 143771 MiB\nNVIDIA A2, 580.95.05, 15356 MiB\n";
        let card = Card::parse(text).unwrap();
        assert_eq!(card.describe(), "NVIDIA H200, 143771 MiB, driver 580.95.05");
        assert_eq!(Card::parse("No devices were found\n"), None);
        assert_eq!(Card::parse(""), None);
    }

    #[test]
    fn without_a_card_it_is_said_what_to_do() {
        let text = NoGpu { why: "nothing there".to_owned() }.to_string();
        for part in ["nothing there", "--emulated", "--pack DIR", "--from DIR"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
