//! The frames a configuration asks for: generated and cached, or a file of the user's own.

use std::path::PathBuf;
use std::sync::Arc;

use nwm_data::{
    DatasetSpec, FrameSource, FramesFile, GENERATOR_VERSION, RenderedTrajectories, Split, System,
    generate, store,
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
pub fn open_frames(data: &DataConfig, split: Split) -> Result<Arc<dyn FrameSource>> {
    if data.name == FILE_DATA {
        let (key, path) = match split {
            Split::Train => ("data.train_file", &data.train_file),
            _ => ("data.test_file", &data.test_file),
        };
        if path.as_os_str().is_empty() {
            return Err(Error::Key {
                origin: "configuration".into(),
                key: key.into(),
                problem:
                    "found nothing, expected the path of an HDF5 file, since data.name is \"file\""
                        .into(),
            });
        }
        return Ok(Arc::new(FramesFile::open(path, &data.dataset)?));
    }
    let spec = dataset_spec(data, split)?;
    let path = cache_path(data, &spec);
    let trajectories = if path.is_file() {
        let trajectories = store::read(&path)?;
        if trajectories.spec() != &spec {
            return Err(Error::File {
                path,
                problem: format!(
                    "found {:?}, expected {spec:?}; delete the file and run again to regenerate it",
                    trajectories.spec()
                ),
            });
        }
        Arc::new(trajectories)
    } else {
        let trajectories = Arc::new(generate(&spec)?);
        std::fs::create_dir_all(&data.cache).map_err(Error::io(&data.cache))?;
        store::write(&path, &trajectories, store::WriteOptions::default())?;
        trajectories
    };
    Ok(Arc::new(RenderedTrajectories::new(trajectories)))
}

/// What the generator is asked for.
///
/// # Errors
/// [`Error::Data`] if the system is unknown.
pub fn dataset_spec(data: &DataConfig, split: Split) -> Result<DatasetSpec> {
    let system = System::parse(&data.name)?;
    let trajectories = match split {
        Split::Train => data.train_trajectories,
        _ => data.test_trajectories,
    };
    Ok(DatasetSpec {
        seed: data.seed,
        frames: data.frames,
        dt: data.dt,
        ..DatasetSpec::new(system, split, trajectories)
    })
}

/// Everything that changes the bytes is in the name.
fn cache_path(data: &DataConfig, spec: &DatasetSpec) -> PathBuf {
    data.cache.join(format!(
        "{}-{}-{}-v{GENERATOR_VERSION}-seed{}-{}x{}-dt{}.h5",
        spec.system.name(),
        spec.variant.name(),
        spec.split.name(),
        spec.seed,
        spec.trajectories,
        spec.frames,
        spec.dt
    ))
}
