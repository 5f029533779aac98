//! From the suite's published files to ours.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::metadata::{Origin, SourceFile};
use super::write::{Compression, SetWriter, WriteOptions};
use crate::appearances::Appearances;
use crate::atomic::{check_target, write_atomically};
use crate::error::{Error, Result};
use crate::hdf5_file::Writer;
use crate::render::{Appearance, Renderer};
use crate::spec::{DatasetSpec, Split, Variant};
use crate::systems::System;
use crate::tfrecord::{Example, Records, SuiteRecord, count_records};
use crate::trajectories::Trajectories;

/// Bytes of pictures, and records, that are decoded together.
const BATCH_BYTES: usize = 64 << 20;
const MOST_IN_BATCH: usize = 64;

/// Frames over which the motion of a record is followed: enough for friction and the time step to show, few enough for a
/// chaotic system.
const FOLLOWED_FRAMES: usize = 8;

/// How far states and derivatives may be from ours, in terms of the largest of them: single precision and a coarser
/// tolerance of the integrator pass, another system, variant or time step does not.
const MOTION_TOLERANCE: f64 = 1e-4;

/// Levels (of 255) by which a value of a picture may differ from ours, and the share of values that may differ by more.
const PICTURE_LEVELS: u8 = 2;
const PICTURE_SHARE: f64 = 0.01;

/// Advice at the end of messages about records that do not fit.
const CHECK: &str =
    "check the system, the variant and the time step that the records were said to have";

/// What records do not say themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportOptions {
    /// The equations.
    pub system: System,
    /// What varies.
    pub variant: Variant,
    /// The part of the set.
    pub split: Split,
    /// Time between two states; if it is not known, the one of [`PUBLISHED_STEPS`](Self::PUBLISHED_STEPS) by which the
    /// first record moves.
    pub dt: Option<f64>,
    /// Whether to store the pictures, too.
    pub frames: bool,
}

impl ImportOptions {
    /// The time steps of the suite's sets.
    pub const PUBLISHED_STEPS: [f64; 2] = [0.05, 0.1];
}

/// Copies the records of the suite's files into one HDF5 file, in their order, and returns what it holds: states and
/// parameters bit for bit, and pictures, if they are wanted, byte for byte.
///
/// Every record is compared with the system, the variant and the time step that it is said to have: its derivatives, its
/// first frames as a motion, and its first and last picture. `progress` is called with the number of records so far and
/// of all, and may answer that it wants to stop.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be read or written, [`Error::Content`] if a record is damaged, has another number of
/// frames than the first one, or does not fit the options, [`Error::Interrupted`]. The file `path` is complete or
/// untouched.
pub fn import(
    files: &[PathBuf],
    options: ImportOptions,
    path: &Path,
    mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<DatasetSpec> {
    check_target(path)?;
    let counts = files.iter().map(|file| count_records(file)).collect::<Result<Vec<u64>>>()?;
    let total = counts.iter().sum::<u64>() as usize;
    let spec = specification(files, &counts, options)?;
    let source = |(file, &records): (&PathBuf, &u64)| {
        let bytes = std::fs::metadata(file).map(|metadata| metadata.len()).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        SourceFile { name, bytes, records }
    };
    let origin = Origin::Imported { files: files.iter().zip(&counts).map(source).collect() };
    let importer = Importer { spec: &spec, renderer: Renderer::new(spec.system, spec.variant) };
    let record_bytes = spec.frames * importer.renderer.frame_len();
    let batch = (BATCH_BYTES / record_bytes).clamp(1, MOST_IN_BATCH);
    let fill = |set: &Writer| {
        let write_options = WriteOptions { frames: options.frames };
        let mut writer = SetWriter::new(set, &spec, write_options, Compression::Lasting)?;
        let mut done = 0;
        for file in files {
            let mut records = Records::open(file)?;
            let mut first = 0;
            loop {
                let payloads = records.by_ref().take(batch).collect::<Result<Vec<_>>>()?;
                if payloads.is_empty() {
                    break;
                }
                let decoded: Vec<Result<Decoded>> = payloads
                    .par_iter()
                    .enumerate()
                    .map(|(index, payload)| {
                        importer.decode(payload).map_err(|problem| problem.at(file, first + index))
                    })
                    .collect();
                // The first record that does not fit is named, whichever thread was first.
                let decoded = decoded.into_iter().collect::<Result<Vec<_>>>()?;
                importer.append(decoded, &mut writer)?;
                first += payloads.len();
                done += payloads.len();
                if progress(done, total).is_break() {
                    return Err(Error::Interrupted);
                }
            }
        }
        writer.finish(origin)
    };
    write_atomically(path, |scratch| Writer::write(scratch, path, fill))?;
    Ok(spec)
}

/// What the records are together, as far as the first one tells.
fn specification(files: &[PathBuf], counts: &[u64], options: ImportOptions) -> Result<DatasetSpec> {
    let ImportOptions { system, variant, split, dt, .. } = options;
    let nothing = |path: &Path| Error::Content {
        path: path.to_path_buf(),
        place: "file".to_owned(),
        found: "no record".to_owned(),
        expected: "at least one record of the suite in the files".to_owned(),
        advice: "name other files",
    };
    let first = files.first().map_or(Path::new(""), PathBuf::as_path);
    let Some((file, _)) = files.iter().zip(counts).find(|(_, count)| **count > 0) else {
        return Err(nothing(first));
    };
    let payload = Records::open(file)?.next().transpose()?.ok_or_else(|| nothing(file))?;
    let record = decode(&payload, system).map_err(|problem| problem.at(file, 0))?;
    let known = DatasetSpec {
        variant,
        frames: record.states.len() / system.state_dimension(),
        ..DatasetSpec::new(system, split, counts.iter().sum::<u64>() as usize)
    };
    let with_step = |dt| DatasetSpec { dt, ..known.clone() };
    let moves_by = |dt: &f64| check_motion(&with_step(*dt), &record).is_ok();
    let published = || ImportOptions::PUBLISHED_STEPS.into_iter().find(moves_by);
    // Where none fits, the records are refused with the system's own.
    let spec = with_step(dt.or_else(published).unwrap_or(known.dt));
    spec.validate()?;
    Ok(spec)
}

/// Decodes a record without its pictures.
fn decode(payload: &[u8], system: System) -> Result<SuiteRecord, Problem> {
    Example::decode(payload)
        .and_then(|example| SuiteRecord::from_example(&example, system))
        .map_err(Problem::damaged)
}

/// Why a record is refused.
struct Problem {
    found: String,
    expected: String,
}

impl Problem {
    fn damaged(found: String) -> Self {
        Self { found, expected: "a trajectory of the suite".to_owned() }
    }

    fn at(self, file: &Path, record: usize) -> Error {
        Error::Content {
            path: file.to_path_buf(),
            place: format!("record {record}"),
            found: self.found,
            expected: self.expected,
            advice: CHECK,
        }
    }
}

/// What all records of an import share.
struct Importer<'a> {
    spec: &'a DatasetSpec,
    renderer: Renderer,
}

/// A record and its decoded pictures, `[frame, row, column, channel]`.
type Decoded = (SuiteRecord, Vec<u8>);

impl Importer<'_> {
    /// Decodes a record and checks it.
    fn decode(&self, payload: &[u8]) -> Result<Decoded, Problem> {
        let record = decode(payload, self.spec.system)?;
        let frames = record.states.len() / self.spec.system.state_dimension();
        if frames != self.spec.frames {
            return Err(Problem {
                found: format!("{frames} frames"),
                expected: format!("{}, as in the first record", self.spec.frames),
            });
        }
        let pictures = self.decode_pictures(&record.image)?;
        check_motion(self.spec, &record)?;
        self.check_pictures(&record, &pictures)?;
        Ok((record, pictures))
    }

    /// All frames of a PNG file in which they lie below each other.
    fn decode_pictures(&self, image: &[u8]) -> Result<Vec<u8>, Problem> {
        let [rows, columns, _] = self.renderer.frame_shape();
        // At most 100 000 frames: no overflow.
        let (width, height) = (columns as u32, (self.spec.frames * rows) as u32);
        let bytes = self.spec.frames * self.renderer.frame_len();
        let unreadable =
            |error: png::DecodingError| Problem::damaged(format!("no readable PNG ({error})"));
        let limits = png::Limits { bytes: bytes + (1 << 20) };
        let mut reader = png::Decoder::new_with_limits(std::io::Cursor::new(image), limits)
            .read_info()
            .map_err(unreadable)?;
        let info = reader.info();
        let kind = (info.color_type, info.bit_depth);
        if (info.width, info.height, kind)
            != (width, height, (png::ColorType::Rgb, png::BitDepth::Eight))
        {
            return Err(Problem {
                found: format!("a picture of {} x {} pixels, {kind:?}", info.width, info.height),
                expected: format!("{width} x {height} pixels of 8-bit RGB"),
            });
        }
        let mut pictures = vec![0; bytes];
        reader.next_frame(&mut pictures).map_err(unreadable)?;
        Ok(pictures)
    }

    /// Compares the first and the last picture.
    fn check_pictures(&self, record: &SuiteRecord, pictures: &[u8]) -> Result<(), Problem> {
        let dimension = self.spec.system.state_dimension();
        let mut drawn = vec![0; self.renderer.frame_len()];
        let appearance = Appearance {
            parameters: &record.parameters,
            offset: record.offset,
            colour_indices: &record.colour_indices,
        };
        let last = self.spec.frames - 1;
        for frame in [0, last] {
            let state = &record.states[frame * dimension..][..dimension];
            self.renderer
                .frame(state, &appearance, &mut drawn)
                .map_err(|error| Problem::damaged(error.to_string()))?;
            let theirs = &pictures[frame * drawn.len()..][..drawn.len()];
            let differ =
                drawn.iter().zip(theirs).filter(|(a, b)| a.abs_diff(**b) > PICTURE_LEVELS).count();
            if differ as f64 > PICTURE_SHARE * drawn.len() as f64 {
                return Err(Problem {
                    found: format!("a picture {frame} of which {differ} values are others"),
                    expected: format!("that of {}, {}", self.spec.system, self.spec.variant),
                });
            }
        }
        Ok(())
    }

    /// Appends decoded records.
    fn append(&self, decoded: Vec<Decoded>, writer: &mut SetWriter<'_>) -> Result<()> {
        let spec = DatasetSpec { trajectories: decoded.len(), ..self.spec.clone() };
        let (mut states, mut pictures) = (Vec::new(), Vec::new());
        let (mut parameters, mut offsets, mut colours) = (Vec::new(), Vec::new(), Vec::new());
        for (record, frames) in decoded {
            states.extend(record.states);
            parameters.extend(record.parameters);
            offsets.extend(record.offset);
            colours.extend(record.colour_indices);
            pictures.extend(frames);
        }
        let appearances = Appearances::new(&spec, parameters, offsets, colours)?;
        writer.append(&Trajectories::new(spec, states, appearances)?)?;
        writer.append_pictures(&pictures)
    }
}

/// Compares derivatives, and the first frames as a motion from the first one.
fn check_motion(spec: &DatasetSpec, record: &SuiteRecord) -> Result<(), Problem> {
    let DatasetSpec { system, variant, dt, frames, .. } = *spec;
    let SuiteRecord { states, derivatives, parameters, .. } = record;
    let dimension = system.state_dimension();
    let misfit = |error: Error| Problem::damaged(error.to_string());
    let mut slopes = vec![0.0; states.len()];
    for (state, slope) in states.chunks(dimension).zip(slopes.chunks_mut(dimension)) {
        system.derivative(parameters, state, slope).map_err(misfit)?;
    }
    let compare = |what: &str, ours: &[f64], theirs: &[f64]| {
        let theirs = &theirs[..ours.len()];
        let largest = theirs.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
        let tolerance = MOTION_TOLERANCE * largest;
        // What is no number is not close.
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance;
        match ours.iter().zip(theirs).position(|pair| !close(pair)) {
            None => Ok(()),
            Some(place) => Err(Problem {
                found: format!("{what} {} in frame {}", theirs[place], place / dimension),
                expected: format!(
                    "{} within {tolerance:.0e}, as of {system}, {variant}, with a time step of {dt}",
                    ours[place]
                ),
            }),
        }
    };
    compare("derivative", &slopes, derivatives)?;
    let mut moved = vec![0.0; frames.min(FOLLOWED_FRAMES) * dimension];
    system.solve(variant, parameters, &states[..dimension], dt, &mut moved).map_err(misfit)?;
    compare("state", &moved, states)
}
