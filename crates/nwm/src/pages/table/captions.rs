//! Headings and notes of the tables of values, for every file that shows them.

use super::{
    super::number::count,
    cells::{Cell, Table},
    comparison::{RESAMPLES, SIGNIFICANT},
    metric::{Metric, Subject},
    score::{Horizon, WhichReference},
};

impl Table {
    /// The heading of the values at a horizon.
    pub(super) fn heading(&self, horizon: Horizon) -> String {
        match self.horizon_name(horizon) {
            Some(name) => format!("Measured, {name}"),
            None => "Measured".to_owned(),
        }
    }

    /// Which frames the values at a horizon are about, and what follows for their comparison.
    pub(super) fn horizon_note(&self, horizon: Horizon) -> String {
        match horizon {
            Horizon::Planned => self.planned_note(),
            Horizon::Matched => self.matched_note(),
        }
    }

    fn planned_note(&self) -> String {
        let agree_below =
            self.horizons().count() > 1 && self.common_steps(Horizon::Matched).is_some();
        let below = if agree_below { ", as they do at the matched horizon below" } else { "" };
        match &self.scored(Horizon::Planned)[..] {
            [] => String::new(),
            [all] => format!("Frames seen, and steps scored after the last of them: {all}."),
            groups => format!(
                "Frames seen, and steps scored after the last of them: {}. Columns compare like with \
                 like only where these agree{below}.",
                groups.join("; ")
            ),
        }
    }

    fn matched_note(&self) -> String {
        let steps = self.common_steps(Horizon::Matched);
        let which = match steps {
            Some([first, last]) => {
                format!("Steps {first} to {last} after the last true frame, for every model.")
            }
            None => format!(
                "As equally far after the last true frame as the windows allow: {}.",
                self.scored(Horizon::Matched).join("; ")
            ),
        };
        let why = match self.common_steps(Horizon::Planned) {
            None => {
                "The table above scores forecasts at different distances from the last true frame, and \
                 those tend to get worse with the distance. Published numbers are not for these frames."
            }
            planned if planned == steps => "These are the frames of the table above.",
            _ => "Published numbers are not for these frames.",
        };
        format!("{which} {why}")
    }

    /// The steps after the last true frame that are scored, where they are the same in all cells.
    fn common_steps(&self, horizon: Horizon) -> Option<[usize; 2]> {
        let mut steps = self.cells.iter().filter_map(|cell| Some(cell.score(horizon)?.steps_ahead));
        let first = steps.next()??;
        steps.all(|other| other == Some(first)).then_some(first)
    }

    /// Frames seen and scored, columns that agree together, such as
    /// `cornn, nwm_2d: 31 frames, steps 30 to 89`.
    fn scored(&self, horizon: Horizon) -> Vec<String> {
        let of_column = |column: &String| {
            let mut cells = self.cells.iter().filter(|cell| cell.column == *column);
            cells.find_map(|cell| {
                let (seen, score) = (cell.inference_steps?, cell.score(horizon)?);
                let steps =
                    score.steps_ahead.map(|[first, last]| format!(", steps {first} to {last}"));
                Some(format!("{seen} frames{}", steps.unwrap_or_default()))
            })
        };
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for column in &self.columns {
            let Some(frames) = of_column(column) else { continue };
            match groups.iter_mut().find(|(of_group, _)| *of_group == frames) {
                Some((_, columns)) => columns.push(column),
                None => groups.push((frames, vec![column])),
            }
        }
        groups.iter().map(|(frames, columns)| format!("{}: {frames}", columns.join(", "))).collect()
    }

    /// The value of a reference predictor in a row: one number, or the smallest and the largest, since
    /// models are scored on different frames.
    pub(super) fn reference_values(
        &self,
        horizon: Horizon,
        row: &str,
        which: WhichReference,
    ) -> String {
        let value = |cell: &Cell| which(&cell.score(horizon)?.references).value;
        let mut values: Vec<f64> = self.row(row).filter_map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let [least, most] = [values.first(), values.last()].map(|it| it.copied());
        let kind = self.kind();
        match ((kind.show)(least), (kind.show)(most)) {
            (least, most) if least == most => least,
            _ => format!("{} to {}", end_of_range(kind, least), end_of_range(kind, most)),
        }
    }

    /// What the marks of the tables mean and how the comparisons were made; `None` where nothing is
    /// marked.
    pub(super) fn marks_note(&self) -> Option<String> {
        let mut summaries = self.summaries.iter().chain(&self.matched_summaries);
        let is_conditional = summaries.clone().any(|summary| summary.conditional_on_seed);
        summaries.any(|summary| summary.best.is_some()).then(|| {
            let mut text = format!(
                "Bold: {} of its row. †: not distinguishable from it. ‡: not compared with it. ",
                self.kind().leading
            );
            text.push_str(&match self.kind().subject {
                Subject::Forecasts => paired(),
                Subject::Answers(_) => UNPAIRED.to_owned(),
            });
            if is_conditional {
                text.push_str(
                    " Where a model was trained with one seed, this says nothing about other seeds.",
                );
            }
            text
        })
    }
}

/// How errors of the same test trajectories are compared.
fn paired() -> String {
    format!(
        "The smallest one is picked by the same errors that the others are \
         then compared by, which flatters it: among models that are not distinguishable \
         another may lead on other trajectories. Each comparison is a paired bootstrap \
         ({} resamples) over the same test trajectories and the training seeds; \
         distinguishable is an adjusted p of at most {SIGNIFICANT}, by Holm's method for all \
         comparisons of a row. Two or three seeds hardly tell how \
         much trainings differ: there intervals are too narrow and p too small.",
        count(RESAMPLES as u64)
    )
}

/// How scores of answers are compared.
const UNPAIRED: &str = "Intervals are over test sequences, Wilson's of accuracies and Student's of errors, \
    and over seeds where there are several. Models are compared by the interval of the difference of two \
    independent samples (Newcombe's method); distinguishable are those whose interval excludes 0. Where \
    models were asked the same questions, a comparison in pairs could tell more of them apart. Intervals \
    are not corrected for the number of comparisons.";

/// An end of a range of errors, for which whole units do from a hundred on.
fn end_of_range(kind: &Metric, value: Option<f64>) -> String {
    match value {
        Some(value) if (1e2..1e6).contains(&value) => format!("{value:.0}"),
        value => (kind.show)(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{fixtures::three_seeds, table::score::Score};

    /// A table of ar and nwm_1d on the spring, scored at these steps.
    fn table(planned: [[usize; 2]; 2], matched: [[usize; 2]; 2]) -> Table {
        let mut table = Table::collect(three_seeds().path()).unwrap();
        let done = table.cells[1].clone();
        for index in [0, 1] {
            let cell = &mut table.cells[index];
            (cell.status, cell.inference_steps) = (done.status, Some([5, 31][index]));
            cell.steps_ahead = Some(planned[index]);
            cell.references.mean_image.value = Some([8.0, 9.5][index]);
            cell.matched = Some(Score { steps_ahead: Some(matched[index]), ..Score::default() });
        }
        table
    }

    #[test]
    fn notes_say_which_frames_are_scored() {
        let published = table([[56, 115], [30, 89]], [[30, 89]; 2]);
        assert_eq!(published.heading(Horizon::Planned), "Measured, horizon as published");
        assert_eq!(
            published.horizon_note(Horizon::Planned),
            "Frames seen, and steps scored after the last of them: ar: 5 frames, steps 56 to 115; \
             nwm_1d: 31 frames, steps 30 to 89. Columns compare like with like only where these agree, as they do at the matched \
             horizon below."
        );
        let note = published.horizon_note(Horizon::Matched);
        assert!(note.starts_with(
            "Steps 30 to 89 after the last true frame, for every model. The table above scores"
        ));
        // A window too short for all to be scored equally far ahead.
        let short = table([[8, 9], [4, 5]], [[6, 7], [4, 5]]);
        assert!(short.horizon_note(Horizon::Planned).ends_with("where these agree."));
        let note = short.horizon_note(Horizon::Matched);
        assert!(
            note.contains("as the windows allow: ar: 5 frames, steps 6 to 7; nwm_1d: 31"),
            "{note}"
        );
        let same = table([[30, 89]; 2], [[30, 89]; 2]).horizon_note(Horizon::Matched);
        assert!(same.ends_with("for every model. These are the frames of the table above."));
    }

    #[test]
    fn references_are_a_number_or_a_range() {
        let table = table([[30, 89]; 2], [[30, 89]; 2]);
        let values = |row| table.reference_values(Horizon::Planned, row, |it| it.mean_image);
        assert_eq!(values("spring"), "8.00 to 9.50");
        assert_eq!(values("pendulum"), "–");
        assert_eq!(table.reference_values(Horizon::Planned, "spring", |it| it.last_frame), "16.00");
    }
}
