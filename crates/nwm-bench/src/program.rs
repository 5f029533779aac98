//! The program around a benchmark.

use std::error::Error as StdError;
use std::io::Write;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use crate::arguments::Arguments;

/// Runs a benchmark and reports an error with its causes: the whole `main` of a program.
///
/// The process is set up as the `nwm` program sets itself up, with as many threads as were asked for, the tensor
/// library's included. The benchmark is given the command line, of which `options` are those that it alone has, and the
/// number of threads.
///
/// # Safety
///
/// No other thread may run, as when a program begins.
#[allow(unsafe_code)]
pub unsafe fn run(
    options: &[&str],
    benchmark: impl FnOnce(&Arguments, usize) -> Result<(), Box<dyn StdError>>,
) -> ExitCode {
    let outcome = Arguments::from_process(options).and_then(|arguments| {
        // SAFETY: the caller promises that no other thread runs.
        unsafe {
            nwm_process::keep_pages();
            nwm_process::limit_tensor_threads(arguments.threads.and_then(NonZeroUsize::new));
        }
        let threads = arguments.start_threads()?;
        Ok((arguments, threads))
    });
    let outcome = match outcome {
        Ok((arguments, threads)) => benchmark(&arguments, threads),
        Err(error) => Err(error.into()),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let mut message = format!("error: failed to {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    // There is nobody left to tell that the stream is closed.
    let _ = writeln!(std::io::stderr().lock(), "{message}");
    ExitCode::FAILURE
}

/// The most memory that this process has had resident, in bytes, where the system tells (Linux).
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Lets the peak start again from what is resident now, and says whether the system could
/// (Linux can, unless it hides the process's own files). Where it could not, the peak stays
/// that of the whole process, which is still true.
pub fn reset_peak_memory() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{peak_memory_bytes, reset_peak_memory};

    #[test]
    fn a_process_has_some_memory() {
        assert!(peak_memory_bytes().unwrap() > 100_000);
    }

    const LARGE: usize = 200_000_000;

    #[test]
    fn a_large_array_raises_the_peak_until_it_is_reset() {
        // On the stack of a thread of its own, which the system takes back at once when the
        // thread ends; an allocator may keep the pages of an array for a while.
        let touch = || std::hint::black_box([1_u8; LARGE]).len();
        let thread = std::thread::Builder::new().stack_size(3 * LARGE).spawn(touch).unwrap();
        assert_eq!(thread.join().unwrap(), LARGE);

        let peak = peak_memory_bytes().unwrap();
        assert!(peak > LARGE as u64, "{peak}");
        if !reset_peak_memory() {
            eprintln!("skipped: this system does not let a process reset its peak");
            return;
        }
        let after = peak_memory_bytes().unwrap();
        assert!(after < peak, "{after} {peak}");
    }
}
