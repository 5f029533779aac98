//! Folders of files: copied, read, and compared but for times.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Files by their path in a folder.
pub(crate) type Snapshot = BTreeMap<String, Vec<u8>>;

/// Keys of JSON that hold times, digests of files that do, or the command, which `--resume` makes another one.
const TIMES: [&str; 6] = ["seconds", "started", "ended", "files", "integrity", "command"];

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// All files that have a final name. Locks are empty, and events have names that depend on the time.
pub(crate) fn finished(folder: &Path) -> Snapshot {
    all(folder).into_iter().filter(|(name, _)| !is_scratch(name)).collect()
}

/// Files and folders that have no final name yet, but for portions of a set, which wait for the next start.
pub(crate) fn scratch(folder: &Path) -> Vec<String> {
    all(folder).into_keys().filter(|name| name.split('/').any(is_hidden)).collect()
}

/// Whether portions of a set wait to be put together.
pub(crate) fn has_portions(folder: &Path) -> bool {
    all(folder).into_keys().any(|name| name.split('/').any(|part| part.ends_with(".parts")))
}

fn is_scratch(name: &str) -> bool {
    name.split('/').any(|part| is_hidden(part) || part.ends_with(".parts"))
}

fn is_hidden(part: &str) -> bool {
    part.starts_with('.') && part != ".fetch.lock"
}

fn all(folder: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    read(folder, "", &mut files);
    files
}

fn read(folder: &Path, prefix: &str, files: &mut Snapshot) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            // A scratch folder counts even if nothing is in it.
            if is_scratch(&name) {
                files.insert(path.clone(), Vec::new());
            }
            read(&entry.path(), &format!("{path}/"), files);
        } else if !name.ends_with("lock") && !name.starts_with("events.out.tfevents.") {
            files.insert(path, without_times(&name, fs::read(entry.path()).unwrap()));
        }
    }
}

/// The content without what differs between two runs of the same command.
fn without_times(name: &str, content: Vec<u8>) -> Vec<u8> {
    if name == "metrics.csv" {
        return metrics(&content);
    }
    match serde_json::from_slice::<Value>(&content) {
        Ok(mut value) if name.ends_with(".json") => {
            remove_times(&mut value);
            value.to_string().into_bytes()
        }
        _ => content,
    }
}

fn remove_times(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| !TIMES.contains(&key.as_str()));
            object.values_mut().for_each(remove_times);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_times),
        _ => {}
    }
}

/// A log without its third column.
fn metrics(content: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let mut rest = String::new();
    for line in text.split_inclusive('\n') {
        let fields = line.split(',').enumerate().filter(|(column, _)| *column != 2);
        rest += &fields.map(|(_, field)| field).collect::<Vec<_>>().join(",");
    }
    rest.into_bytes()
}
