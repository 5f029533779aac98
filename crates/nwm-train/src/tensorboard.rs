//! TensorBoard event files: the scalars of `metrics.csv`, for those who watch them there.
//!
//! An event file is a sequence of records: length (u64, little-endian), masked CRC-32C of the length, a protocol-buffer
//! `Event`, masked CRC-32C of it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use prost::Message;

use crate::error::{Error, Result};
use crate::metrics::MetricsRow;

/// The messages of `tensorflow/core/util/event.proto` that scalars need.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Event {
        #[prost(double, tag = "1")]
        pub(super) wall_time: f64,
        #[prost(int64, tag = "2")]
        pub(super) step: i64,
        #[prost(string, optional, tag = "3")]
        pub(super) file_version: Option<String>,
        #[prost(message, optional, tag = "5")]
        pub(super) summary: Option<Summary>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Summary {
        #[prost(message, repeated, tag = "1")]
        pub(super) value: Vec<Value>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Value {
        #[prost(string, tag = "1")]
        pub(super) tag: String,
        #[prost(float, optional, tag = "2")]
        pub(super) simple_value: Option<f32>,
    }
}

/// An open event file.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
}

impl EventLog {
    /// Starts an event file of its own for this process: TensorBoard joins all files of a folder, and a restart at an
    /// earlier step supersedes what came after it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn create(run_directory: &Path) -> Result<Self> {
        let now = seconds_since_epoch();
        let name = format!("events.out.tfevents.{:010}.nwm.{}", now as u64, std::process::id());
        let path = run_directory.join(name);
        let file = File::create(&path).map_err(Error::io(&path))?;
        let mut log = Self { path, file };
        log.write(&proto::Event {
            wall_time: now,
            file_version: Some("brain.Event:2".into()),
            ..proto::Event::default()
        })?;
        Ok(log)
    }

    /// Appends the scalars of one row.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be written.
    pub fn append(&mut self, row: &MetricsRow) -> Result<()> {
        let scalars = [
            ("train/loss", Some(row.loss)),
            ("train/mse", row.mse),
            ("train/accuracy", row.accuracy),
            ("train/divergence", row.divergence),
            ("validation/l2_norm", row.validation),
            ("train/gradient_norm", Some(row.gradient_norm)),
            ("train/learning_rate", Some(row.learning_rate)),
            ("cell/dt", row.dt),
            ("cell/gamma", row.gamma),
            ("cell/alpha", row.alpha),
        ];
        let value =
            |tag: String, value: f64| proto::Value { tag, simple_value: Some(value as f32) };
        let scalars =
            scalars.into_iter().filter_map(|(tag, number)| Some(value(tag.to_owned(), number?)));
        let waves = row.waves.iter().map(|(name, number)| value(format!("waves/{name}"), *number));
        let value = scalars.chain(waves).collect();
        self.write(&proto::Event {
            wall_time: seconds_since_epoch(),
            step: i64::try_from(row.step).unwrap_or(i64::MAX),
            file_version: None,
            summary: Some(proto::Summary { value }),
        })
    }

    fn write(&mut self, event: &proto::Event) -> Result<()> {
        let record = frame(&event.encode_to_vec());
        self.file.write_all(&record).map_err(Error::io(&self.path))
    }
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(payload);
    record.extend(masked_crc(payload).to_le_bytes());
    record
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn seconds_since_epoch() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_record_has_the_bytes_every_event_file_starts_with() {
        let event = proto::Event {
            wall_time: 0.0,
            file_version: Some("brain.Event:2".into()),
            ..proto::Event::default()
        };
        let record = frame(&event.encode_to_vec());
        assert_eq!(&record[..8], 15_u64.to_le_bytes());
        // Field 3, length-delimited, 13 bytes.
        assert_eq!(&record[12..27], b"\x1a\x0dbrain.Event:2");
        assert_eq!(record.len(), 8 + 4 + 15 + 4);
    }

    #[test]
    fn the_checksum_is_the_masked_castagnoli_one() {
        // CRC-32C of "123456789" is e3069283.
        let unmasked = 0xe306_9283_u32;
        assert_eq!(masked_crc(b"123456789"), unmasked.rotate_right(15).wrapping_add(0xa282_ead8));
    }

    #[test]
    fn scalars_decode_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::create(folder.path()).unwrap();
        log.append(&MetricsRow {
            step: 50,
            epoch: 0.0,
            seconds: 1.0,
            loss: 0.6,
            mse: None,
            accuracy: Some(0.75),
            divergence: None,
            gradient_norm: 2.0,
            learning_rate: 1e-3,
            dt: None,
            gamma: None,
            alpha: None,
            validation: None,
            waves: vec![("pgd".into(), 0.25), ("pgd_null".into(), 0.125)],
        })
        .unwrap();
        let bytes = std::fs::read(&log.path).unwrap();
        let first = 16 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let event = proto::Event::decode(&bytes[first + 12..bytes.len() - 4]).unwrap();
        assert_eq!(event.step, 50);
        let summary = event.summary.unwrap();
        assert_eq!(summary.value.len(), 4 + 2);
        assert_eq!(summary.value[5].tag, "waves/pgd_null");
        assert_eq!(summary.value[5].simple_value, Some(0.125));
        assert_eq!(summary.value[1].tag, "train/accuracy");
        assert_eq!(summary.value[1].simple_value, Some(0.75));
        assert_eq!(summary.value[0].tag, "train/loss");
        assert_eq!(summary.value[0].simple_value, Some(0.6));
    }
}
