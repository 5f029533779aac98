//! What is mutated, and what must notice it.

/// A package with folders whose mutants are drawn, and the tests that run on each of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    /// The package.
    pub(super) package: &'static str,
    /// Folders, from the root of the repository.
    pub(super) folders: &'static [&'static str],
    /// Arguments of `cargo test`.
    pub(super) tests: &'static [&'static str],
}

/// Tests that a change of the numbers would fail first, since a mutant is rebuilt and tested in a minute and a whole crate is not.
/// Those that emulate a GPU are left out: they compare with the same code.
pub(super) const SUBJECTS: [Subject; 2] = [
    Subject {
        package: "nwm-analysis",
        folders: &["crates/nwm-analysis/src/waves", "crates/nwm-analysis/src/signal"],
        tests: &["--lib", "--test=waves", "--test=metrics"],
    },
    Subject {
        package: "nwm-core",
        folders: &["crates/nwm-core/src/imex"],
        tests: &[
            "--lib",
            "--test=golden_sequence",
            "--test=gradients",
            "--test=accuracy",
            "--test=invariances",
            "--",
            "--skip=cuda",
        ],
    },
];
