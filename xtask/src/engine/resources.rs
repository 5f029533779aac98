//! What one run needs of a machine.

use serde::Deserialize;

use crate::usage::UsageError;

/// The needs of each run, as `[resources]` of a sweep states them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Resources {
    /// Threads that the run uses. Results do not depend on it.
    pub(crate) cores: usize,
    /// GPUs of the run: 0.5 lets two runs share one.
    pub(crate) gpus: f64,
    /// Main memory in GiB; not stated if absent.
    pub(crate) memory: Option<f64>,
    /// After so many minutes a run saves its work and ends; the next start goes on from there. No limit if absent.
    pub(crate) minutes: Option<u32>,
    /// How often a run that failed is started again.
    pub(crate) retries: u32,
}

impl Default for Resources {
    fn default() -> Self {
        Self { cores: 1, gpus: 0.0, memory: None, minutes: None, retries: 1 }
    }
}

impl Resources {
    /// Refuses amounts that mean nothing.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        let Self { cores, gpus, memory, minutes, .. } = self;
        let refuse =
            |name, found: String, expected| Err(UsageError::Resource { name, found, expected });
        if *cores == 0 {
            return refuse("cores", cores.to_string(), "at least 1");
        }
        if !(gpus.is_finite() && *gpus >= 0.0) {
            return refuse("gpus", gpus.to_string(), "0 or more");
        }
        if let Some(memory) = memory.filter(|memory| !(memory.is_finite() && *memory > 0.0)) {
            return refuse("memory", memory.to_string(), "more than 0 GiB");
        }
        if *minutes == Some(0) {
            return refuse("minutes", "0".to_owned(), "at least 1; leave it out for no limit");
        }
        Ok(())
    }

    /// Main memory in MiB, the unit of schedulers.
    pub(crate) fn memory_mib(&self) -> Option<u64> {
        // Checked to be positive and finite; beyond 2^64 MiB it saturates.
        self.memory.map(|gib| (gib * 1024.0).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Resources;

    #[test]
    fn amounts_that_mean_nothing_are_refused_by_name() {
        let message = |text: &str| {
            let resources: Resources = toml::from_str(text).unwrap();
            resources.check().err().map(|error| error.to_string())
        };
        assert_eq!(message(""), None);
        assert_eq!(message("gpus = 0.5\nmemory = 4\nminutes = 30\ncores = 2"), None);
        for (text, key) in [
            ("cores = 0", "resources.cores"),
            ("gpus = -1", "resources.gpus"),
            ("gpus = nan", "resources.gpus"),
            ("memory = 0", "resources.memory"),
            ("minutes = 0", "resources.minutes"),
        ] {
            assert!(message(text).is_some_and(|it| it.starts_with(key)), "{text}");
        }
    }

    #[test]
    fn memory_is_rounded_up_to_whole_mebibytes() {
        let of = |memory| Resources { memory, ..Resources::default() }.memory_mib();
        assert_eq!((of(None), of(Some(4.0)), of(Some(0.0001))), (None, Some(4096), Some(1)));
    }
}
