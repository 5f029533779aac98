//! Licences, sources and advisories of the dependencies, by cargo-deny.

use std::process::Stdio;

use super::process::Tool;
use crate::stage::{Stage, Verdict};
use crate::workspace::Workspace;

const DENY: Tool = Tool { name: "deny" };

/// Two stages: advisories come from a database on the network, the rest is told from the manifests.
pub(super) fn stages(workspace: &Workspace) -> [Stage<'_>; 2] {
    let licences =
        Stage::new("licences", move || match DENY.absence(workspace) {
            Some(absence) => Ok(absence),
            None => Verdict::of(DENY.call(
                workspace,
                &["check", "--hide-inclusion-graph", "bans", "licenses", "sources"],
            )),
        });
    let advisories = Stage::new("advisories", move || {
        if let Some(absence) = DENY.absence(workspace) {
            return Ok(absence);
        }
        // Fetched first and by itself: a database out of reach says nothing about the dependencies, and `check` ends
        // the same way for both.
        let fetched = DENY.call(workspace, &["fetch", "db"]).stderr(Stdio::null()).status()?;
        if !fetched.success() {
            let why = "the advisory database cannot be reached (`cargo deny fetch db` says why)";
            return Ok(Verdict::Skipped(why.to_owned()));
        }
        Verdict::of(DENY.call(workspace, &["check", "--disable-fetch", "advisories"]))
    });
    [licences, advisories]
}
