//! Commands that failed in this start: nobody waits twice for the same failure.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

/// Why commands failed, by their arguments. Figures share runs, so a start may come upon one command
/// several times; the next start tries it again.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    reasons: Mutex<BTreeMap<Vec<OsString>, String>>,
}

impl Failures {
    /// Notes why a command failed.
    pub(crate) fn note(&self, arguments: &[OsString], reason: &str) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.insert(arguments.to_vec(), reason.to_owned());
    }

    /// Why a command failed before, if it did.
    pub(crate) fn reason(&self, arguments: &[OsString]) -> Option<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.get(arguments).cloned()
    }
}
