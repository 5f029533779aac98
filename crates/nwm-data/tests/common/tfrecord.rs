//! A reader for the suite's published files: TFRecord frames around `tf.train.Example` messages.

use std::collections::BTreeMap;
use std::path::Path;

/// One feature of a record.
pub(crate) enum Feature {
    Bytes(Vec<Vec<u8>>),
    Integers(Vec<i64>),
}

/// The features of one record by name.
pub(crate) struct Record(BTreeMap<String, Feature>);

impl Record {
    /// A feature of double-precision numbers, stored as the bits of whole numbers.
    pub(crate) fn doubles(&self, name: &str) -> Vec<f64> {
        match &self.0[name] {
            Feature::Integers(bits) => bits.iter().map(|&b| f64::from_bits(b as u64)).collect(),
            Feature::Bytes(_) => panic!("{name} holds bytes"),
        }
    }

    /// The pictures, axes `[frame, row, column, channel]`.
    pub(crate) fn pictures(&self) -> Vec<u8> {
        match &self.0["image"] {
            Feature::Bytes(values) => {
                image::load_from_memory(&values[0]).unwrap().into_rgb8().into_raw()
            }
            Feature::Integers(_) => panic!("the image holds numbers"),
        }
    }
}

/// All records of a file.
pub(crate) fn records(path: &Path) -> Vec<Record> {
    let file = std::fs::read(path).unwrap();
    let mut rest = file.as_slice();
    let mut records = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        records.push(example(&rest[12..12 + length]));
        rest = &rest[12 + length + 4..];
    }
    records
}

/// A protocol-buffer field: its number with a length-delimited value or a whole number.
enum Field<'a> {
    Block(u64, &'a [u8]),
    Integer(u64, u64),
}

fn variable_length_integer(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for position in 0.. {
        let byte = rest[0];
        *rest = &rest[1..];
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut rest: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = variable_length_integer(&mut rest);
        let value = variable_length_integer(&mut rest);
        match tag & 7 {
            0 => fields.push(Field::Integer(tag >> 3, value)),
            2 => {
                let (block, after) = rest.split_at(value as usize);
                fields.push(Field::Block(tag >> 3, block));
                rest = after;
            }
            kind => panic!("unexpected wire type {kind}"),
        }
    }
    fields
}

/// The blocks with this number.
fn blocks(message: &[u8], wanted: u64) -> Vec<&[u8]> {
    fields(message)
        .into_iter()
        .filter_map(|field| match field {
            Field::Block(number, block) if number == wanted => Some(block),
            _ => None,
        })
        .collect()
}

fn example(message: &[u8]) -> Record {
    let mut features = BTreeMap::new();
    for entry in blocks(blocks(message, 1)[0], 1) {
        let name = String::from_utf8(blocks(entry, 1)[0].to_vec()).unwrap();
        features.insert(name, feature(blocks(entry, 2)[0]));
    }
    Record(features)
}

fn feature(message: &[u8]) -> Feature {
    if let [bytes] = blocks(message, 1)[..] {
        return Feature::Bytes(blocks(bytes, 1).into_iter().map(<[u8]>::to_vec).collect());
    }
    let mut integers = Vec::new();
    for field in blocks(message, 3).into_iter().flat_map(fields) {
        match field {
            Field::Integer(_, value) => integers.push(value as i64),
            Field::Block(_, mut packed) => {
                while !packed.is_empty() {
                    integers.push(variable_length_integer(&mut packed) as i64);
                }
            }
        }
    }
    Feature::Integers(integers)
}
