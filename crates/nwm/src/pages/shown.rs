//! What a page shows of one model beside others.

use super::{forecast::ForecastSamples, run_files::Evaluation, training_curve::TrainingCurve};

/// One run among those that a chart, a strip or a player shows together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) name: &'a str,
    /// Number of its colour in every chart of the page.
    pub(super) colour: usize,
    pub(super) evaluation: Option<&'a Evaluation>,
    pub(super) curve: Option<&'a TrainingCurve>,
    pub(super) samples: Option<&'a ForecastSamples>,
}

/// Runs that forecast the same movie.
pub(super) struct SameTruth<'a> {
    /// Shape and true frames; the predictions are those of the first run.
    pub(super) samples: &'a ForecastSamples,
    pub(super) runs: Vec<(&'a str, usize, &'a ForecastSamples)>,
}

impl<'a> SameTruth<'a> {
    /// The true frames of the first trajectory.
    pub(super) fn truth(&self) -> &'a [u8] {
        self.samples.truth.first().map_or(&[], Vec::as_slice)
    }
}

/// The runs with forecasts, those of the same first trajectory together, in their order.
pub(super) fn by_truth<'a>(shown: &[Shown<'a>]) -> anyhow::Result<Vec<SameTruth<'a>>> {
    let mut groups: Vec<SameTruth<'a>> = Vec::new();
    for Shown { name, colour, samples, .. } in shown {
        let Some(samples) = *samples else { continue };
        if samples.trajectories()? == 0 {
            continue;
        }
        let shape = |of: &ForecastSamples| [of.frames, of.rows, of.columns, of.first_frame];
        let same = |group: &&mut SameTruth<'_>| {
            shape(group.samples) == shape(samples) && group.samples.truth[0] == samples.truth[0]
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.runs.push((name, *colour, samples)),
            None => groups.push(SameTruth { samples, runs: vec![(name, *colour, samples)] }),
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::tiny_samples;

    #[test]
    fn forecasts_of_one_movie_stand_together() {
        let (same, mut other) = (tiny_samples(5), tiny_samples(5));
        other.truth[0][0] += 1;
        let empty =
            ForecastSamples { truth: Vec::new(), prediction: Vec::new(), ..tiny_samples(5) };
        let samples = [Some(&same), None, Some(&other), Some(&empty), Some(&same)];
        let shown: Vec<Shown<'_>> = ["a", "b", "c", "d", "e"]
            .into_iter()
            .zip(samples)
            .enumerate()
            .map(|(colour, (name, samples))| Shown {
                name,
                colour,
                evaluation: None,
                curve: None,
                samples,
            })
            .collect();
        let groups = by_truth(&shown).unwrap();
        let names: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| group.runs.iter().map(|(name, ..)| *name).collect())
            .collect();
        assert_eq!(names, [vec!["a", "e"], vec!["c"]]);
        assert_eq!(groups[0].runs[1].1, 4);
    }
}
