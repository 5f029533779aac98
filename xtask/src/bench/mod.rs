//! `cargo xtask bench`: times of this repository's programs beside their floors and their peers.
//!
//! Programs and peers run as processes and print one line of JSON a case (`line`). What they say is joined
//! by case ([`compare`]), laid out ([`table`]) and, if asked, kept ([`record`]).

mod chart;
mod command;
mod compare;
mod instructions;
mod line;
mod machine;
mod peer;
mod process;
mod program;
mod record;
mod scaling;
mod table;

pub(crate) use command::KEPT_IN;
pub(crate) use compare::disagreements;
pub(crate) use line::{Line, Mode};
pub(crate) use machine::{Machine, slug};
pub(crate) use peer::Peer;
pub(crate) use process::{last_lines, output};
pub(crate) use program::Program;
pub(crate) use record::{dated_name, today};
pub(crate) use table::{layout, significant};
