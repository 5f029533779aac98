//! Published data sets.

use anyhow::Context as _;
use nwm_data::download::{FetchOptions, Sources, fetch as fetch_files};
use serde_json::json;

use crate::exit::Ending;
use crate::flags::FetchArguments;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Gets the files of a published data set.
pub(super) fn fetch(arguments: &FetchArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let sources = Sources::built_in()?;
    let failed = || format!("failed to fetch {}", arguments.name);
    let source = sources.get(&arguments.name).with_context(failed)?;
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| std::path::Path::new("data/cache").join(&arguments.name));
    let options = FetchOptions { from: arguments.from.clone(), ..FetchOptions::default() };
    terminal.message(&format!("{}; licence: {}", source.title, source.licence));
    let mut current: Option<(String, Progress)> = None;
    let files = fetch_files(source, &folder, &options, |now| {
        if current.as_ref().is_none_or(|(name, _)| name != now.name) {
            if let Some((_, progress)) = current.take() {
                progress.finish();
            }
            let total = now.total.unwrap_or_default();
            let progress = Progress::new(terminal, "bytes", now.bytes, total);
            current = Some((now.name.to_owned(), progress));
        }
        if let Some((name, progress)) = &mut current {
            progress.advance(now.bytes, || name.clone());
        }
    });
    if let Some((_, progress)) = current {
        progress.finish();
    }
    let files = files.with_context(failed)?;
    let text: String = files
        .iter()
        .map(|file| match &file.from {
            Some(from) => format!("{}: from {from}\n", file.path.display()),
            None => format!("{}: was there\n", file.path.display()),
        })
        .collect();
    let json: Vec<_> =
        files.iter().map(|file| json!({"file": file.path, "from": file.from})).collect();
    terminal.result(&json!({"format": 1, "files": json}), &text);
    Ok(Ending::Done)
}
