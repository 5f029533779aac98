//! The times that were measured, ours and the peers', to be looked up by case.

use super::reading::Reading;
use super::run::Run;
use crate::bench::{Line, Mode};

/// A column of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// PyTorch as one writes it, the fastest formulation.
    Eager,
    /// `torch.compile`.
    Compiled,
    /// JAX, the fastest formulation.
    Jax,
}

impl Peer {
    pub(super) const ALL: [Self; 3] = [Self::Eager, Self::Compiled, Self::Jax];

    /// The name of its column.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Eager => "PyTorch",
            Self::Compiled => "torch.compile",
            Self::Jax => "JAX",
        }
    }

    fn has(self, line: &Line) -> bool {
        // What peers/*.py call the compiled formulation.
        let is_compiled = line.variant.starts_with("compiled");
        match self {
            Self::Eager => line.by == "torch" && !is_compiled,
            Self::Compiled => line.by == "torch" && is_compiled,
            Self::Jax => line.by == "jax",
        }
    }
}

/// All times of a check.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times(pub(super) Vec<Line>);

impl Times {
    pub(super) fn of(runs: &[Run]) -> Self {
        let lines = runs.iter().flat_map(Run::readings).filter_map(|reading| match reading {
            Reading::Times(line) => Some(line),
            _ => None,
        });
        Self(lines.collect())
    }

    /// Our lines of a program.
    pub(super) fn ours(&self, bench: &str) -> impl Iterator<Item = &Line> {
        self.0.iter().filter(move |line| line.by == "nwm" && line.bench == bench)
    }

    /// Our time of a case, in a variant if one is named.
    pub(super) fn our(
        &self,
        bench: &str,
        case: &str,
        variant: Option<&str>,
        mode: &str,
    ) -> Option<&Mode> {
        let is_it = |line: &&Line| {
            line.case == case && variant.is_none_or(|variant| line.variant == variant)
        };
        self.ours(bench).find(is_it)?.mode(mode)
    }

    /// The fastest formulation of a peer.
    pub(super) fn peer(&self, peer: Peer, case: &str, mode: &str) -> Option<(&Line, &Mode)> {
        let lines = self.0.iter().filter(|line| peer.has(line) && line.case == case);
        lines
            .filter_map(|line| Some((line, line.mode(mode)?)))
            .min_by(|a, b| a.1.median.total_cmp(&b.1.median))
    }

    /// Libraries of the peers, each once.
    pub(super) fn versions(&self) -> Vec<String> {
        let version = |line: &Line| Some(format!("{} {}", line.by, line.version.as_ref()?));
        let mut versions: Vec<String> = self.0.iter().filter_map(version).collect();
        versions.sort();
        versions.dedup();
        versions
    }
}
