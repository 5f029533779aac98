//! From the suite's published files to ours.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::metadata::{Origin, SourceFile};
use super::write::{Effort, SetWriter, WriteOptions};
use crate::appearances::Appearances;
use crate::atomic::write_atomically;
use crate::error::{Error, Result};
use crate::hdf5_file::Writer;
use crate::render::{Appearance, Renderer};
use crate::spec::{DatasetSpec, Split, Variant};
use crate::systems::System;
use crate::tfrecord::{Example, Records, SuiteRecord, count_records};
use crate::trajectories::Trajectories;

/// Records that are decoded together.
const BATCH: usize = 32;

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
    /// Time between two states.
    pub dt: f64,
    /// Whether to store the pictures, too.
    pub frames: bool,
}

/// Copies the records of the suite's files into one HDF5 file, in their order, and returns what it holds: states and
/// parameters bit for bit, and pictures, if they are wanted, byte for byte.
///
/// Every record is compared with the system, the variant and the time step that it is said to have: its derivatives, its
/// first frames as a motion, and its first and last picture. `progress` is called with the number of records so far and
/// of all.
///
/// # Errors
///
/// [`Error::Io`] if a file cannot be read or written, [`Error::Content`] if a record is damaged, has another number of
/// frames than the first one, or does not fit the options. The file `path` is complete or untouched.
pub fn import(
    files: &[PathBuf],
    options: ImportOptions,
    path: &Path,
    mut progress: impl FnMut(usize, usize),
) -> Result<DatasetSpec> {
    let counts = files.iter().map(|file| count_records(file)).collect::<Result<Vec<u64>>>()?;
    let total = counts.iter().sum::<u64>() as usize;
    let Some(first) = first_record(files, &counts, options.system)? else {
        return Err(Error::EmptySource);
    };
    let spec = DatasetSpec {
        variant: options.variant,
        frames: first.states.len() / options.system.state_dimension(),
        dt: options.dt,
        ..DatasetSpec::new(options.system, options.split, total)
    };
    spec.validate()?;
    let source = |(file, &records): (&PathBuf, &u64)| {
        let bytes = std::fs::metadata(file).map(|metadata| metadata.len()).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        SourceFile { name, bytes, records }
    };
    let origin = Origin::Imported { files: files.iter().zip(&counts).map(source).collect() };
    let importer = Importer { spec: &spec, renderer: Renderer::new(spec.system, spec.variant) };
    write_atomically(path, |scratch| {
        let file = Writer::create(scratch, path)?;
        let write_options = WriteOptions { frames: options.frames };
        let mut writer = SetWriter::new(&file, &spec, write_options, Effort::Lasting)?;
        let mut done = 0;
        for file in files {
            let mut records = Records::open(file)?;
            loop {
                let first = done;
                let payloads = records.by_ref().take(BATCH).collect::<Result<Vec<_>>>()?;
                if payloads.is_empty() {
                    break;
                }
                done += payloads.len();
                let decoded = payloads
                    .par_iter()
                    .enumerate()
                    .map(|(index, payload)| {
                        importer.decode(payload).map_err(|problem| problem.at(file, first + index))
                    })
                    .collect::<Result<Vec<_>>>()?;
                importer.append(decoded, &mut writer)?;
                progress(done, total);
            }
        }
        writer.finish(origin)?;
        file.close()
    })?;
    Ok(spec)
}

/// The first record of the files, if there is one.
fn first_record(files: &[PathBuf], counts: &[u64], system: System) -> Result<Option<SuiteRecord>> {
    let Some((file, _)) = files.iter().zip(counts).find(|(_, count)| **count > 0) else {
        return Ok(None);
    };
    let Some(payload) = Records::open(file)?.next().transpose()? else { return Ok(None) };
    let record = Example::decode(&payload)
        .and_then(|example| SuiteRecord::from_example(&example, system))
        .map_err(|found| Problem::damaged(found).at(file, 0))?;
    Ok(Some(record))
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
        let system = self.spec.system;
        let record = Example::decode(payload)
            .and_then(|example| SuiteRecord::from_example(&example, system))
            .map_err(Problem::damaged)?;
        let frames = record.states.len() / system.state_dimension();
        if frames != self.spec.frames {
            return Err(Problem {
                found: format!("{frames} frames"),
                expected: format!("{}, as in the first record", self.spec.frames),
            });
        }
        let pictures = self.decode_pictures(&record.image)?;
        self.check_motion(&record)?;
        self.check_pictures(&record, &pictures)?;
        Ok((record, pictures))
    }

    /// All frames of a PNG file in which they lie below each other.
    fn decode_pictures(&self, image: &[u8]) -> Result<Vec<u8>, Problem> {
        let [rows, columns, _] = self.renderer.frame_shape();
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

    /// Compares derivatives, and the first frames as a motion from the first one.
    fn check_motion(&self, record: &SuiteRecord) -> Result<(), Problem> {
        let DatasetSpec { system, variant, dt, frames, .. } = *self.spec;
        let SuiteRecord { states, derivatives, parameters, .. } = record;
        let dimension = system.state_dimension();
        let misfit = |error: Error| Problem::damaged(error.to_string());
        let mut slopes = vec![0.0; states.len()];
        for (state, slope) in states.chunks(dimension).zip(slopes.chunks_mut(dimension)) {
            system.derivative(parameters, state, slope).map_err(misfit)?;
        }
        let mut moved = vec![0.0; frames.min(FOLLOWED_FRAMES) * dimension];
        system.solve(variant, parameters, &states[..dimension], dt, &mut moved).map_err(misfit)?;
        for (what, ours, theirs) in
            [("derivatives", &slopes, derivatives), ("states", &moved, states)]
        {
            let theirs = &theirs[..ours.len()];
            let largest = theirs.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let difference =
                ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // Not the negation, so that what is no number is refused.
            let close = difference <= MOTION_TOLERANCE * largest.max(1.0);
            if !close {
                return Err(Problem {
                    found: format!("{what} that differ by {difference:.1e}"),
                    expected: format!("those of {system}, {variant}, with a time step of {dt}"),
                });
            }
        }
        Ok(())
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
