//! A process that is ended when its time is over, with all that it started.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::runs::Interrupt;

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);
/// How long a stream may stay open behind the process, held by one that it left behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a process is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, with this exit code; none after a signal.
    Exit(Option<i32>),
    /// Its time was over.
    OutOfTime,
    /// The user wants to stop.
    Interrupted,
}

/// What a process left behind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) output: String,
    pub(super) messages: String,
    pub(super) seconds: f64,
}

/// Runs a process for so long at most. An error means that it could not be started.
pub(super) fn run(command: &mut Command, limit: Duration, stop: &Interrupt) -> Result<Ended> {
    let program = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    in_own_group(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to run {program}"))?;
    let output = child.stdout.take().map(Reader::start);
    let messages = child.stderr.take().map(Reader::start);
    let end = loop {
        let ended = child.try_wait().with_context(|| format!("failed to wait for {program}"))?;
        if let Some(status) = ended {
            break End::Exit(status.code());
        }
        let over = start.elapsed() >= limit;
        if over || stop.is_set() {
            kill(&mut child);
            break if over { End::OutOfTime } else { End::Interrupted };
        }
        std::thread::sleep(POLL);
    };
    let seconds = start.elapsed().as_secs_f64();
    let text = |reader: Option<Reader>| reader.map(Reader::finish).unwrap_or_default();
    Ok(Ended { end, output: text(output), messages: text(messages), seconds })
}

/// Collects a stream on a thread.
struct Reader {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1 << 14];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let mut bytes = shared.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, thread }
    }

    /// What has come so far, at the end of the stream or of our patience.
    fn finish(self) -> String {
        let start = Instant::now();
        while !self.thread.is_finished() && start.elapsed() < PATIENCE {
            std::thread::sleep(POLL);
        }
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A group of its own, which can be ended whole: compilers and tools start processes themselves.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn in_own_group(_: &mut Command) {}

/// Ends a process, and on Unix its group.
fn kill(child: &mut Child) {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        // If there is no such command, the process itself is ended all the same.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{End, run};
    use crate::runs::Interrupt;

    fn shell(script: &str, limit: Duration, stop: &Interrupt) -> super::Ended {
        let ended = run(Command::new("sh").args(["-c", script]), limit, stop);
        ended.unwrap_or_else(|error| unreachable!("sh did not start: {error:#}"))
    }

    #[test]
    fn both_streams_and_the_exit_code_are_kept() {
        let script = "echo out; echo err >&2; exit 3";
        let ended = shell(script, Duration::from_secs(60), &Interrupt::default());
        assert_eq!(ended.end, End::Exit(Some(3)));
        assert_eq!((&*ended.output, &*ended.messages), ("out\n", "err\n"));
    }

    #[test]
    fn what_was_said_before_the_time_was_over_is_kept() {
        let script = "echo first; sleep 600 & wait";
        let ended = shell(script, Duration::from_millis(300), &Interrupt::default());
        assert_eq!((ended.end, &*ended.output), (End::OutOfTime, "first\n"));
        // The process behind it went too: otherwise the stream would have been open.
        assert!(ended.seconds < 60.0);
    }

    #[test]
    fn an_interrupt_ends_a_process() {
        let stop = Interrupt::default();
        stop.set();
        assert_eq!(shell("sleep 600", Duration::from_secs(600), &stop).end, End::Interrupted);
    }

    #[test]
    fn a_missing_program_is_named() {
        let command = &mut Command::new("no-such-program-here");
        let error = run(command, Duration::from_secs(1), &Interrupt::default()).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"));
    }
}
