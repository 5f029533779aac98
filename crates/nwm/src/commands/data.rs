//! `nwm data`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use nwm_analysis::figures::{
    LineChart, MovieOptions, RgbFrame, SheetOptions, animated_gif, contact_sheet,
};
use nwm_data::atomic::write_atomically;
use nwm_data::{DatasetSpec, RenderedTrajectories, Split, System, Trajectories, Variant, store};
use nwm_train::Error;
use serde_json::json;

use crate::exit::{Ending, UsageError};
use crate::flags::{DataCommand, GenerateArguments, ShowArguments, SplitName};
use crate::terminal::Terminal;

/// Frames of each trajectory on a contact sheet.
const SHEET_FRAMES: usize = 12;
/// Frames of a movie, at most.
const MOVIE_FRAMES: usize = 200;
const GAP_COLOUR: [u8; 3] = [255; 3];
const MAGNIFICATION: usize = 4;

/// Runs one of the data commands.
pub(crate) fn run(command: &DataCommand, terminal: &Terminal) -> anyhow::Result<Ending> {
    match command {
        DataCommand::List => {
            list(terminal);
            Ok(Ending::Done)
        }
        DataCommand::Generate(arguments) => {
            let out = arguments.out.display();
            generate(arguments, terminal).with_context(|| format!("failed to generate {out}"))
        }
        DataCommand::Show(arguments) => {
            let file = arguments.file.display();
            show(arguments, terminal).with_context(|| format!("failed to show {file}"))
        }
    }
}

fn list(terminal: &Terminal) {
    let systems = System::ALL.map(|system| {
        let variants: Vec<&str> = system.variants().iter().map(|variant| variant.name()).collect();
        json!({"name": system.name(), "variants": variants, "dt": system.default_dt(),
               "state_dimension": system.state_dimension()})
    });
    let text: String = System::ALL
        .map(|system| {
            let variants: Vec<&str> = system.variants().iter().map(|variant| variant.name()).collect();
            format!(
                "{:<20}{} numbers a state, dt {:<5}{}\n",
                system.name(),
                system.state_dimension(),
                system.default_dt(),
                variants.join(", ")
            )
        })
        .concat();
    terminal.result(&json!({"format": 1, "data": systems}), &text);
}

fn generate(arguments: &GenerateArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let system = System::parse(&arguments.name)?;
    let split = match arguments.split {
        SplitName::Train => Split::Train,
        SplitName::Validation => Split::Validation,
        SplitName::Test => Split::Test,
    };
    let spec = DatasetSpec {
        variant: Variant::parse(&arguments.variant)?,
        seed: arguments.seed,
        frames: arguments.steps,
        dt: arguments.dt.unwrap_or_else(|| system.default_dt()),
        ..DatasetSpec::new(system, split, arguments.count)
    };
    let trajectories = Arc::new(nwm_data::generate(&spec)?);
    let options = store::WriteOptions { frames: arguments.frames };
    store::write(&arguments.out, &trajectories, options)?;
    terminal.result(
        &json!({"format": 1, "file": arguments.out, "dataset": spec}),
        &format!(
            "wrote {}: {} trajectories of {} frames of {}, {split}, seed {}",
            arguments.out.display(),
            spec.trajectories,
            spec.frames,
            system.name(),
            spec.seed
        ),
    );
    Ok(Ending::Done)
}

fn show(arguments: &ShowArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let trajectories = Arc::new(store::read(&arguments.file)?);
    let count = arguments.count.min(trajectories.len());
    if count == 0 {
        return Err(UsageError("--count 0: expected at least 1".into()).into());
    }
    let rendered = RenderedTrajectories::new(Arc::clone(&trajectories));
    let films = (0..count)
        .map(|trajectory| film(&rendered, trajectory))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|source| Error::Io { path: out.clone(), source })?;
    write(&out.join("sheet.png"), sheet(&films)?)?;
    write(&out.join("movie.gif"), movie(&films)?)?;
    write(&out.join("energy.svg"), energy_chart(&trajectories, count)?.into_bytes())?;
    let files = ["sheet.png", "movie.gif", "energy.svg"].map(|name| out.join(name));
    let text = files.iter().map(|file| format!("wrote {}\n", file.display())).collect::<String>();
    terminal.result(&json!({"format": 1, "files": files}), &text);
    Ok(Ending::Done)
}

fn write(path: &Path, content: Vec<u8>) -> Result<(), Error> {
    write_atomically(path, |scratch| {
        std::fs::write(scratch, content).map_err(|source| Error::Io { path: path.into(), source })
    })
}

/// All frames of one trajectory, upright: row 0 of the data is the smallest y.
fn film(rendered: &RenderedTrajectories, trajectory: usize) -> anyhow::Result<Vec<RgbFrame>> {
    use nwm_data::FrameSource as _;
    let [rows, columns, channels] = rendered.frame_shape();
    let length = rows * columns * channels;
    let mut bytes = vec![0; rendered.frames() * length];
    rendered.draw(trajectory..trajectory + 1, &mut bytes)?;
    bytes
        .chunks_exact(length)
        .map(|frame| Ok(RgbFrame::new(rows, columns, frame.to_vec())?.flipped_rows()))
        .collect()
}

/// One row for each trajectory, evenly spaced frames from left to right.
fn sheet(films: &[Vec<RgbFrame>]) -> anyhow::Result<Vec<u8>> {
    let columns = films[0].len().min(SHEET_FRAMES);
    let frames: Vec<RgbFrame> = films
        .iter()
        .flat_map(|film| (0..columns).map(|index| film[index * film.len() / columns].clone()))
        .collect();
    let options =
        SheetOptions::default().with_columns(columns).with_magnification(MAGNIFICATION / 2);
    Ok(contact_sheet(&frames, options)?)
}

/// All trajectories side by side.
fn movie(films: &[Vec<RgbFrame>]) -> anyhow::Result<Vec<u8>> {
    let frames = (0..films[0].len().min(MOVIE_FRAMES))
        .map(|index| {
            let row: Vec<&RgbFrame> = films.iter().map(|film| &film[index]).collect();
            RgbFrame::side_by_side(&row, 1, GAP_COLOUR)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(animated_gif(&frames, MovieOptions::default().with_magnification(MAGNIFICATION))?)
}

/// Energy against time: constant where there is no friction.
fn energy_chart(trajectories: &Trajectories, count: usize) -> anyhow::Result<String> {
    let mut chart = LineChart::new("time", trajectories.spec().system.invariant_name());
    for trajectory in 0..count {
        let points = (0..trajectories.spec().frames)
            .map(|frame| Ok((trajectories.time(frame), trajectories.invariant(trajectory, frame)?)))
            .collect::<Result<Vec<_>, nwm_data::Error>>()?;
        chart = chart.series(format!("trajectory {trajectory}"), points);
    }
    Ok(chart.svg()?)
}
