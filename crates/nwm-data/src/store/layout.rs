//! The arrays of a data set: their names, axes, shapes, types and chunks.

use crate::arrays::{ArrayLayout, Element};
use crate::render::CHANNELS;
use crate::spec::DatasetSpec;

/// Name of the array of pictures.
pub(super) const FRAMES: &str = "frames";

/// Most pictures in one chunk.
const CHUNK_FRAMES: usize = 64;

/// The arrays that every file of this data set holds; those without columns (a game has no parameters and no balls) are
/// left out. Chunks hold whole rows, so that reading one window of one trajectory decompresses little more than that
/// trajectory.
pub(super) fn arrays(spec: &DatasetSpec) -> Vec<ArrayLayout> {
    let DatasetSpec { system, trajectories, frames, .. } = *spec;
    let array = |name, axes: &[&str], shape: &[usize], element| {
        ArrayLayout::new(name, axes, shape, element).cut_between_rows()
    };
    let dimension = system.state_dimension();
    let parameters = system.parameter_names().len();
    let balls = system.ball_count();
    let axes = ["trajectory", "frame", "dimension"];
    let arrays = [
        array("states", &axes, &[trajectories, frames, dimension], Element::F64),
        array("times", &["frame"], &[frames], Element::F64),
        array(
            "parameters",
            &["trajectory", "parameter"],
            &[trajectories, parameters],
            Element::F64,
        ),
        array("offsets", &["trajectory", "axis"], &[trajectories, 2], Element::F64),
        array("colour_indices", &["trajectory", "ball"], &[trajectories, balls], Element::U32),
    ];
    arrays.into_iter().filter(|array| !array.shape().contains(&0)).collect()
}

/// The pictures, with this many rows and columns.
pub(super) fn frames(spec: &DatasetSpec, [rows, columns]: [usize; 2]) -> ArrayLayout {
    let axes = ["trajectory", "frame", "row", "column", "channel"];
    let shape = [spec.trajectories, spec.frames, rows, columns, CHANNELS];
    ArrayLayout::new(FRAMES, &axes, &shape, Element::U8).cut_within_rows(CHUNK_FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Split;
    use crate::systems::System;

    #[test]
    fn chunks_hold_whole_rows_or_parts_of_one() {
        let spec = DatasetSpec::new(System::MassSpring, Split::Train, 50_000);
        let chunks: Vec<Vec<usize>> = arrays(&spec).iter().map(ArrayLayout::chunk_shape).collect();
        assert_eq!(
            chunks,
            [vec![4, 512, 2], vec![512], vec![2048, 2], vec![2048, 2], vec![8192, 1]]
        );
        let frames = super::frames(&spec, [32, 32]);
        assert_eq!(frames.chunk_shape(), [1, 64, 32, 32, 3]);
        let long =
            DatasetSpec { frames: 100_000, ..DatasetSpec::new(System::TwoBody, Split::Test, 2) };
        assert_eq!(arrays(&long)[0].chunk_shape(), [1, 100_000, 8]);
    }

    #[test]
    fn arrays_without_columns_are_left_out() {
        let game = DatasetSpec::new(System::MatchingPennies, Split::Train, 5);
        let arrays = arrays(&game);
        let names: Vec<&str> = arrays.iter().map(ArrayLayout::name).collect();
        assert_eq!(names, ["states", "times", "offsets"]);
    }
}
