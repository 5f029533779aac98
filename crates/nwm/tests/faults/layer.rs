//! Running a command below the layer that lets calls fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What is done to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// EIO, once.
    Error,
    /// ENOSPC from here on.
    Full,
    /// A part is written, once.
    Short,
    /// Of this write and all later ones a part is written.
    ShortAlways,
    /// SIGKILL before it.
    Kill,
    /// SIGKILL when half is written.
    KillHalf,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Error, Self::Full, Self::Short, Self::ShortAlways, Self::Kill, Self::KillHalf];

    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Full => "full",
            Self::Short => "short",
            Self::ShortAlways => "short-always",
            Self::Kill => "kill",
            Self::KillHalf => "kill-half",
        }
    }

    pub(crate) fn kills(self) -> bool {
        matches!(self, Self::Kill | Self::KillHalf)
    }

    /// Whether it can be done to a call that does this.
    pub(crate) fn concerns(self, effect: &str) -> bool {
        match self {
            Self::Error | Self::Kill => true,
            Self::Full => effect != "remove",
            Self::Short | Self::ShortAlways | Self::KillHalf => matches!(effect, "write" | "copy"),
        }
    }
}

/// A call that changes a file.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// As layer.c names it.
    pub(crate) effect: String,
    pub(crate) path: String,
    /// Whether it was made to fail.
    pub(crate) failed: bool,
}

/// A command's end, and the calls that it made.
pub(crate) struct Traced {
    pub(crate) output: Output,
    pub(crate) calls: Vec<Call>,
}

/// The compiled layer.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("fault-layer.so");
        // Several processes may test at once.
        let own = folder.join(format!("fault-layer.{}.so", std::process::id()));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(compiler)
            .args(["-std=gnu11", "-O1", "-fPIC", "-shared", "-o"])
            .arg(&own)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/layer.c"))
            .status()
            .unwrap();
        assert!(status.success(), "a C compiler is needed: {status}");
        std::fs::rename(&own, &library).unwrap();
        library
    })
}

/// Runs a command and lets this happen to its call of this number in `folder`, if anything.
pub(crate) fn run(mut command: Command, folder: &Path, fault: Option<(Kind, usize)>) -> Traced {
    let trace = tempfile::NamedTempFile::new().unwrap();
    command
        .env("LD_PRELOAD", library())
        .env("NWM_FAULT_FOLDER", folder)
        .env("NWM_FAULT_TRACE", trace.path());
    if let Some((kind, at)) = fault {
        command.env("NWM_FAULT_KIND", kind.name()).env("NWM_FAULT_AT", at.to_string());
    }
    let output = command.output().unwrap();
    let text = std::fs::read_to_string(trace.path()).unwrap();
    let calls = text.lines().map(|line| {
        let mut words = line.splitn(3, ' ').skip(1);
        let effect = words.next().unwrap().to_owned();
        let rest = words.next().unwrap();
        let kind = fault.and_then(|(kind, _)| rest.strip_suffix(kind.name())?.strip_suffix(' '));
        Call { effect, path: kind.unwrap_or(rest).to_owned(), failed: kind.is_some() }
    });
    Traced { output, calls: calls.collect() }
}
