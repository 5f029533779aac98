//! Exit codes, and how an error is printed.

use std::process::ExitCode;

use nwm_train::ErrorKind;

use crate::terminal::Terminal;

/// How a command that did not fail has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything asked for was done.
    Done,
    /// A result is outside its tolerance, or a file that was inspected is damaged.
    OutsideTolerance,
    /// It was asked to stop, and has saved its work.
    Interrupted,
}

/// A mistake in the arguments.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

const USAGE: u8 = 2;
const DATA: u8 = 3;
const DEVICE: u8 = 4;
const NOT_FINITE: u8 = 5;
const FILE_SYSTEM: u8 = 6;
pub(crate) const INTERRUPTED: u8 = 130;

/// Prints an error and gives the exit code of the outcome.
pub(crate) fn report(outcome: anyhow::Result<Ending>, terminal: &Terminal) -> ExitCode {
    match outcome {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::OutsideTolerance) => ExitCode::from(1),
        Ok(Ending::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(code(&error))
        }
    }
}

/// The exit code of an error: that of the first cause whose kind is known.
fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if cause.is::<UsageError>() {
            return USAGE;
        }
        if let Some(error) = cause.downcast_ref::<nwm_train::Error>() {
            return kind_code(error.kind());
        }
        if let Some(nwm_data::Error::Interrupted) = cause.downcast_ref() {
            return INTERRUPTED;
        }
        if let Some(error) = cause.downcast_ref::<nwm_data::Error>() {
            return kind_code(error.into());
        }
        if let Some(error) = cause.downcast_ref::<nwm_models::Error>() {
            return kind_code(error.into());
        }
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            return kind_code(error.into());
        }
    }
    DATA
}

fn kind_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Configuration => USAGE,
        ErrorKind::Device => DEVICE,
        ErrorKind::NotFinite => NOT_FINITE,
        ErrorKind::FileSystem => FILE_SYSTEM,
        _ => DATA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_code_is_that_of_the_cause_not_of_the_context() {
        let error = Err::<(), _>(nwm_train::Error::Locked { path: "runs/x/lock".into() })
            .context("failed to train runs/x")
            .unwrap_err();
        assert_eq!(code(&error), FILE_SYSTEM);
        let error = anyhow::Error::new(UsageError("no".into())).context("failed to start");
        assert_eq!(code(&error), USAGE);
        let stopped = anyhow::Error::new(nwm_data::Error::Interrupted).context("failed to import");
        assert_eq!(code(&stopped), INTERRUPTED);
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(code(&anyhow::Error::new(missing)), DATA);
    }
}
