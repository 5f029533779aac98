//! Data sets: integrating, drawing, and the loader.
//!
//! - `generate_SYSTEM`: the states of 1000 plain trajectories of 512 frames.
//! - `draw_SYSTEM`: the pictures of ten such trajectories, as bytes.
//! - `load_SIZE`: one batch of windows of 60 frames, of 8 (quick) or 32 (paper) pendulums, drawn by one worker for a
//!   consumer that does nothing else: the shortest step that the loader keeps up with.
//! - `scenes_paper`: the batch of `load_paper` as scenes, which a GPU draws.
//! - `queue_quick`: the same beside a consumer that takes 100 ms a step; the share of batches that waited ready is printed.
//!
//! What is reported as loss is the mean of the numbers, so that a peer's can be compared.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nwm_bench::{Arguments, Report, time};
use nwm_data::{
    DatasetSpec, FrameSource, Loader, LoaderOptions, RenderedTrajectories, Split, SplitFrames,
    System, generate,
};

/// Trajectories that are integrated, and those that are drawn.
const GENERATED: usize = 1000;
const DRAWN: usize = 10;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Generate(System),
    Draw(System),
    Load { batch: usize },
    Scenes { batch: usize },
    Queue,
}

/// Name and work of every case.
fn cases() -> Vec<(String, Work)> {
    let generate = System::ALL.map(|system| (format!("generate_{system}"), Work::Generate(system)));
    let draw = System::ALL.map(|system| (format!("draw_{system}"), Work::Draw(system)));
    let load = [
        ("load_quick".to_owned(), Work::Load { batch: 8 }),
        ("load_paper".to_owned(), Work::Load { batch: 32 }),
        ("scenes_paper".to_owned(), Work::Scenes { batch: 32 }),
        ("queue_quick".to_owned(), Work::Queue),
    ];
    generate.into_iter().chain(draw).chain(load).collect()
}

#[allow(unsafe_code)]
fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    unsafe { nwm_bench::run(&[], benchmark) }
}

fn benchmark(arguments: &Arguments, threads: usize) -> Result<(), Box<dyn Error>> {
    let cases = cases();
    let known: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let names = arguments.select(&known, &known)?;
    if arguments.lists(&names)? {
        return Ok(());
    }
    for (name, work) in cases.iter().filter(|(name, _)| names.contains(&name.as_str())) {
        let report = Report::new("data", name, "libm", threads);
        measure(*work, report, arguments)?.print(arguments.json)?;
    }
    Ok(())
}

fn measure(
    work: Work,
    mut report: Report,
    arguments: &Arguments,
) -> Result<Report, Box<dyn Error>> {
    match work {
        Work::Generate(system) => {
            let spec = DatasetSpec::new(system, Split::Train, GENERATED);
            let (timing, set) = time(arguments.repeats, || generate(&spec))?;
            report.add_count("trajectories", timing, GENERATED as f64);
            report.loss = Some(mean(set.states().iter().copied()));
        }
        Work::Draw(system) => {
            let source = rendered(system, DRAWN)?;
            let frame = source.frame_shape().iter().product::<usize>();
            let mut frames = vec![0_u8; DRAWN * source.frames() * frame];
            let (timing, ()) = time(arguments.repeats, || source.draw(0..DRAWN, &mut frames))?;
            report.add_count("frames", timing, (DRAWN * source.frames()) as f64);
            report.loss = Some(mean(frames.iter().map(|&byte| f64::from(byte))));
        }
        Work::Load { batch } | Work::Scenes { batch } => {
            let mut loader = loader(batch)?;
            if matches!(work, Work::Scenes { .. }) {
                loader = loader.with_scenes();
            }
            let (timing, last) = time(arguments.repeats, || loader.next_batch())?;
            report.add_count("batches", timing, 1.0);
            report.loss = Some(mean(last.frames.into_values().into_iter().map(f64::from)));
        }
        Work::Queue => {
            let mut loader = loader(8)?;
            loader.next_batch()?;
            let (mut ready, mut steps) = (0, 0);
            let (timing, _) = time(arguments.repeats, || {
                // The consumer's own work.
                std::thread::sleep(Duration::from_millis(100));
                steps += 1;
                ready += usize::from(loader.ready() > 0);
                loader.next_batch()
            })?;
            report.add_count("batches", timing, 1.0);
            report.ready = Some(f64::from(u32::try_from(ready)?) / f64::from(steps));
        }
    }
    Ok(report)
}

/// A loader of pendulums with one worker.
fn loader(batch_size: usize) -> Result<Loader, Box<dyn Error>> {
    let frames = SplitFrames::new(Arc::new(rendered(System::Pendulum, 200)?))?;
    Ok(Loader::new(frames, LoaderOptions { batch_size, ..LoaderOptions::default() })?)
}

fn rendered(system: System, trajectories: usize) -> Result<RenderedTrajectories, nwm_data::Error> {
    let set = generate(&DatasetSpec::new(system, Split::Train, trajectories))?;
    Ok(RenderedTrajectories::new(Arc::new(set)))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
