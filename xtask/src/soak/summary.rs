//! What a soak has shown.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::disturbance::Disturbance;
use super::memory::Memory;
use super::plan::Plan;
use crate::bench::Machine;
use crate::console::duration;

/// Everything that is known at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) format: u32,
    pub(super) commit: String,
    /// Start, RFC 3339.
    pub(super) started: String,
    pub(super) machine: Machine,
    pub(super) minutes: u32,
    pub(super) seed: u64,
    pub(super) plan: Plan,
    /// What trained both runs.
    pub(super) command: String,
    /// Seconds of the run that was left alone.
    pub(super) undisturbed_seconds: f64,
    pub(super) memory: Option<Memory>,
    /// Seconds of all processes of the other run.
    pub(super) disturbed_seconds: f64,
    pub(super) starts: u32,
    pub(super) disturbances: BTreeMap<String, u32>,
    /// Kinds that are not possible here, with the reason.
    pub(super) left_out: BTreeMap<String, String>,
    /// SHA-256 of the last model.safetensors of each run.
    pub(super) undisturbed_weights: String,
    pub(super) disturbed_weights: String,
    /// What is not the same in both runs.
    pub(super) differences: Vec<String>,
}

impl Summary {
    /// Whether nothing was lost and memory stayed.
    pub(super) fn passed(&self) -> bool {
        self.differences.is_empty()
            && self.memory.as_ref().is_none_or(|memory| memory.constant != Some(false))
    }

    /// A page for reading.
    pub(super) fn page(&self) -> String {
        let mut page = String::from("| disturbance | times |\n|---|---:|\n");
        let mut line = |text: &str| {
            page.push_str(text);
            page.push('\n');
        };
        for kind in Disturbance::ALL {
            let times = match self.left_out.get(kind.name()) {
                Some(reason) => format!("left out: {reason}"),
                None => self.disturbances.get(kind.name()).copied().unwrap_or(0).to_string(),
            };
            line(&format!("| {} | {times} |", kind.description()));
        }
        let total: u32 = self.disturbances.values().sum();
        line(&format!("| all | {total} |"));
        line("");
        line(&format!(
            "{} steps of preset {}, a checkpoint every {}: {} left alone, {} in {} starts disturbed.",
            self.plan.steps,
            self.plan.preset,
            self.plan.checkpoint_every,
            duration(self.undisturbed_seconds),
            duration(self.disturbed_seconds),
            self.starts
        ));
        line(&self.memory_line());
        line(&match self.differences.as_slice() {
            [] => format!(
                "Weights, moments, metrics and result are the same; SHA-256 of the weights {}.",
                self.disturbed_weights
            ),
            some => format!("The runs differ: {}.", some.join("; ")),
        });
        page
    }

    fn memory_line(&self) -> String {
        let Some(memory) = &self.memory else { return "Memory was not measured.".to_owned() };
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "Resident memory {} KiB early, {} KiB late ({:+.2} %), peak {} KiB early, {} KiB at the end, {} samples: {}.",
            memory.early_kib,
            memory.late_kib,
            100.0 * memory.growth,
            memory.early_peak_kib,
            memory.peak_kib,
            memory.samples,
            match memory.constant {
                Some(true) => "constant",
                Some(false) => "it grows",
                None => "too short a time to say whether it grows",
            }
        );
        text
    }
}
