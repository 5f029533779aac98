//! What is in a folder of reports.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use nwm_data::atomic::write_atomically;
use serde::Deserialize;

use super::super::html::data_uri;
use super::super::run_files::read_json;
use super::entries::{ENTRIES, Entry};
use super::page::gallery_page;

/// Bytes of a picture that is put into the page, at most; larger ones are left out.
const LARGEST_PICTURE: u64 = 1 << 20;

/// A folder of reports.
pub(crate) struct Gallery {
    pub(super) cards: Vec<Card>,
    pub(super) missing: Vec<&'static Entry>,
}

/// A table or figure that is there.
pub(super) struct Card {
    pub(super) name: &'static str,
    pub(super) title: String,
    /// Preset and whether it is a smaller experiment; none if the file cannot be read.
    pub(super) scale: Option<(String, bool)>,
    /// A line on what was found, or why it cannot be read.
    pub(super) result: String,
    /// `partial` or `missing`, if something is.
    pub(super) status: String,
    pub(super) commit: String,
    /// The day on which the file was written, UTC.
    pub(super) date: String,
    /// Address of a picture that holds it, and what it shows.
    pub(super) picture: Option<(String, String)>,
    /// Whether there is a page to go to.
    pub(super) has_page: bool,
}

/// What is read of `table.json`.
#[derive(Deserialize)]
struct TableFile {
    preset: String,
    reduced: bool,
    commit: String,
    cells: Vec<CellFile>,
    #[serde(default)]
    summaries: Vec<SummaryFile>,
}

#[derive(Deserialize)]
struct CellFile {
    status: String,
}

#[derive(Deserialize)]
struct SummaryFile {
    row: String,
    best: Option<String>,
}

/// What is read of `figure.json`.
#[derive(Deserialize)]
struct FigureFile {
    title: String,
    preset: String,
    reduced: bool,
    commit: String,
    status: String,
    checks: Vec<CheckFile>,
    files: Vec<PictureFile>,
}

#[derive(Deserialize)]
struct CheckFile {
    name: String,
    run: Option<String>,
    holds: Option<bool>,
}

#[derive(Deserialize)]
struct PictureFile {
    name: String,
    shows: String,
}

impl Gallery {
    /// Looks for tables and figures in a folder. A file that cannot be read has a card that says so.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
        let (mut cards, mut missing) = (Vec::new(), Vec::new());
        for entry in &ENTRIES {
            match Card::of(entry, folder) {
                Some(card) => cards.push(card),
                None => missing.push(entry),
            }
        }
        Ok(Self { cards, missing })
    }

    /// Tables and figures that are there, and that are not.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.cards.len(), self.missing.len()]
    }

    /// Writes `index.html` into the folder.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("index.html");
        let page = gallery_page(self);
        write_atomically(&path, |scratch| {
            fs::write(scratch, page).with_context(|| format!("write {}", path.display()))
        })
    }
}

impl Card {
    fn of(entry: &'static Entry, folder: &Path) -> Option<Self> {
        let folder = folder.join(entry.name);
        let files = ["table.json", "figure.json"].map(|name| folder.join(name));
        let path = files.iter().find(|path| path.is_file())?;
        let card = if path.ends_with("table.json") {
            read_json::<TableFile>(path).map(|file| file.map(|file| file.card(entry)))
        } else {
            read_json::<FigureFile>(path).map(|file| file.map(|file| file.card(entry, &folder)))
        };
        let card = card.unwrap_or_else(|error| Some(Self::unreadable(entry, &error)))?;
        let has_page = folder.join("report.html").is_file();
        Some(Self { date: date(path), has_page, ..card })
    }

    fn unreadable(entry: &'static Entry, error: &anyhow::Error) -> Self {
        Self {
            name: entry.name,
            title: entry.title.to_owned(),
            scale: None,
            result: format!("{error:#}"),
            status: String::new(),
            commit: String::new(),
            date: String::new(),
            picture: None,
            has_page: false,
        }
    }
}

impl TableFile {
    fn card(self, entry: &'static Entry) -> Card {
        let done = self.cells.iter().filter(|cell| cell.status == "done").count();
        let best = self
            .summaries
            .iter()
            .filter_map(|summary| Some(format!("{} {}", summary.row, summary.best.as_ref()?)));
        let best: Vec<String> = best.collect();
        let cells = format!("{done} of {} cells have results", self.cells.len());
        let result = match best.is_empty() {
            true => format!("{cells}."),
            false => format!("{cells}. Best: {}.", best.join(", ")),
        };
        let status = match done {
            _ if done == self.cells.len() => "done",
            0 => "missing",
            _ => "partial",
        };
        Card {
            name: entry.name,
            title: entry.title.to_owned(),
            scale: Some((self.preset, self.reduced)),
            result,
            status: status.to_owned(),
            commit: self.commit,
            date: String::new(),
            picture: None,
            has_page: false,
        }
    }
}

impl FigureFile {
    fn card(self, entry: &'static Entry, folder: &Path) -> Card {
        let of = |holds| self.checks.iter().filter(move |check| check.holds == holds);
        let failing: Vec<String> = of(Some(false))
            .map(|check| match &check.run {
                Some(run) => format!("{} ({run})", check.name),
                None => check.name.clone(),
            })
            .collect();
        let mut result =
            format!("{} of {} checks hold.", of(Some(true)).count(), self.checks.len());
        if !failing.is_empty() {
            result += &format!(" Not: {}.", failing.join(", "));
        }
        let unmeasured = of(None).count();
        if unmeasured > 0 {
            result += &format!(" Not measured: {unmeasured}.");
        }
        let picture = self.files.iter().find_map(|file| picture(file, folder));
        Card {
            name: entry.name,
            title: self.title,
            scale: Some((self.preset, self.reduced)),
            result,
            status: self.status,
            commit: self.commit,
            date: String::new(),
            picture,
            has_page: false,
        }
    }
}

/// A picture as an address that holds it, if it is one and not too large.
fn picture(file: &PictureFile, folder: &Path) -> Option<(String, String)> {
    let media_type = match file.name.rsplit('.').next()? {
        "gif" => "image/gif",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    // A name, and not a path to somewhere else.
    let name = Path::new(&file.name).file_name().filter(|name| *name == file.name.as_str())?;
    let path = folder.join(name);
    let size = fs::metadata(&path).ok()?.len();
    let bytes = if size <= LARGEST_PICTURE { fs::read(path).ok()? } else { return None };
    Some((data_uri(media_type, &bytes), file.shows.clone()))
}

/// The day on which a file was written; empty if nobody knows.
fn date(path: &Path) -> String {
    let written = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let written = written.and_then(|time| Timestamp::try_from(time).ok());
    written.map_or_else(String::new, |time| time.to_string().chars().take(10).collect())
}
