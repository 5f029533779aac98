//! What a model holds while it reads test sequences, and what it answers.

use std::path::Path;

use candle_core::Tensor;
use nwm_data::Split;
use nwm_data::arrays::{self, ArrayLayout, Element};
use nwm_models::SequenceShape;

use super::request::{UNROLLED_KIND, UnrollRequest, UnrolledSequences, numbers, steps_within};
use super::states::{append_states, append_trajectories, state_layouts};
use crate::error::{Error, Result};
use crate::sequence_data::{Answers, Questions, Sequences};
use crate::trained_run::TrainedRun;

/// Unrolls a model that answers on test sequences: its states after each of their first steps, and its answers to all of them.
pub(super) fn unroll_answers(
    run: &TrainedRun,
    request: &UnrollRequest,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnrolledSequences> {
    let config = run.config();
    let model = run.sequence_model()?;
    let test = Sequences::open(&config.data, Split::Test, config.train.seed)?;
    let chosen = request.trajectories.of(test.count())?;
    let (inputs, answers) = question(&test, config.eval.batch_size, chosen[0])?;
    let length = inputs.dim(0)?;
    let steps = steps_within(request.steps, length, length)?;
    let about = UnrolledSequences::of_read(run, chosen.len(), steps, 0);
    let SequenceShape { features, outputs } = model.shape();
    let count = chosen.len();
    let answer = ["trajectory", "output"];
    let inputs_of = ["trajectory", "time", "feature"];
    let mut layouts = vec![
        ArrayLayout::new("inputs", &inputs_of, &[count, steps, features], Element::F32),
        ArrayLayout::new("answers", &answer, &[count, outputs], Element::F32),
    ];
    layouts.extend(state_layouts(&config.model.cell, count, steps));
    layouts.push(match answers {
        Answers::Classes(_) => ArrayLayout::new("classes", &["trajectory"], &[count], Element::U32),
        Answers::Numbers(_) => {
            ArrayLayout::new("targets", &answer, &[count, outputs], Element::F32)
        }
    });
    arrays::write(out, UNROLLED_KIND, &about, layouts, |file| {
        append_trajectories(file, &chosen)?;
        progress(0, count);
        for (done, &number) in chosen.iter().enumerate() {
            let (inputs, right) = question(&test, config.eval.batch_size, number)?;
            let inputs = inputs.to_device(model.device())?;
            file.append("answers", &numbers(&model.answer(&inputs)?)?)?;
            let read = inputs.narrow(0, 0, steps)?.contiguous()?;
            file.append("inputs", &numbers(&read)?)?;
            append_states(file, &model.states(&read)?)?;
            match right {
                Answers::Classes(class) => file.append("classes", &class.to_vec1::<u32>()?)?,
                Answers::Numbers(target) => file.append("targets", &numbers(&target)?)?,
            }
            progress(done + 1, count);
        }
        Ok::<_, Error>(())
    })?;
    Ok(about)
}

/// One sequence `[time, 1, feature]` and its answer, as it is in the batch of an evaluation.
fn question(test: &Sequences, batch_size: usize, number: usize) -> Result<(Tensor, Answers)> {
    let first = number - number % batch_size;
    let Questions { inputs, answers } = test.slice(first, batch_size.min(test.count() - first))?;
    let place = number - first;
    let answer = match answers {
        Answers::Classes(classes) => Answers::Classes(classes.narrow(0, place, 1)?),
        Answers::Numbers(numbers) => Answers::Numbers(numbers.narrow(0, place, 1)?),
    };
    Ok((inputs.narrow(1, place, 1)?.contiguous()?, answer))
}
