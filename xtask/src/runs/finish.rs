//! Takes one run to its end, whoever else may be at it.

use anyhow::Result;

use super::arguments::command_line;
use super::companion::{Claim, Companion};
use super::failures::Failures;
use super::job::Job;
use super::nwm::{Exit, Nwm};
use super::product::Product;
use super::runner::Outcome;

impl Job {
    /// Does what is left to do. Waits first for a process that works on the same run, here or on another machine,
    /// and then does what that one has left: a job may be started as often as one likes, and is done once.
    pub(crate) fn finish(&self, nwm: &Nwm, failures: &Failures) -> Result<Outcome> {
        let companion = Companion::of(self.run_dir());
        let Some(claim) = companion.claim(&nwm.interrupt)? else {
            return Ok(Outcome::Interrupted);
        };
        let outcome = self.looked_at_again().run(nwm, failures, &companion, &claim)?;
        match &outcome {
            Outcome::Done | Outcome::AlreadyDone => companion.forget()?,
            Outcome::Failed(reason) => companion.note(reason)?,
            Outcome::Interrupted | Outcome::NotStarted => {}
        }
        Ok(outcome)
    }

    fn run(
        &self,
        nwm: &Nwm,
        failures: &Failures,
        companion: &Companion,
        claim: &Claim,
    ) -> Result<Outcome> {
        let commands = self.remaining();
        if commands.is_empty() {
            return Ok(Outcome::AlreadyDone);
        }
        self.products.iter().try_for_each(Product::make_folder)?;
        for arguments in &commands {
            if nwm.interrupt.is_set() {
                return Ok(Outcome::Interrupted);
            }
            if let Some(reason) = failures.reason(arguments) {
                return Ok(Outcome::Failed(format!("not tried again, {reason}")));
            }
            match nwm.run_of(companion, claim, arguments)? {
                Exit::Success => {}
                Exit::Interrupted => {
                    // Somebody may have interrupted this one process only: stop here too.
                    nwm.interrupt.set();
                    return Ok(Outcome::Interrupted);
                }
                Exit::Failed(why) => {
                    let reason = format!("{why} (nwm {})", command_line(arguments));
                    failures.note(arguments, &reason);
                    return Ok(Outcome::Failed(reason));
                }
            }
        }
        Ok(Outcome::Done)
    }
}
