//! Getting the files of a published data set.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sources::{Source, Stored};
use super::verify::verify;
use crate::atomic::{persist, write_atomically};
use crate::error::{Error, Result};

/// A compressed file is never much larger than its content: what goes on after that is not the file.
const LARGEST_OVERHEAD: u64 = 1 << 16;

/// How files are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// A folder to copy the files from instead of downloading them.
    pub from: Option<PathBuf>,
    /// Longest time that connecting, the answer, and each stretch of a download may take. A stretch that moved ahead in
    /// that time is followed by another one.
    pub patience: Duration,
}

impl Default for FetchOptions {
    /// Download, with half a minute of patience.
    fn default() -> Self {
        Self { from: None, patience: Duration::from_secs(30) }
    }
}

/// A file that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Where it came from; nothing if it was there before.
    pub from: Option<String>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchProgress<'a> {
    /// The file's name.
    pub name: &'a str,
    /// Bytes that are here.
    pub bytes: u64,
    /// Bytes of the whole file, if the server says.
    pub total: Option<u64>,
}

/// Gets the files of a data set into `folder`, in the order of the list. Files that are there and whole are left alone.
///
/// A download grows beside its target as `NAME.part`. If it breaks off, what is there stays, and the next attempt, on the
/// same mirror or another one, now or in a later call, goes on from its end. A file takes its name after its content was
/// compared with the published digest.
///
/// # Errors
///
/// [`Error::Download`] with the reason of every mirror if none gave the file, [`Error::Content`] if a file in
/// [`FetchOptions::from`] is another one, [`Error::Locked`] if another process fetches into the same folder,
/// [`Error::Io`].
pub fn fetch(
    source: &Source,
    folder: &Path,
    options: &FetchOptions,
    mut progress: impl FnMut(FetchProgress<'_>),
) -> Result<Vec<Fetched>> {
    std::fs::create_dir_all(folder).map_err(io(folder, "create it"))?;
    let lock_path = folder.join(".fetch.lock");
    let lock = File::options().create(true).append(true).open(&lock_path);
    let lock = lock.map_err(io(&lock_path, "create it"))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Error::Locked { path: folder.to_path_buf() },
        TryLockError::Error(source) => io(&lock_path, "lock it")(source),
    })?;
    source
        .files
        .iter()
        .map(|file| {
            let path = folder.join(&file.name);
            if path.is_file() && verify(&path, file).is_ok() {
                return Ok(Fetched { path, from: None });
            }
            let from = match &options.from {
                Some(from) => copy(&from.join(&file.name), &path, file)?,
                None => Download {
                    file,
                    path: &path,
                    patience: options.patience,
                    progress: &mut progress,
                }
                .try_mirrors(&source.mirrors)?,
            };
            Ok(Fetched { path, from: Some(from) })
        })
        .collect()
}

/// An error of the operating system.
fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io { path, action, source }
}

/// Copies a file and says from where.
fn copy(from: &Path, path: &Path, file: &Stored) -> Result<String> {
    write_atomically(path, |scratch| {
        // No more than belongs to the file, and without its permissions, which may forbid to flush the copy.
        let mut original = File::open(from).map_err(io(from, "open it"))?.take(largest(file) + 1);
        let mut copied = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(scratch)
            .map_err(io(path, "write it"))?;
        std::io::copy(&mut original, &mut copied).map_err(io(from, "copy it"))?;
        verify(scratch, file).map_err(|found| Error::Content {
            path: from.to_path_buf(),
            place: "file".to_owned(),
            found,
            expected: "the published file".to_owned(),
            advice: "get it again, or leave the folder out to download it",
        })
    })?;
    Ok(from.display().to_string())
}

/// Bytes of a compressed file, at most.
fn largest(file: &Stored) -> u64 {
    file.unpacked_bytes.saturating_add(LARGEST_OVERHEAD)
}

/// A file that is being downloaded.
struct Download<'a, P> {
    file: &'a Stored,
    path: &'a Path,
    patience: Duration,
    progress: &'a mut P,
}

/// Why an attempt ended.
enum Failure {
    /// The mirror does not give the file, or not further.
    Mirror(String),
    /// Nothing can be written here.
    Here(Error),
}

impl<P: FnMut(FetchProgress<'_>)> Download<'_, P> {
    /// Tries one mirror after the other and returns the address that gave the file.
    fn try_mirrors(&mut self, mirrors: &[String]) -> Result<String> {
        let mut reasons = Vec::new();
        for mirror in mirrors {
            let address = format!("{mirror}{}", self.file.name);
            match self.try_address(&address) {
                Ok(()) => return Ok(address),
                Err(Failure::Mirror(reason)) => reasons.push(format!("{address}: {reason}")),
                Err(Failure::Here(error)) => return Err(error),
            }
        }
        Err(Error::Download { name: self.file.name.clone(), reasons })
    }

    /// Downloads from one address. If the file that a former attempt began turns out to be another one, it is downloaded
    /// from its start.
    fn try_address(&mut self, address: &str) -> Result<(), Failure> {
        let part = self.part();
        let resumed = length(&part) > 0;
        let mut outcome = self.whole(address);
        if resumed && matches!(outcome, Err(Failure::Mirror(_))) && !part.exists() {
            outcome = self.whole(address);
        }
        outcome
    }

    /// Downloads what is missing, in as many stretches as it takes as long as each one moves ahead. What then is another
    /// file than the published one is removed, since going on from its end would make it no better.
    fn whole(&mut self, address: &str) -> Result<(), Failure> {
        let part = self.part();
        loop {
            let before = length(&part);
            match self.stretch(address) {
                Ok(()) => break,
                Err(Failure::Mirror(_)) if length(&part) > before => {}
                Err(failure) => return Err(failure),
            }
        }
        if let Err(reason) = verify(&part, self.file) {
            std::fs::remove_file(&part)
                .map_err(|error| Failure::Here(io(&part, "remove it")(error)))?;
            return Err(Failure::Mirror(reason));
        }
        persist(&part, self.path).map_err(Failure::Here)
    }

    /// Where the file grows.
    fn part(&self) -> PathBuf {
        self.path.with_file_name(format!("{}.part", self.file.name))
    }

    /// Asks for the rest of the file, and appends what comes until it ends or breaks off.
    fn stretch(&mut self, address: &str) -> Result<(), Failure> {
        let part = self.part();
        let here = |action| {
            let failed = io(&part, action);
            move |error| Failure::Here(failed(error))
        };
        let mirror = |error: ureq::Error| Failure::Mirror(error.to_string());
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(self.patience))
            .timeout_recv_response(Some(self.patience))
            .timeout_recv_body(Some(self.patience))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut have = length(&part);
        let mut request = agent.get(address);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = request.call().map_err(mirror)?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let total = match response.status().as_u16() {
            200 => {
                // The whole file, also where only the rest was asked for.
                have = 0;
                header("content-length").and_then(|length| length.parse::<u64>().ok())
            }
            206 => match header("content-range").as_deref().and_then(content_range) {
                Some((start, total)) if start == have => total,
                _ => return Err(Failure::Mirror("another part than was asked for".to_owned())),
            },
            // There is no rest: what is here is complete, or not this file.
            416 => return Ok(()),
            status => return Err(Failure::Mirror(format!("status {status}"))),
        };
        let largest = largest(self.file);
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(have == 0)
            .append(have > 0)
            .open(&part)
            .map_err(here("open it for writing"))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            (self.progress)(FetchProgress { name: &self.file.name, bytes: have, total });
            let count =
                body.read(&mut buffer).map_err(|error| Failure::Mirror(error.to_string()))?;
            if count == 0 {
                break;
            }
            have += count as u64;
            if have > largest {
                // Not this file: nothing of it is worth going on from.
                std::fs::remove_file(&part).map_err(here("remove it"))?;
                return Err(Failure::Mirror(format!("more than {largest} bytes")));
            }
            file.write_all(&buffer[..count]).map_err(here("write it"))?;
        }
        match total {
            Some(total) if have < total => {
                Err(Failure::Mirror(format!("the end after {have} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }
}

/// Bytes of a file, 0 if there is none.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// First byte and total number of `bytes FIRST-LAST/TOTAL`; the total may be unknown.
fn content_range(header: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = header.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("lines 5-9/10"), None);
    }
}
