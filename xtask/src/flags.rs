//! The command line of `cargo xtask`, declared in one place.

mod bench;
mod gpu_check;
mod reliability;
mod reproduce;
mod sweep;

use clap::{Args, Parser, Subcommand};

pub(crate) use bench::{Bench, Subject};
pub(crate) use gpu_check::GpuCheck;
pub(crate) use reliability::{Mutants, Soak};
pub(crate) use reproduce::{Reproduce, Target};
pub(crate) use sweep::{Sweep, SweepAction, SweepFile, Task};

/// Tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Reproduce(Reproduce),
    Sweep(Sweep),
    Task(Task),
    Bench(Bench),
    GpuCheck(GpuCheck),
    Kernels(Kernels),
    Package(Package),
    Soak(Soak),
    Mutants(Mutants),
    Ci(Ci),
}

/// Compile the CUDA kernels, and compare PTX and the table of registers, spills and shared memory with what is checked in.
///
/// Needs no GPU, but the compiler (nvcc) of CUDA 13.0: the one that NVCC names, that of CUDA_HOME or CUDA_PATH, that of
/// target/cuda, or the first in PATH. xtask/cuda/setup-toolkit.sh installs it in target/cuda, without root.
///
/// Exit codes: 0 ok, 1 something differs or does not compile, or there is no compiler, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Kernels {
    /// Write PTX and tables anew, for a change of a kernel that is meant.
    #[arg(long)]
    pub(crate) update: bool,
}

/// Pack every crate as it would be published, and build, test and document it from its package. Publishes nothing.
///
/// Checks what crates.io asks of manifests and packages, and prints what each holds. The packages are unpacked in
/// target/published, where nothing of the repository is beside them and siblings are the other packages; each is tested
/// alone, checked with other features than the default ones (but cuda, which `ci --cuda` builds), and documented as on docs.rs. Then
/// licences and advisories of the dependencies, by cargo-deny, and from the second release on interfaces, by cargo-semver-checks:
/// skipped, with the command that installs them, where these are not installed. docs/releasing.md says how to publish.
///
/// Exit codes: 0 ok, 1 something failed, 2 usage, 6 file system.
#[derive(Debug, Args)]
pub(crate) struct Package {
    /// Build, test and document only these crates. All are packed, since they need each other.
    #[arg(long, value_name = "CRATE,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// Run every check of this repository, and print how long each took.
#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Also what is too slow for every change: all examples, every command of the guides, sweeps by engines that really run, and
    /// everything that `package` does.
    #[arg(long)]
    pub(crate) full: bool,

    /// Only the program with its CUDA feature: install a toolkit with libraries in target/cuda (1.2 GB), build in
    /// target/cuda-build, and start it without a device. Needs no GPU, but a dozen CPU minutes.
    #[arg(long, conflicts_with = "full")]
    pub(crate) cuda: bool,

    /// Run this stage alone, by its name in the table, or one of those of --full.
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Command, Flags, Subject, Target};
    use crate::bench::Peer;
    use crate::gpu_check::Part;

    #[test]
    fn command_line_is_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn reproduce_defaults_to_one_quick_seed() {
        let flags = Flags::parse_from(["cargo xtask", "reproduce", "table1"]);
        let Command::Reproduce(reproduce) = flags.command else { panic!("not reproduce") };
        assert_eq!(reproduce.target, Target::Table1);
        assert_eq!(reproduce.preset, "quick");
        assert_eq!((reproduce.seeds, reproduce.engine.jobs), (None, 1));
        assert!(!reproduce.dry_run);
    }

    #[test]
    fn bench_takes_several_cases_and_peers() {
        let flags = Flags::parse_from(
            "xtask bench cell --case rings --case dense --against torch,jax".split(' '),
        );
        let Command::Bench(bench) = flags.command else { panic!("not bench") };
        assert_eq!(bench.subjects, [Subject::Cell]);
        assert_eq!(bench.cases, ["rings", "dense"]);
        assert_eq!(bench.against, [Peer::Torch, Peer::Jax]);
        assert!(!bench.save);
        assert!(Flags::try_parse_from("xtask bench cell --against numpy".split(' ')).is_err());
        assert!(Flags::try_parse_from("xtask bench cell --repeats 0".split(' ')).is_err());
    }

    #[test]
    fn kernels_are_compared_unless_an_update_is_asked_for() {
        for (line, expected) in [("xtask kernels", false), ("xtask kernels --update", true)] {
            let Command::Kernels(kernels) = Flags::parse_from(line.split(' ')).command else {
                panic!("not kernels")
            };
            assert_eq!(kernels.update, expected);
        }
        assert!(Flags::try_parse_from("xtask ci --cuda --full".split(' ')).is_err());
    }

    #[test]
    fn some_or_all_crates_are_built_from_their_packages() {
        for (line, expected) in [
            ("xtask package", &[] as &[&str]),
            ("xtask package --only nwm-core,nwm", &["nwm-core", "nwm"]),
        ] {
            let Command::Package(package) = Flags::parse_from(line.split(' ')).command else {
                panic!("not package")
            };
            assert_eq!(package.only, expected);
        }
    }

    #[test]
    fn a_gpu_check_packs_or_checks() {
        let parse = |line: &str| Flags::try_parse_from(line.split(' '));
        let Command::GpuCheck(check) =
            parse("xtask gpu-check --only peers,agreement --limit 60").unwrap().command
        else {
            panic!("not gpu-check")
        };
        assert_eq!(check.only, [Part::Peers, Part::Agreement]);
        assert_eq!((check.limit, check.emulated, check.save), (60, false, false));
        for line in ["--pack a --from b", "--pack a --emulated", "--from a --emulated", "--limit 0"]
        {
            assert!(parse(&format!("xtask gpu-check {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn zero_seeds_and_zero_jobs_are_refused() {
        for flag in ["--seeds=0", "--jobs=0"] {
            assert!(Flags::try_parse_from(["cargo xtask", "reproduce", "table1", flag]).is_err());
        }
    }
}
