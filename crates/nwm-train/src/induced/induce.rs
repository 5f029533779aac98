//! Films in, moved states out, and what is measured of their decodings.

use std::ops::Range;
use std::path::Path;

use candle_core::{DType, Tensor};
use nwm_analysis::induced::{
    FilmErrors, InducedSpeed, ShiftErrors, compare_with_control, matched_frames,
    mean_squared_errors, shifted_rings, shuffled_rings,
};
use nwm_analysis::statistics::BootstrapOptions;
use nwm_data::{FilmSubject, Films, Split};
use nwm_models::VariationalModel;
use rayon::prelude::*;

use super::request::{InduceRequest, InducedRecord};
use super::true_film::{PERIOD, TrueFilms};
use crate::error::Result;
use crate::evaluation::CheckpointRecord;
use crate::film_data::{film_frames, open_films};
use crate::trained_run::TrainedRun;

/// Films that go through the model together. The number does not depend on the machine, since the last bits of products of
/// matrices depend on it.
const GROUP: usize = 8;

/// Induced waves of a run, and what was measured of them.
///
/// Frames are `[row, column]`, values in 0..=1; films come first in every array. Shift 0 is the unmoved state.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InducedWaves {
    /// What was asked of which run.
    pub about: InducedRecord,
    /// Sites that activity was moved by, axis `[shift]`.
    pub shifts: Vec<f64>,
    /// What the films show.
    pub subjects: Vec<FilmSubject>,
    /// The films, `[film, frame, row, column]`.
    pub films: Vec<f32>,
    /// Their frames as the model predicts them while it reads the film, each from the frames before it, the first one from the
    /// whole film: `[film, frame, row, column]`.
    pub reconstructions: Vec<f32>,
    /// The positions after the last step, `[film, map, row, column]`.
    pub states: Vec<f32>,
    /// What is drawn from the moved states, `[film, shift, row, column]`.
    pub decodings: Vec<f32>,
    /// The same of states whose sites were shuffled within their rings before.
    pub control: Vec<f32>,
    /// What the decodings should show at the fitted speed.
    pub truth: Vec<f32>,
    /// The frame that each decoding is nearest to, `[film, shift]`.
    pub matches: Vec<usize>,
    /// Which way the films run, and how fast.
    pub speed: InducedSpeed,
    /// Errors against `truth`, axis `[shift]`.
    pub errors: Vec<ShiftErrors>,
}

/// Shows whole periods of test films to the model of a run, driven by the means of its posteriors, and decodes its last state,
/// moved along its rings.
///
/// `progress` is called with the films done and their number.
///
/// # Errors
/// [`Error::OtherTask`](crate::Error::OtherTask) if the run has learnt something else; [`Error::Request`](crate::Error::Request) if
/// its cell has no neighbours, its films cannot run, or the request is out of range; [`Error::File`](crate::Error::File) if the run has no intact checkpoint;
/// [`Error::Key`](crate::Error::Key) if the digits are not there; [`Error::Analysis`](crate::Error::Analysis) if the model draws
/// what is no number.
pub fn induce(
    run_directory: &Path,
    request: &InduceRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<InducedWaves> {
    request.check()?;
    let run = TrainedRun::open(run_directory, request.checkpoint)?.on(&request.device);
    let model = run.variational_model()?;
    let TrainedRun { resolved, record, checkpoint, is_configured, .. } = run;
    let config = resolved.config();
    let cell = &model.config().cell;
    request.check_cell(cell)?;
    let side = model.frame().rows;
    let true_films = TrueFilms::open(&config.data, side)?;
    let films = open_films(&config.data, Split::Test, PERIOD, config.train.seed)?;
    let count = films.count().map_or(request.films, |count| count.min(request.films));
    let about = InducedRecord {
        model: model.config().name,
        data: config.data.name.clone(),
        split: Split::Test,
        preset: record.preset,
        published: record.published,
        seed: record.seed,
        commit: record.commit,
        checkpoint: CheckpointRecord::of(&checkpoint, is_configured),
        topology: cell.topology,
        state: [cell.channels, cell.rows, cell.columns],
        films: count,
        frames: PERIOD,
        side,
        steps: request.steps,
        velocity: request.velocity,
        axis: request.axis.as_str().into(),
        control_seed: request.control_seed,
    };
    let shifts = request.shifts();
    let mut shown = Shown::default();
    progress(0, count);
    for first in (0..count).step_by(GROUP) {
        let group = first..count.min(first + GROUP);
        shown.add(&model, films.as_ref(), group.clone(), request, &shifts)?;
        progress(group.end, count);
    }
    let Shown { subjects, films, reconstructions, states, decodings, control } = shown;
    let pixels = side * side;
    let shape = [count, shifts.len(), pixels];
    let matches = matched_frames(&decodings, shape, &films, PERIOD)?;
    let speed = InducedSpeed::of(&matches, &shifts, PERIOD)?;
    let truth = subjects
        .par_iter()
        .flat_map(|subject| shifts.par_iter().map(move |&shift| (subject, shift)))
        .map(|(subject, shift)| true_films.frame(subject, speed.expected_frame(shift)))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let mean_images: Vec<f32> = films
        .chunks_exact(PERIOD * pixels)
        .flat_map(|film| mean_image(film, pixels).repeat(shifts.len()))
        .collect();
    let error_of = |pictures: &[f32]| mean_squared_errors(pictures, &truth, shape);
    let errors = FilmErrors {
        induced: &error_of(&decodings)?,
        control: &error_of(&control)?,
        mean_image: &error_of(&mean_images)?,
    };
    let errors = compare_with_control(errors, shifts.len(), BootstrapOptions::default())?;
    Ok(InducedWaves {
        about,
        shifts,
        subjects,
        films,
        reconstructions,
        states,
        decodings,
        control,
        truth,
        matches,
        speed,
        errors,
    })
}

impl InducedWaves {
    /// How many of the shifts are within the first round of the films: those before it ends at the fitted speed, or all if
    /// nothing moves.
    pub fn shifts_of_first_round(&self) -> usize {
        let round = self.about.frames as f64;
        let is_within = |&&shift: &&f64| self.speed.expected_frame(shift).abs() < round;
        self.shifts.iter().take_while(is_within).count()
    }

    /// At how many of these shifts decodings are closer to what they should show than those of shuffled rings, with an adjusted
    /// p-value of at most 0.05; `None` if too few films were compared.
    pub fn shifts_that_beat_control(&self) -> Option<usize> {
        let first_round = self.errors.get(..self.shifts_of_first_round())?;
        first_round.first()?.difference?;
        Some(first_round.iter().filter(|at| at.beats_control()).count())
    }

    /// The matched frames of one film, axis `[shift]`.
    pub fn matches_of(&self, film: usize) -> &[usize] {
        let shifts = self.shifts.len();
        self.matches.get(film * shifts..(film + 1) * shifts).unwrap_or(&[])
    }
}

/// What groups of films have left.
#[derive(Default)]
struct Shown {
    subjects: Vec<FilmSubject>,
    films: Vec<f32>,
    reconstructions: Vec<f32>,
    states: Vec<f32>,
    decodings: Vec<f32>,
    control: Vec<f32>,
}

impl Shown {
    /// Shows some films to the model, and decodes their last states at all shifts.
    fn add(
        &mut self,
        model: &VariationalModel,
        films: &dyn Films,
        group: Range<usize>,
        request: &InduceRequest,
        shifts: &[f64],
    ) -> Result<()> {
        let batch = films.slice(group.start as u64..group.end as u64)?;
        self.subjects.extend(&batch.subjects);
        let frames = film_frames(batch, model.device())?;
        self.films.extend(film_first(&frames)?);
        // A model whose last state predicts no frame of the film is shown the one that follows, which it does not read.
        let given = match model.config().rollout.wrap_target {
            true => frames,
            false => Tensor::cat(&[&frames, &frames.narrow(0, 0, 1)?], 0)?,
        };
        let unrolled = model.unroll(&given, None)?;
        // The last prediction is of the frame after the film, which is its first one again.
        let predicted = &unrolled.frames;
        let last = predicted.narrow(0, PERIOD - 1, 1)?;
        let in_order = Tensor::cat(&[&last, &predicted.narrow(0, 0, PERIOD - 1)?], 0)?;
        self.reconstructions.extend(film_first(&in_order)?);

        let cell = &model.config().cell;
        let shape = [cell.channels, cell.rows, cell.columns];
        let positions = unrolled.states.get(PERIOD - 1)?.narrow(1, 0, 1)?;
        let states = numbers(&positions)?;
        let units = cell.units();
        let shuffled = states
            .chunks_exact(units)
            .zip(group)
            .map(|(state, film)| {
                shuffled_rings(state, shape, request.axis, request.control_seed, film as u64)
            })
            .collect::<std::result::Result<Vec<_>, _>>()?
            .concat();
        for (states, decodings) in [(&states, &mut self.decodings), (&shuffled, &mut self.control)]
        {
            let moved = states
                .par_chunks_exact(units)
                .flat_map(|state| shifts.par_iter().map(move |&shift| (state, shift)))
                .map(|(state, shift)| shifted_rings(state, shape, shift, request.axis))
                .collect::<std::result::Result<Vec<_>, _>>()?
                .concat();
            let films = states.len() / units;
            let shape = (films, shifts.len(), units);
            let moved = Tensor::from_vec(moved, shape, model.device())?;
            // Axes of the model's time and batch are those of films and shifts here: it draws each state by itself.
            decodings.extend(numbers(&model.decode(&moved)?)?);
        }
        self.states.extend(states);
        Ok(())
    }
}

/// The mean over frames of a film `[frame, pixel]`.
fn mean_image(film: &[f32], pixels: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; pixels];
    for frame in film.chunks_exact(pixels) {
        for (sum, &value) in sums.iter_mut().zip(frame) {
            *sum += f64::from(value);
        }
    }
    let frames = (film.len() / pixels) as f64;
    sums.into_iter().map(|sum| (sum / frames) as f32).collect()
}

/// Numbers `[time, batch, ...]` with the batch first.
fn film_first(tensor: &Tensor) -> Result<Vec<f32>> {
    numbers(&tensor.transpose(0, 1)?)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
