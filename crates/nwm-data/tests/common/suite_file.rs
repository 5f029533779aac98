//! Files in the format of the suite, written from our own sets.

use std::collections::BTreeMap;

use nwm_data::{Renderer, System, Trajectories, Variant};
use prost::Message as _;

/// All trajectories of a set as one TFRecord file.
pub(crate) fn suite_file(set: &Trajectories) -> Vec<u8> {
    (0..set.spec().trajectories).flat_map(|index| framed(&suite_message(set, index))).collect()
}

/// One trajectory as the payload of a record.
pub(crate) fn suite_message(set: &Trajectories, trajectory: usize) -> Vec<u8> {
    let system = set.spec().system;
    let states = set.trajectory(trajectory).unwrap();
    let appearance = set.appearance(trajectory).unwrap();
    let mut derivatives = vec![0.0; states.len()];
    let dimension = system.state_dimension();
    for (state, slope) in states.chunks(dimension).zip(derivatives.chunks_mut(dimension)) {
        system.derivative(appearance.parameters, state, slope).unwrap();
    }
    let mut features =
        BTreeMap::from([("x".into(), doubles(states)), ("dx_dt".into(), doubles(&derivatives))]);
    let mut parameters: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (&name, &value) in system.parameter_names().iter().zip(appearance.parameters) {
        let masses = system == System::TwoBody && name.starts_with("m_");
        let feature = if masses { "m" } else { name };
        parameters.entry(format!("other/{feature}")).or_default().push(value);
    }
    features.extend(parameters.iter().map(|(name, values)| (name.clone(), doubles(values))));
    if system.ball_count() > 0 {
        let colours = appearance.colour_indices.iter().map(|&index| i64::from(index));
        // Springs that are not displaced have one number for both axes.
        let axes = if system == System::MassSpring && set.spec().variant == Variant::Plain {
            1
        } else {
            2
        };
        features.insert("other/offset".into(), doubles(&appearance.offset[..axes]));
        features.insert("other/color_index".into(), integers(colours.collect()));
    }
    let png = Feature {
        bytes: Some(BytesList { value: vec![stacked_png(set, trajectory)] }),
        integers: None,
    };
    features.insert("image".into(), png);
    Example { features: Some(Features { feature: features }) }.encode_to_vec()
}

/// A payload with its length and both checksums.
pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let masked = |bytes: &[u8]| {
        crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
    };
    let length = (payload.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), payload, &masked(payload)].concat()
}

/// All frames of a trajectory below each other.
fn stacked_png(set: &Trajectories, trajectory: usize) -> Vec<u8> {
    let renderer = Renderer::new(set.spec().system, set.spec().variant);
    let [rows, columns, _] = renderer.frame_shape();
    let frames = set.spec().frames;
    let mut pixels = vec![0_u8; frames * renderer.frame_len()];
    let appearance = set.appearance(trajectory).unwrap();
    renderer.frames(set.trajectory(trajectory).unwrap(), &appearance, &mut pixels).unwrap();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, (frames * rows) as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

fn doubles(values: &[f64]) -> Feature {
    integers(values.iter().map(|value| value.to_bits().cast_signed()).collect())
}

fn integers(value: Vec<i64>) -> Feature {
    Feature { bytes: None, integers: Some(Int64List { value }) }
}

#[derive(Clone, PartialEq, prost::Message)]
struct Example {
    #[prost(message, optional, tag = "1")]
    features: Option<Features>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Features {
    #[prost(btree_map = "string, message", tag = "1")]
    feature: BTreeMap<String, Feature>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Feature {
    #[prost(message, optional, tag = "1")]
    bytes: Option<BytesList>,
    #[prost(message, optional, tag = "3")]
    integers: Option<Int64List>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BytesList {
    #[prost(bytes = "vec", repeated, tag = "1")]
    value: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Int64List {
    #[prost(int64, repeated, tag = "1")]
    value: Vec<i64>,
}
