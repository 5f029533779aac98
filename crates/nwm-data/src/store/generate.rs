//! Generating files larger than the memory.

use std::ops::ControlFlow;
use std::path::Path;

use super::layout;
use super::metadata::Origin;
use super::parts::{Parts, part_len};
use super::write::{Compression, SetWriter, WriteOptions, write, write_with};
use crate::arrays::ArrayLayout;
use crate::atomic::{check_target, write_atomically_from};
use crate::error::{Error, Result};
use crate::generate::generate_range;
use crate::hdf5_file::Writer;
use crate::render::Renderer;
use crate::spec::DatasetSpec;

/// How far the generation of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Trajectories that went through this stage.
    pub trajectories: usize,
    /// All trajectories.
    pub total: usize,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Portions are being computed.
    Generating,
    /// Portions are being put together.
    Assembling,
}

/// Generates a data set into a file, with a few portions of it in memory, and reports progress, to which the caller may
/// answer that it wants to stop.
///
/// A set of more than some megabytes is made in portions that wait in the folder `NAME.parts` beside the file. If the
/// program is stopped, the same call continues with the portions that are missing; what results has the same data as
/// without interruption, and as [`write`](super::write) would store. The folder is removed at the end; until then, the
/// disk holds the data twice.
///
/// # Errors
///
/// Those of [`generate`](crate::generate) and [`write`](super::write), [`Error::Locked`] if another process makes the
/// same file, and [`Error::Interrupted`]. A file already at `path` is untouched until the new one is complete.
pub fn generate(
    spec: &DatasetSpec,
    path: &Path,
    options: WriteOptions,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<()> {
    spec.validate()?;
    check_target(path)?;
    let total = spec.trajectories;
    let mut report = |stage, trajectories| match progress(Progress { stage, trajectories, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    };
    let part_len = part_len(spec, bytes_of_trajectory(spec, options));
    if part_len == total {
        write(path, &generate_range(spec, 0..total)?, options)?;
        // Complete, whatever the answer is.
        let _ = report(Stage::Generating, total);
        return Ok(());
    }
    let parts = Parts::open(path, spec, options, part_len)?;
    for part in parts.all() {
        let end = part.start + part.len;
        if !part.path.exists() {
            let portion = generate_range(spec, part.start..end)?;
            write_with(&part.path, &portion, options, Compression::Passing)?;
        }
        report(Stage::Generating, end)?;
    }
    write_atomically_from(parts.folder(), path, |scratch| {
        Writer::write(scratch, path, |file| {
            let mut writer = SetWriter::new(file, spec, options, Compression::Lasting)?;
            for part in parts.all() {
                let set = parts.read(&part)?;
                writer.append(&set.load()?)?;
                if let Some(pictures) = set.pictures()? {
                    writer.append_stored(&pictures)?;
                }
                report(Stage::Assembling, part.start + part.len)?;
            }
            writer.finish(Origin::current())
        })
    })?;
    parts.remove()
}

/// Uncompressed bytes of a trajectory in the file.
fn bytes_of_trajectory(spec: &DatasetSpec, options: WriteOptions) -> usize {
    let pictures = options.frames.then(|| {
        let [rows, columns, _] = Renderer::new(spec.system, spec.variant).frame_shape();
        layout::frames(spec, [rows, columns])
    });
    let per_trajectory = |layout: &ArrayLayout| layout.axes()[0] == "trajectory";
    layout::arrays(spec)
        .iter()
        .chain(&pictures)
        .filter(|layout| per_trajectory(layout))
        .map(ArrayLayout::row_bytes)
        .sum()
}
