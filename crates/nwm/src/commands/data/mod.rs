//! `nwm data`.

mod fetch;
mod generate;
mod import;
mod list;
mod sequences;
mod set_name;
mod show;

use crate::exit::Ending;
use crate::flags::DataCommand;
use crate::terminal::Terminal;

/// Runs one of the data commands.
pub(crate) fn run(command: &DataCommand, terminal: &Terminal) -> anyhow::Result<Ending> {
    match command {
        DataCommand::List => Ok(list::list(terminal)),
        DataCommand::Generate(arguments) => generate::generate(arguments, terminal),
        DataCommand::Show(arguments) => show::show(arguments, terminal),
        DataCommand::Import(arguments) => import::import(arguments, terminal),
        DataCommand::Fetch(arguments) => fetch::fetch(arguments, terminal),
    }
}
