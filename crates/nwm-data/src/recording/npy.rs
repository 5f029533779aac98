//! Arrays in NPY files.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use npyz::{DType, Deserialize, NpyHeader, Order, TypeRead};

use super::array_file::{ArrayFile, content};
use crate::error::{Error, Result};

/// What NPY files begin with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Bytes that are read at once where an array is read in small pieces.
const BUFFER: usize = 1 << 18;

/// Bytes of a header, at most: NumPy refuses longer ones, too, since what is written in them takes long to read.
const LONGEST_HEADER: u64 = 10_000;

/// Brackets in brackets of a header: a shape in a dictionary are two, the fields of a type with a shape of their own four.
const DEEPEST_HEADER: usize = 6;

/// Bytes up to the end of the length of a header, which has two bytes in the first version and four in others.
const START: usize = MAGIC.len() + 2 + 4;

/// Appends numbers made of bytes.
type Decoder = Box<dyn Fn(&[u8], &mut Vec<f64>) -> io::Result<()> + Send + Sync>;

/// An array in an NPY file, or in one that lies in another file.
pub(super) struct NpyArray {
    file: BufReader<File>,
    path: PathBuf,
    place: String,
    /// Lengths of the axes as they are stored, slowest first.
    shape: Vec<usize>,
    is_reversed: bool,
    element: usize,
    decoder: Decoder,
    /// Where the numbers begin.
    data: u64,
}

impl NpyArray {
    /// Opens the array that begins at the byte `start` of a file and has `length` bytes. `path` and `place` say in
    /// messages where it is.
    pub(super) fn open(
        file: File,
        path: &Path,
        place: &str,
        start: u64,
        length: u64,
    ) -> Result<Self> {
        let io = |source| Error::Io { path: path.to_path_buf(), action: "read it", source };
        let mut file = BufReader::with_capacity(BUFFER, file);
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        // Who wrote the file may claim more than there is.
        let end = file.get_ref().metadata().map_err(io)?.len().min(start.saturating_add(length));
        let length = end.saturating_sub(start);
        let header = read_header((&mut file).take(length));
        let header = header.map_err(|reason| {
            content(path, place, format!("no readable header ({reason})"), "an NPY array")
        })?;
        let data = file.stream_position().map_err(io)?;
        let is_reversed = header.order() == Order::Fortran;
        let mut shape = header.shape().to_vec();
        if is_reversed {
            shape.reverse();
        }
        let element = header.dtype().num_bytes();
        let (Some(decoder), Some(element)) = (decoder(&header.dtype()), element) else {
            let found = format!("numbers of type {}", header.dtype().descr());
            return Err(content(path, place, found, "whole or real numbers"));
        };
        let bytes = shape.iter().try_fold(element as u64, |bytes, &n| bytes.checked_mul(n));
        let there = end.saturating_sub(data);
        if bytes.is_none_or(|bytes| bytes > there) {
            let found = format!("{there} bytes of numbers; the file may be cut off");
            let expected = format!("{:?} of {element} bytes each", header.shape());
            return Err(content(path, place, found, expected));
        }
        // They fit, since the bytes are there.
        let shape = shape.iter().map(|&length| length as usize).collect();
        let (path, place) = (path.to_path_buf(), place.to_owned());
        Ok(Self { file, path, place, shape, is_reversed, element, decoder, data })
    }

    /// Whether the axes are stored in the opposite order of the one that the file was saved with.
    pub(super) fn is_reversed(&self) -> bool {
        self.is_reversed
    }

    /// Moves to a byte and reads some.
    fn read_bytes(&mut self, start: u64, bytes: &mut [u8]) -> Result<()> {
        let mut read = |file: &mut BufReader<File>| {
            let here = file.stream_position()?;
            // Short ways stay within the buffer.
            file.seek_relative(start.wrapping_sub(here) as i64)?;
            file.read_exact(bytes)
        };
        read(&mut self.file).map_err(|source| Error::Io {
            path: self.path.clone(),
            action: "read it",
            source,
        })
    }
}

impl ArrayFile for NpyArray {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&mut self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>> {
        let rank = self.shape.len();
        // The axes from here on are read in one piece.
        let whole = (0..rank).rev().find(|&axis| counts[axis] != self.shape[axis]).unwrap_or(0);
        let run: usize = counts[whole..].iter().product();
        let mut bytes = vec![0; run * self.element];
        let mut values = Vec::with_capacity(counts.iter().product());
        let pieces: usize = counts[..whole].iter().product();
        for piece in 0..pieces {
            let (mut rest, mut first, mut stride) = (piece, 0, 1);
            for axis in (0..rank).rev() {
                let index = if axis < whole { rest % counts[axis] } else { 0 };
                rest /= if axis < whole { counts[axis] } else { 1 };
                first += (starts[axis] + index) * stride;
                stride *= self.shape[axis];
            }
            self.read_bytes(self.data + (first * self.element) as u64, &mut bytes)?;
            (self.decoder)(&bytes, &mut values).map_err(|error| {
                content(&self.path, &self.place, format!("unreadable data ({error})"), "numbers")
            })?;
        }
        Ok(values)
    }
}

/// Reads a header. The library panics at sizes that cannot be, where overflow is looked for, makes room for a header of any
/// length before it reads it, and takes twice as long for every bracket in a bracket.
pub(super) fn read_header(mut bytes: impl Read) -> Result<NpyHeader, String> {
    let mut header = vec![0; START];
    bytes.read_exact(&mut header).map_err(|error| error.to_string())?;
    let length = &header[MAGIC.len() + 2..];
    // The first version has two bytes of text where others have the rest of the length.
    let (length, there) = match header[MAGIC.len()] {
        1 => (u64::from(u16::from_le_bytes([length[0], length[1]])), 2),
        _ => (u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]])), 0),
    };
    if length > LONGEST_HEADER {
        return Err(format!("{length} bytes long, more than {LONGEST_HEADER}"));
    }
    let rest = bytes.take(length.saturating_sub(there)).read_to_end(&mut header);
    rest.map_err(|error| error.to_string())?;
    if depth(&header) > DEEPEST_HEADER {
        return Err(format!("brackets in brackets, deeper than {DEEPEST_HEADER}"));
    }
    match catch_unwind(AssertUnwindSafe(|| NpyHeader::from_reader(&header[..]))) {
        Ok(header) => header.map_err(|error| error.to_string()),
        Err(_) => Err("an impossible size".to_owned()),
    }
}

/// How many brackets are open at once, at most.
fn depth(text: &[u8]) -> usize {
    let mut open = 0_usize;
    let depths = text.iter().map(|byte| {
        match byte {
            b'{' | b'(' | b'[' => open += 1,
            b'}' | b')' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        open
    });
    depths.max().unwrap_or(0)
}

/// What reads numbers of a type, if they are real.
fn decoder(dtype: &DType) -> Option<Decoder> {
    fn of<T: Deserialize + 'static>(dtype: &DType, widen: fn(T) -> f64) -> Option<Decoder>
    where
        T::TypeReader: Send + Sync,
    {
        let reader = T::reader(dtype).ok()?;
        Some(Box::new(move |mut bytes, values| {
            while !bytes.is_empty() {
                values.push(widen(reader.read_one(&mut bytes)?));
            }
            Ok(())
        }))
    }
    of::<f32>(dtype, f64::from)
        .or_else(|| of::<f64>(dtype, |value| value))
        .or_else(|| of::<half::f16>(dtype, half::f16::to_f64))
        .or_else(|| of::<i8>(dtype, f64::from))
        .or_else(|| of::<u8>(dtype, f64::from))
        .or_else(|| of::<i16>(dtype, f64::from))
        .or_else(|| of::<u16>(dtype, f64::from))
        .or_else(|| of::<i32>(dtype, f64::from))
        .or_else(|| of::<u32>(dtype, f64::from))
        .or_else(|| of::<i64>(dtype, |value| value as f64))
        .or_else(|| of::<u64>(dtype, |value| value as f64))
}
