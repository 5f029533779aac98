//! Recordings in files of every kind.

use std::io::{Cursor, Write as _};
use std::path::Path;

use nwm_data::arrays::{self, ArrayLayout, Element};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::write;

pub fn write_all() {
    let shapes: [&[usize]; 3] = [&[5, 4], &[5, 2, 3], &[2, 5, 2, 3]];
    for shape in shapes {
        for descr in ["<i2", ">f8", "|u1", "<f4", "<f2"] {
            for is_fortran in [false, true] {
                let name = format!("{}-{}-{is_fortran}", shape.len(), &descr[1..]);
                write("recording", &name, &npy(descr, is_fortran, shape));
            }
        }
    }
    for (name, method) in
        [("stored", CompressionMethod::Stored), ("deflated", CompressionMethod::Deflated)]
    {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (array, shape) in [("activity", &[6, 3, 2][..]), ("times", &[6])] {
            archive.start_file(format!("{array}.npy"), options).unwrap();
            archive.write_all(&npy("<i2", false, shape)).unwrap();
        }
        write("recording", name, archive.finish().unwrap().get_ref());
    }
    // A header of the second version, and one that claims four gigabytes.
    let first = npy("<i2", false, &[3, 1, 2]);
    let second = |length: [u8; 4]| [b"\x93NUMPY\x02\x00", &length[..], &first[10..]].concat();
    write("recording", "second-version", &second([first[8], first[9], 0, 0]));
    write("recording", "claims", &second([255; 4]));
    hdf5(&[7, 3, 4]);
    hdf5(&[2, 7, 3, 4]);
}

/// An array of numbers that differ, as NumPy saves it.
fn npy(descr: &str, is_fortran: bool, shape: &[usize]) -> Vec<u8> {
    let size: usize = descr[2..].parse().unwrap();
    let order = if is_fortran { "True" } else { "False" };
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({lengths}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..shape.iter().product::<usize>() * size).map(|index| index as u8));
    bytes
}

fn hdf5(shape: &[usize]) {
    let axes: &[&str] = match shape.len() {
        3 => &["time", "row", "column"],
        _ => &["trial", "time", "row", "column"],
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/hdf5_recording");
    std::fs::create_dir_all(&folder).unwrap();
    let values: Vec<f32> = (0..shape.iter().product()).map(|index: usize| index as f32).collect();
    let layout = ArrayLayout::new("activity", axes, shape, Element::F32);
    let path = folder.join(format!("{}-axes", shape.len()));
    let about = "what this is";
    arrays::write::<nwm_data::Error>(&path, "recording", &about, vec![layout], |file| {
        file.append("activity", &values)
    })
    .unwrap();
}
