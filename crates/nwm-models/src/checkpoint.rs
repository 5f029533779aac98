//! Reading the checkpoints of a run folder, and proving that they are intact.
//!
//! A run keeps `checkpoints/step-NNNNNNNN/`, each with `model.safetensors`, `optimizer.safetensors`, `metrics.csv` and
//! `state.json`. The state lists every other file with its size and SHA-256, and carries a digest of itself
//! under `integrity`, so that any flipped bit is found before a number of it is used.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Version of the checkpoint layout.
pub const CHECKPOINT_FORMAT: u32 = 1;

/// Name of the file that describes a checkpoint.
pub const STATE_FILE: &str = "state.json";

/// Name of the file that holds the model's parameters.
pub const MODEL_FILE: &str = "model.safetensors";

const INTEGRITY_KEY: &str = "\"integrity\": \"";
const DIGEST_LENGTH: usize = 64;

/// One file of a checkpoint, as its `state.json` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// File name inside the checkpoint's folder.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}

impl FileRecord {
    /// Describes a file's content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: content.len() as u64, sha256: sha256(content) }
    }
}

/// The part of `state.json` that every reader needs.
#[derive(Clone, Debug, Deserialize)]
struct Manifest {
    format: u32,
    step: u64,
    files: Vec<FileRecord>,
}

/// A checkpoint whose files were all verified.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    directory: PathBuf,
    step: u64,
    state: String,
    files: Vec<FileRecord>,
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fills in the digest of a state text that holds `"integrity": ""`.
///
/// # Errors
/// [`Error::Parameter`] if the text has no empty `integrity` key.
pub fn seal_state(text: &str) -> Result<String> {
    let empty = format!("{INTEGRITY_KEY}\"");
    let position = text.find(&empty).ok_or_else(|| Error::Parameter {
        name: "integrity".into(),
        problem: "the state has no empty integrity key to fill in".into(),
    })?;
    let (head, tail) = text.split_at(position + INTEGRITY_KEY.len());
    Ok(format!("{head}{}{tail}", sha256(text.as_bytes())))
}

/// Whether a sealed state text still has the digest it was sealed with.
fn state_is_intact(text: &str) -> bool {
    let Some(position) = text.find(INTEGRITY_KEY) else { return false };
    let start = position + INTEGRITY_KEY.len();
    let Some(digest) = text.get(start..start + DIGEST_LENGTH) else { return false };
    let unsealed = format!("{}{}", &text[..start], &text[start + DIGEST_LENGTH..]);
    digest == sha256(unsealed.as_bytes())
}

/// Whether this is the name of a file and no way to another folder, where anything may be.
fn is_plain(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|last| last == name)
}

/// The folder of a checkpoint inside a run folder.
pub fn checkpoint_directory(run_directory: &Path, step: u64) -> PathBuf {
    run_directory.join("checkpoints").join(format!("step-{step:08}"))
}

/// Steps of which the run folder holds a finished checkpoint folder, ascending; nothing is verified.
///
/// # Errors
/// [`Error::Io`] if the folder exists and cannot be listed.
pub fn checkpoint_steps(run_directory: &Path) -> Result<Vec<u64>> {
    let folder = run_directory.join("checkpoints");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let io = |source| Error::Io { path: folder.clone(), source };
    let mut steps = Vec::new();
    for entry in fs::read_dir(&folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if let Some(digits) = name.to_str().and_then(|name| name.strip_prefix("step-")) {
            steps.extend(digits.parse::<u64>().ok());
        }
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The newest intact checkpoint of a run, and the errors of newer ones that were passed over.
///
/// # Errors
/// [`Error::Io`] if the run folder cannot be listed.
pub fn latest_checkpoint(run_directory: &Path) -> Result<(Option<Checkpoint>, Vec<Error>)> {
    let mut damaged = Vec::new();
    for step in checkpoint_steps(run_directory)?.into_iter().rev() {
        match Checkpoint::open(&checkpoint_directory(run_directory, step)) {
            Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
            Err(error) => damaged.push(error),
        }
    }
    Ok((None, damaged))
}

impl Checkpoint {
    /// Opens a checkpoint folder and verifies every file of it.
    ///
    /// # Errors
    /// [`Error::File`] naming the file that is truncated, changed or of another format version; [`Error::Io`] naming
    /// the one that is missing or cannot be read.
    pub fn open(directory: &Path) -> Result<Self> {
        let path = directory.join(STATE_FILE);
        let state =
            fs::read_to_string(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        let damaged = |problem: String| Error::File { path: path.clone(), problem };
        if !state_is_intact(&state) {
            return Err(damaged(
                "content does not match its own digest, the file is damaged; use an older checkpoint"
                    .into(),
            ));
        }
        let manifest: Manifest = serde_json::from_str(&state)
            .map_err(|error| damaged(format!("not a checkpoint state: {error}")))?;
        if manifest.format != CHECKPOINT_FORMAT {
            return Err(damaged(format!(
                "found checkpoint format {}, expected {CHECKPOINT_FORMAT}; use the version of nwm that wrote it",
                manifest.format
            )));
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_plain(&file.name)) {
            return Err(damaged(format!(
                "found {:?} in the list of files, expected the name of a file beside it",
                file.name
            )));
        }
        let checkpoint = Self {
            directory: directory.to_owned(),
            step: manifest.step,
            state,
            files: manifest.files,
        };
        for file in &checkpoint.files {
            checkpoint.read(&file.name)?;
        }
        Ok(checkpoint)
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Optimiser steps taken when it was written.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The text of `state.json`.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// SHA-256 of a listed file, if it is listed.
    pub fn sha256_of(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|file| file.name == name).map(|file| file.sha256.as_str())
    }

    /// Content of a listed file, verified against its recorded size and digest.
    ///
    /// # Errors
    /// [`Error::File`] if it is not listed or does not match; [`Error::Io`] if it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.directory.join(name);
        let problem = |problem: String| Error::File { path: path.clone(), problem };
        let record = self
            .files
            .iter()
            .find(|file| file.name == name)
            .ok_or_else(|| problem("the checkpoint's state does not list this file".into()))?;
        let io = |source| Error::Io { path: path.clone(), source };
        let bytes = fs::metadata(&path).map_err(io)?.len();
        if bytes != record.bytes {
            return Err(problem(format!(
                "found {bytes} bytes, expected {}; the file is truncated or foreign, use an older checkpoint",
                record.bytes
            )));
        }
        let content = fs::read(&path).map_err(io)?;
        let digest = sha256(&content);
        if digest != record.sha256 {
            return Err(problem(format!(
                "found SHA-256 {digest}, expected {}; the file is damaged, use an older checkpoint",
                record.sha256
            )));
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_checkpoint(run: &Path, step: u64, content: &[u8]) -> PathBuf {
        let directory = checkpoint_directory(run, step);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(MODEL_FILE), content).unwrap();
        let text = serde_json::to_string_pretty(&serde_json::json!({
            "format": CHECKPOINT_FORMAT, "step": step, "files": [FileRecord::of(MODEL_FILE, content)],
            "integrity": "",
        }))
        .unwrap();
        fs::write(directory.join(STATE_FILE), seal_state(&text).unwrap()).unwrap();
        directory
    }

    #[test]
    fn an_intact_checkpoint_opens() {
        let run = tempfile::tempdir().unwrap();
        write_checkpoint(run.path(), 3, b"three");
        write_checkpoint(run.path(), 12, b"twelve");
        let (checkpoint, damaged) = latest_checkpoint(run.path()).unwrap();
        let checkpoint = checkpoint.unwrap();
        assert_eq!(checkpoint.step(), 12);
        assert_eq!(checkpoint.read(MODEL_FILE).unwrap(), b"twelve");
        assert!(damaged.is_empty());
    }

    #[test]
    fn a_state_that_lists_a_file_elsewhere_is_refused_before_it_is_read() {
        let run = tempfile::tempdir().unwrap();
        let directory = write_checkpoint(run.path(), 3, b"three");
        fs::write(run.path().join("secret"), b"three").unwrap();
        for name in ["/dev/zero", "../../secret", "..", "", "sub/model.safetensors"] {
            let text = serde_json::to_string(&serde_json::json!({
                "format": CHECKPOINT_FORMAT, "step": 3, "files": [FileRecord::of(name, b"three")],
            }))
            .unwrap();
            let text = format!("{}, \"integrity\": \"\"}}", text.strip_suffix('}').unwrap());
            fs::write(directory.join(STATE_FILE), seal_state(&text).unwrap()).unwrap();
            let message = Checkpoint::open(&directory).unwrap_err().to_string();
            assert!(message.contains("expected the name of a file beside it"), "{message}");
        }
    }

    #[test]
    fn a_damaged_newest_checkpoint_falls_back_to_the_one_before() {
        let run = tempfile::tempdir().unwrap();
        write_checkpoint(run.path(), 3, b"three");
        let newest = write_checkpoint(run.path(), 12, b"twelve");
        fs::write(newest.join(MODEL_FILE), b"twelvE").unwrap();
        let (checkpoint, damaged) = latest_checkpoint(run.path()).unwrap();
        assert_eq!(checkpoint.unwrap().step(), 3);
        assert!(damaged[0].to_string().contains("SHA-256"), "{}", damaged[0]);
    }

    #[test]
    fn truncated_model_and_every_flipped_bit_of_the_state_are_found() {
        let run = tempfile::tempdir().unwrap();
        let directory = write_checkpoint(run.path(), 3, b"three");
        let path = directory.join(STATE_FILE);
        let state = fs::read(&path).unwrap();
        for position in 0..state.len() {
            for bit in 0..8 {
                let mut flipped = state.clone();
                flipped[position] ^= 1_u8 << bit;
                fs::write(&path, &flipped).unwrap();
                assert!(Checkpoint::open(&directory).is_err(), "bit {bit} of byte {position}");
            }
        }
        fs::write(&path, &state).unwrap();
        fs::write(directory.join(MODEL_FILE), b"thr").unwrap();
        let message = Checkpoint::open(&directory).unwrap_err().to_string();
        assert!(message.contains("3 bytes, expected 5"), "{message}");
    }
}
