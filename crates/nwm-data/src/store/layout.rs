//! The arrays of a file: their names, axes, shapes, types and chunks.

use super::metadata::ArrayRecord;
use crate::hdf5_file::Element;
use crate::render::CHANNELS;
use crate::spec::DatasetSpec;

/// Name of the array of pictures.
pub(super) const FRAMES: &str = "frames";

/// Bytes of a chunk before compression, about. Reading one window of one trajectory decompresses little more than that
/// trajectory.
const CHUNK_BYTES: usize = 32 * 1024;

/// Most pictures in one chunk.
const CHUNK_FRAMES: usize = 64;

/// An array of the layout. Its rows, the entries along the first axis, are what files grow by and what digests are made
/// of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArrayLayout {
    pub(super) name: &'static str,
    pub(super) axes: &'static [&'static str],
    pub(super) shape: Vec<usize>,
    pub(super) element: Element,
}

impl ArrayLayout {
    /// The arrays that every file of this data set holds; those without columns (a game has no parameters and no
    /// balls) are left out.
    pub(super) fn of(spec: &DatasetSpec) -> Vec<Self> {
        let DatasetSpec { system, trajectories, frames, .. } = *spec;
        let array = |name, axes, shape, element| Self { name, axes, shape, element };
        let dimension = system.state_dimension();
        let parameters = system.parameter_names().len();
        let balls = system.ball_count();
        let axes: &[&str] = &["trajectory", "frame", "dimension"];
        let arrays = [
            array("states", axes, vec![trajectories, frames, dimension], Element::F64),
            array("times", &["frame"], vec![frames], Element::F64),
            array(
                "parameters",
                &["trajectory", "parameter"],
                vec![trajectories, parameters],
                Element::F64,
            ),
            array("offsets", &["trajectory", "axis"], vec![trajectories, 2], Element::F64),
            array(
                "colour_indices",
                &["trajectory", "ball"],
                vec![trajectories, balls],
                Element::U32,
            ),
        ];
        arrays.into_iter().filter(|array| !array.shape.contains(&0)).collect()
    }

    /// The pictures, with this many rows and columns.
    pub(super) fn frames(spec: &DatasetSpec, [rows, columns]: [usize; 2]) -> Self {
        Self {
            name: FRAMES,
            axes: &["trajectory", "frame", "row", "column", "channel"],
            shape: vec![spec.trajectories, spec.frames, rows, columns, CHANNELS],
            element: Element::U8,
        }
    }

    /// Bytes of the data without compression.
    pub(super) fn bytes(&self) -> u64 {
        let element = self.element.size() as u64;
        self.shape.iter().fold(element, |product, &length| product.saturating_mul(length as u64))
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Bytes of one row.
    pub(super) fn row_bytes(&self) -> usize {
        self.shape[1..].iter().product::<usize>() * self.element.size()
    }

    /// Lengths of a chunk's axes: some whole rows, or a part of one row along its second axis.
    pub(super) fn chunk_shape(&self) -> Vec<usize> {
        let mut chunk = self.shape.clone();
        if self.cuts_rows() {
            chunk[0] = 1;
            chunk[1] = CHUNK_FRAMES.min(self.shape[1]);
        } else {
            chunk[0] = (CHUNK_BYTES / self.row_bytes()).clamp(1, self.rows());
        }
        chunk
    }

    /// Whether chunks are parts of rows.
    pub(super) fn cuts_rows(&self) -> bool {
        self.name == FRAMES
    }

    /// Bytes of one chunk.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunk_shape().iter().product::<usize>() * self.element.size()
    }

    /// The record of this array in the metadata.
    pub(super) fn record(&self, sha256: String) -> ArrayRecord {
        ArrayRecord {
            axes: self.axes.iter().map(|&axis| axis.to_owned()).collect(),
            shape: self.shape.clone(),
            element: self.element.name().to_owned(),
            sha256,
        }
    }

    /// `[axis, axis] = [length, length]`, for messages.
    pub(super) fn description(&self) -> String {
        format!("[{}] = {:?} of {}", self.axes.join(", "), self.shape, self.element.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Split;
    use crate::systems::System;

    #[test]
    fn chunks_hold_whole_rows_or_parts_of_one() {
        let spec = DatasetSpec::new(System::MassSpring, Split::Train, 50_000);
        let chunks: Vec<Vec<usize>> =
            ArrayLayout::of(&spec).iter().map(ArrayLayout::chunk_shape).collect();
        assert_eq!(
            chunks,
            [vec![4, 512, 2], vec![512], vec![2048, 2], vec![2048, 2], vec![8192, 1]]
        );
        let frames = ArrayLayout::frames(&spec, [32, 32]);
        assert_eq!(frames.chunk_shape(), [1, 64, 32, 32, 3]);
        let long =
            DatasetSpec { frames: 100_000, ..DatasetSpec::new(System::TwoBody, Split::Test, 2) };
        assert_eq!(ArrayLayout::of(&long)[0].chunk_shape(), [1, 100_000, 8]);
    }

    #[test]
    fn arrays_without_columns_are_left_out() {
        let game = DatasetSpec::new(System::MatchingPennies, Split::Train, 5);
        let names: Vec<&str> = ArrayLayout::of(&game).iter().map(|array| array.name).collect();
        assert_eq!(names, ["states", "times", "offsets"]);
    }
}
