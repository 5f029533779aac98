//! Downloads from a server on this machine that stalls, breaks off, sends garbage, or has not got the file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use nwm_data::Error;
use nwm_data::download::{FetchOptions, Fetched, Source, Stored, fetch};
use sha2::{Digest, Sha256};

/// What the server does with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// Sends what is asked for.
    Right,
    /// Sends the whole file, whatever part is asked for.
    NoRanges,
    /// Closes the connection after half of what is asked for.
    Truncate,
    /// Sends the first half and then nothing, without closing.
    Stall,
    /// Sends a few bytes each time and then closes.
    Crumble,
    /// Sends the file with one bit flipped.
    Corrupt,
    /// Sends more and more.
    Endless,
    /// Has no such file.
    Absent,
    /// Sends another part than the one asked for.
    WrongPart,
}

/// A server that keeps the requests it got.
struct Server {
    address: String,
    /// The path of each request, with its range if it had one.
    requests: Arc<Mutex<Vec<String>>>,
}

fn server(content: &[u8], manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (content, log) = (content.to_vec(), Arc::clone(&requests));
    // Ends with the process.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (content, log) = (content.clone(), Arc::clone(&log));
            // A client may have gone away; that is its business.
            std::thread::spawn(move || answer(&connection.unwrap(), &content, manner, &log).ok());
        }
    });
    Server { address, requests }
}

fn answer(
    connection: &TcpStream,
    content: &[u8],
    manner: Manner,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let path = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let range = lines.iter().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-'));
    log.lock().unwrap().push(match range {
        Some(start) => format!("{path} from {start}"),
        None => path,
    });
    let mut out = connection;
    if manner == Manner::Absent {
        return out.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    let start = match (range, manner) {
        (Some(start), wanted) if wanted != Manner::NoRanges => start.parse().unwrap_or(0),
        _ => 0,
    };
    if start >= content.len() {
        return out.write_all(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
    }
    let mut body = content[start..].to_vec();
    if manner == Manner::Corrupt {
        let middle = body.len() / 2;
        body[middle] ^= 4;
    }
    let length = body.len();
    let head = if start > 0 {
        let first = if manner == Manner::WrongPart { start - 1 } else { start };
        let (last, total) = (content.len() - 1, content.len());
        format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{total}\r\n")
    } else {
        "HTTP/1.1 200 OK\r\n".to_owned()
    };
    if manner == Manner::Endless {
        write!(out, "{head}Connection: close\r\n\r\n")?;
        loop {
            out.write_all(&[7; 4096])?;
        }
    }
    write!(out, "{head}Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    match manner {
        Manner::Truncate => out.write_all(&body[..length.div_ceil(2)]),
        Manner::Crumble => out.write_all(&body[..length.min(40)]),
        Manner::Stall => {
            if start == 0 {
                out.write_all(&body[..length / 2])?;
                out.flush()?;
            }
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        _ => out.write_all(&body),
    }
}

/// Content that does not compress away, and the file it is published as.
fn published() -> (Vec<u8>, Stored) {
    let unpacked: Vec<u8> = (0..400_u32).flat_map(|i| Sha256::digest(i.to_le_bytes())).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&unpacked).unwrap();
    let sha256: String =
        Sha256::digest(&unpacked).iter().map(|byte| format!("{byte:02x}")).collect();
    let stored = Stored {
        name: "numbers.gz".to_owned(),
        unpacked_bytes: unpacked.len() as u64,
        unpacked_sha256: sha256,
    };
    (gzip.finish().unwrap(), stored)
}

fn fetched(servers: &[&Server], file: &Stored, folder: &Path) -> Result<Fetched, Error> {
    let source = Source {
        title: "numbers".to_owned(),
        licence: "none".to_owned(),
        mirrors: servers.iter().map(|server| server.address.clone()).collect(),
        files: vec![file.clone()],
    };
    let options = FetchOptions { from: None, patience: Duration::from_millis(500) };
    fetch(&source, folder, &options, |_| ()).map(|mut all| all.remove(0))
}

/// Names in a folder, without the lock.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".fetch.lock");
    names.sort();
    names
}

#[test]
fn a_file_is_downloaded_once() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    let good = server(&content, Manner::Right);
    let first = fetched(&[&good], &file, folder.path()).unwrap();
    assert_eq!(first.from, Some(format!("{}numbers.gz", good.address)));
    assert_eq!(std::fs::read(&first.path).unwrap(), content);
    assert_eq!(fetched(&[&good], &file, folder.path()).unwrap().from, None);
    assert_eq!(good.requests.lock().unwrap().len(), 1);
    assert_eq!(names(folder.path()), ["numbers.gz"]);
}

#[test]
fn a_damaged_file_is_downloaded_again() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("numbers.gz"), &content[..50]).unwrap();
    let good = server(&content, Manner::Right);
    assert!(fetched(&[&good], &file, folder.path()).unwrap().from.is_some());
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_stopped_also_elsewhere() {
    let (content, file) = published();
    for manner in [Manner::Stall, Manner::Truncate] {
        let folder = tempfile::tempdir().unwrap();
        let (bad, good) = (server(&content, manner), server(&content, Manner::Right));
        let outcome = fetched(&[&bad], &file, folder.path());
        if manner == Manner::Stall {
            assert!(outcome.is_err());
            assert_eq!(names(folder.path()), ["numbers.gz.part"]);
            let have = std::fs::metadata(folder.path().join("numbers.gz.part")).unwrap().len();
            assert!(fetched(&[&good], &file, folder.path()).is_ok());
            assert_eq!(*good.requests.lock().unwrap(), [format!("/numbers.gz from {have}")]);
        } else {
            // Each attempt brings half of the rest, so that a server that breaks off is enough in the end.
            assert!(outcome.is_ok(), "{outcome:?}");
            assert!(bad.requests.lock().unwrap().len() > 1);
        }
        assert_eq!(std::fs::read(folder.path().join("numbers.gz")).unwrap(), content);
    }
}

#[test]
fn crumbs_make_a_file() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    let slow = server(&content[..], Manner::Crumble);
    assert!(fetched(&[&slow], &file, folder.path()).is_ok());
    assert_eq!(slow.requests.lock().unwrap().len(), content.len().div_ceil(40));
}

#[test]
fn every_bad_mirror_is_left_for_the_next_one() {
    let (content, file) = published();
    for manner in [Manner::Absent, Manner::Corrupt, Manner::Endless] {
        let folder = tempfile::tempdir().unwrap();
        let (bad, good) = (server(&content, manner), server(&content, Manner::Right));
        let found = fetched(&[&bad, &good], &file, folder.path()).unwrap();
        assert!(found.from.unwrap().starts_with(&good.address), "{manner:?}");
        assert_eq!(names(folder.path()), ["numbers.gz"], "{manner:?}");
    }
}

#[test]
fn a_server_without_ranges_starts_over() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("numbers.gz.part"), &content[..100]).unwrap();
    let simple = server(&content, Manner::NoRanges);
    assert!(fetched(&[&simple], &file, folder.path()).is_ok());
    assert_eq!(*simple.requests.lock().unwrap(), ["/numbers.gz from 100"]);
}

#[test]
fn a_beginning_of_another_file_is_given_up() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("numbers.gz.part");
    std::fs::write(&part, vec![9; 100]).unwrap();
    let good = server(&content, Manner::Right);
    assert!(fetched(&[&good], &file, folder.path()).is_ok());
    assert_eq!(*good.requests.lock().unwrap(), ["/numbers.gz from 100", "/numbers.gz"]);
    // The same with one that is longer than the file.
    std::fs::remove_file(folder.path().join("numbers.gz")).unwrap();
    std::fs::write(&part, vec![9; content.len() + 1]).unwrap();
    assert!(fetched(&[&good], &file, folder.path()).is_ok());
}

#[test]
fn another_part_than_was_asked_for_is_refused() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("numbers.gz.part"), &content[..100]).unwrap();
    let bad = server(&content, Manner::WrongPart);
    let message = fetched(&[&bad], &file, folder.path()).unwrap_err().to_string();
    assert!(message.contains("another part than was asked for"), "{message}");
}

#[test]
fn the_error_names_every_mirror_and_a_way_out() {
    let (content, file) = published();
    let folder = tempfile::tempdir().unwrap();
    let (absent, corrupt) = (server(&content, Manner::Absent), server(&content, Manner::Corrupt));
    let mut nobody = server(&content, Manner::Right);
    // A port on which nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    nobody.address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = fetched(&[&absent, &corrupt, &nobody], &file, folder.path()).unwrap_err();
    let Error::Download { reasons, .. } = &error else { panic!("{error}") };
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].ends_with("status 404"), "{error}");
    assert!(reasons[1].contains("after decompression") || reasons[1].contains("gzip"), "{error}");
    assert!(error.to_string().ends_with("name their folder (--from DIR)"), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn files_are_taken_from_a_folder_if_they_are_the_published_ones() {
    let (content, file) = published();
    let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = Source {
        title: String::new(),
        licence: String::new(),
        mirrors: Vec::new(),
        files: vec![file],
    };
    let options = FetchOptions { from: Some(from.path().to_owned()), ..FetchOptions::default() };
    let take = || fetch(&source, folder.path(), &options, |_| ());
    assert!(matches!(take().unwrap_err(), Error::Io { .. }));
    let original = from.path().join("numbers.gz");
    std::fs::write(&original, &content[..content.len() - 9]).unwrap();
    let message = take().unwrap_err().to_string();
    assert!(message.contains("no complete gzip file"), "{message}");
    assert_eq!(names(folder.path()), [""; 0]);
    std::fs::write(&original, &content).unwrap();
    // An original that must not be written is copied into a file that may be.
    let mut permissions = std::fs::metadata(&original).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&original, permissions).unwrap();
    assert_eq!(take().unwrap()[0].from, Some(original.display().to_string()));
    assert_eq!(names(folder.path()), ["numbers.gz"]);
    let copied = folder.path().join("numbers.gz");
    assert_eq!(std::fs::read(&copied).unwrap(), content);
    assert!(!std::fs::metadata(&copied).unwrap().permissions().readonly());
}
