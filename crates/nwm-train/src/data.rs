//! The frames a configuration asks for: generated and cached, or a file of the user's own.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nwm_data::store::{self, Dataset, Stage};
use nwm_data::{
    DatasetSpec, FrameSource, FramesFile, GENERATOR_VERSION, RenderedTrajectories, Split,
    SplitFrames, SplitType, System,
};

use crate::config::DataConfig;
use crate::error::{Error, Result};

/// The name that stands for frames of the user's own.
pub const FILE_DATA: &str = "file";

/// Opens the frames of one split; generated states are kept in `data.cache` and read from there the next time.
///
/// # Errors
/// [`Error::Data`] if the system is unknown, a file is missing or damaged, or the cache cannot be written;
/// [`Error::File`] if the cache holds another data set under this one's name.
pub fn open_frames<S: SplitType>(data: &DataConfig) -> Result<SplitFrames<S>> {
    open_frames_with(data, &mut |_, _| {})
}

/// As [`open_frames`]; while states are generated, `progress` is called with the trajectories done and their number.
pub(crate) fn open_frames_with<S: SplitType>(
    data: &DataConfig,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<SplitFrames<S>> {
    let source: Arc<dyn FrameSource> = match S::SPLIT {
        split if data.name == FILE_DATA => Arc::new(own_frames(data, split)?),
        split => generated_frames(data, split, progress)?,
    };
    Ok(SplitFrames::new(source)?)
}

/// The file of the user's own that a configuration names for a split.
///
/// # Errors
/// [`Error::Key`] if it names none, or the same for two splits.
pub fn own_file(data: &DataConfig, split: Split) -> Result<&Path> {
    let (key, path) = match split {
        Split::Train => ("data.train_file", &data.train_file),
        Split::Test => ("data.test_file", &data.test_file),
        Split::Validation => ("data.validation_file", &data.validation_file),
    };
    let problem = |problem: &str| Error::Key {
        origin: "configuration".into(),
        key: key.into(),
        problem: problem.into(),
    };
    if path.as_os_str().is_empty() {
        return Err(problem(
            "found nothing, expected the path of an HDF5 file, since data.name is \"file\"",
        ));
    }
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    let files = [&data.train_file, &data.validation_file, &data.test_file];
    for (index, one) in files.iter().enumerate() {
        if files[index + 1..].iter().any(|other| !one.as_os_str().is_empty() && same(one, other)) {
            return Err(problem(
                "found one file for two purposes, expected another one for each of data.train_file, \
                 data.validation_file and data.test_file",
            ));
        }
    }
    Ok(path)
}

fn own_frames(data: &DataConfig, split: Split) -> Result<FramesFile> {
    Ok(FramesFile::open(own_file(data, split)?, &data.dataset)?)
}

/// Bytes of states up to which a set is kept in memory; larger ones are read as they are needed.
const STATES_IN_MEMORY: usize = 256 << 20;

fn generated_frames(
    data: &DataConfig,
    split: Split,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Arc<dyn FrameSource>> {
    let set = generated_set(data, split, progress)?;
    let spec = set.spec();
    let state_bytes = spec.system.state_dimension() * size_of::<f64>();
    if spec.trajectories * spec.frames * state_bytes <= STATES_IN_MEMORY {
        return Ok(Arc::new(RenderedTrajectories::new(Arc::new(set.load()?))));
    }
    set.verify()?;
    Ok(Arc::new(set))
}

/// The states of one split, if a generator makes them; as [`open_frames`].
pub(crate) fn open_states(data: &DataConfig, split: Split) -> Result<Option<Dataset>> {
    match data.name.as_str() {
        FILE_DATA => Ok(None),
        _ => generated_set(data, split, &mut |_, _| {}).map(Some),
    }
}

/// The file in the cache; made if it is not there.
fn generated_set(
    data: &DataConfig,
    split: Split,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Dataset> {
    let spec = dataset_spec(data, split)?;
    let path = cache_path(data, &spec);
    if !path.is_file() {
        std::fs::create_dir_all(&data.cache).map_err(Error::io(&data.cache))?;
        // Runs that start together want the same set: one makes it, the others wait.
        let lock_path = path.with_extension("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(Error::io(&lock_path))?;
        lock.lock().map_err(Error::io(&lock_path))?;
        if !path.is_file() {
            store::generate(&spec, &path, store::WriteOptions::default(), |done| {
                if done.stage == Stage::Generating {
                    progress(done.trajectories, done.total);
                }
                ControlFlow::Continue(())
            })?;
        }
    }
    let set = Dataset::open(&path)?;
    if set.spec() != &spec {
        return Err(Error::File {
            path,
            problem: format!(
                "found {:?}, expected {spec:?}; delete the file and run again to regenerate it",
                set.spec()
            ),
        });
    }
    Ok(set)
}

/// What the generator is asked for.
///
/// # Errors
/// [`Error::Data`] if the suite has no such set.
pub fn dataset_spec(data: &DataConfig, split: Split) -> Result<DatasetSpec> {
    let (system, variant) = System::parse_set(&data.name)?;
    let variant = variant.unwrap_or_default().of(system)?;
    let trajectories = match split {
        Split::Train => data.train_trajectories,
        Split::Test => data.test_trajectories,
        Split::Validation => data.validation_trajectories,
    };
    Ok(DatasetSpec {
        variant,
        seed: data.seed,
        frames: data.frames,
        dt: data.dt,
        ..DatasetSpec::new(system, split, trajectories)
    })
}

/// Everything that changes the bytes is in the name.
fn cache_path(data: &DataConfig, spec: &DatasetSpec) -> PathBuf {
    data.cache.join(format!(
        "{}-{}-{}-v{GENERATOR_VERSION}-format{}-seed{}-{}x{}-dt{}.h5",
        spec.system.name(),
        spec.variant.name(),
        spec.split.name(),
        store::FORMAT,
        spec.seed,
        spec.trajectories,
        spec.frames,
        spec.dt
    ))
}
