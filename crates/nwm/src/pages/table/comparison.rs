//! Which model of a row is best, and which ones cannot be told from it.

use anyhow::Result;
use nwm_analysis::statistics::{
    BootstrapOptions, PairedDifference, RankCorrelation, difference_interval, holm_adjusted,
};
use serde::{Deserialize, Serialize};

use super::{
    super::{error_table::metric, run_files::Evaluation},
    answers::AnswerMeasures,
    cells::{Cell, Status},
    metric::Metric,
    score::Score,
    sentence::sentence,
};

/// Adjusted p-values up to this one count as a difference.
pub(super) const SIGNIFICANT: f64 = 0.05;

/// Resamples of a comparison; their seed is fixed, so that a table is the same every time.
pub(super) const RESAMPLES: usize = 10_000;

/// Fewer test trajectories than this are not resampled: if by chance all of a few differences have
/// one sign, so has every resample, and p means nothing.
const FEWEST_TRAJECTORIES: usize = 20;

/// Fewer models than this have no order worth comparing with the published one.
const FEWEST_RANKED: usize = 3;

/// How the models of one row compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RowSummary {
    pub(super) row: String,
    /// The column with the best value; null where one has results alone or none has finite values.
    pub(super) best: Option<String>,
    /// Every other column with a result against the best one.
    pub(super) comparisons: Vec<Comparison>,
    /// Test trajectories that the comparisons are made on; null where there are none.
    pub(super) trajectories: Option<usize>,
    /// Whether a comparison rests on a single training seed of one of its models.
    pub(super) conditional_on_seed: bool,
    /// Rank correlation with the published numbers of the row, and its exact two-sided p-value; null
    /// for fewer than three models with both, and at the matched horizon, which was not published.
    pub(super) kendall_tau: Option<f64>,
    pub(super) kendall_p: Option<f64>,
    /// Models that both orders have.
    pub(super) ranked: usize,
    /// The verdict in words.
    pub(super) sentence: String,
}

/// One model against the best of its row, paired by test trajectory; of answers the difference of two independent samples,
/// which has no p-value. Numbers are null where the two were not compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    pub(super) column: String,
    pub(super) verdict: Verdict,
    /// Its mean minus that of the best, in units.
    pub(super) difference: Option<f64>,
    pub(super) interval95: Option<[f64; 2]>,
    /// Of no difference, for this comparison alone.
    pub(super) p_value: Option<f64>,
    /// The same, corrected by Holm's method for the comparisons of the row.
    pub(super) adjusted_p_value: Option<f64>,
    /// Why the two were not compared.
    pub(super) reason: Option<String>,
}

/// What a comparison with the best model found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Its adjusted p-value is small, or the interval of the difference excludes 0: a worse value.
    Distinguishable,
    /// It is not.
    NotDistinguishable,
    /// An error of it is not finite, worse than any that is.
    Diverged,
    /// Errors by trajectory are missing, or do not belong together.
    NotCompared,
}

impl Verdict {
    /// As files have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Distinguishable => "distinguishable",
            Self::NotDistinguishable => "not_distinguishable",
            Self::Diverged => "diverged",
            Self::NotCompared => "not_compared",
        }
    }
}

/// A model with results in a row.
pub(super) struct Contender<'a> {
    pub(super) column: &'a str,
    pub(super) score: Score,
    errors: Errors,
}

/// Errors by seed and trajectory or an interval, in units, or why there is nothing to compare.
enum Errors {
    ByTrajectory(Vec<Vec<f64>>),
    /// Of answers: an interval of the mean, over so many seeds and sequences.
    Interval {
        interval95: [f64; 2],
        seeds: usize,
        sequences: usize,
    },
    NotFinite,
    Unusable(&'static str),
}

impl Errors {
    fn of(evaluations: &[Evaluation], key: &str, unit: f64) -> Self {
        if evaluations.iter().any(|result| metric(result, key).is_none()) {
            return Self::NotFinite;
        }
        let lists: Option<Vec<_>> =
            evaluations.iter().map(|result| result.per_trajectory.get(key)).collect();
        let Some(lists) = lists else {
            return Self::Unusable("its results have no errors by trajectory");
        };
        let length = lists.first().map_or(0, |list| list.len());
        if length == 0 || lists.iter().any(|list| list.len() != length) {
            return Self::Unusable("its seeds have different numbers of trajectories");
        }
        let in_units = |list: &Vec<Option<f64>>| {
            list.iter().map(|error| error.map(|error| error / unit)).collect::<Option<Vec<f64>>>()
        };
        match lists.into_iter().map(in_units).collect() {
            Some(errors) => Self::ByTrajectory(errors),
            None => Self::NotFinite,
        }
    }
}

impl<'a> Contender<'a> {
    /// A model with its score `key` and the evaluations, at least one, that it is the mean of.
    pub(super) fn new(
        column: &'a str,
        score: Score,
        evaluations: &[Evaluation],
        key: &str,
        unit: f64,
    ) -> Self {
        Self { column, score, errors: Errors::of(evaluations, key, unit) }
    }

    /// A model with a score of answers and what is known about it, from so many seeds.
    pub(super) fn with_interval(
        column: &'a str,
        score: Score,
        answers: AnswerMeasures,
        seeds: usize,
    ) -> Self {
        let sequences = usize::try_from(answers.sequences).unwrap_or(usize::MAX);
        let errors = match (score.mean, answers.interval95) {
            (None, _) => Errors::NotFinite,
            (_, None) => Errors::Unusable("its results have no interval"),
            (_, Some(interval95)) => Errors::Interval { interval95, seeds, sequences },
        };
        Self { column, score, errors }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.score.mean.is_some() && !matches!(self.errors, Errors::NotFinite)
    }

    /// Seeds and trajectories of errors that can be compared.
    fn errors(&self) -> Result<&[Vec<f64>], &'static str> {
        match &self.errors {
            Errors::ByTrajectory(errors) => Ok(errors),
            Errors::Unusable(why) => Err(why),
            Errors::Interval { .. } => Err("its errors by trajectory are not compared"),
            Errors::NotFinite => Err("its errors are not finite"),
        }
    }

    /// Whether its errors by trajectory are those of one training.
    pub(super) fn has_one_seed(&self) -> bool {
        match &self.errors {
            Errors::Interval { seeds, .. } => *seeds == 1,
            _ => self.errors().is_ok_and(|seeds| seeds.len() == 1),
        }
    }

    fn trajectories(&self) -> Option<usize> {
        match &self.errors {
            Errors::Interval { sequences, .. } => Some(*sequences),
            _ => self.errors().ok()?.first().map(Vec::len),
        }
    }

    /// Mean and its interval, where models are compared by these.
    fn estimate(&self) -> Option<(f64, [f64; 2])> {
        match &self.errors {
            Errors::Interval { interval95, .. } => Some((self.score.mean?, *interval95)),
            _ => None,
        }
    }

    /// This model against the best, but for the correction of its p-value and its verdict.
    fn against(&self, best: &Self) -> Result<Comparison> {
        let without_numbers = |verdict, reason| Comparison {
            column: self.column.to_owned(),
            verdict,
            difference: None,
            interval95: None,
            p_value: None,
            adjusted_p_value: None,
            reason,
        };
        if !self.is_finite() {
            return Ok(without_numbers(Verdict::Diverged, None));
        }
        if let (Some(own), Some(best)) = (self.estimate(), best.estimate()) {
            let interval95 = difference_interval(own, best)?;
            let is_apart = interval95[0] > 0.0 || interval95[1] < 0.0;
            let verdict =
                if is_apart { Verdict::Distinguishable } else { Verdict::NotDistinguishable };
            return Ok(Comparison {
                difference: Some(own.0 - best.0),
                interval95: Some(interval95),
                ..without_numbers(verdict, None)
            });
        }
        let not_compared = |reason: String| Ok(without_numbers(Verdict::NotCompared, Some(reason)));
        let (own, least) = match (self.errors(), best.errors()) {
            (Ok(own), Ok(least)) => (own, least),
            (Err(why), _) => return not_compared(why.to_owned()),
            (_, Err(why)) => return not_compared(format!("of {}: {why}", best.column)),
        };
        match [own, least].map(|seeds| seeds.first().map_or(0, Vec::len)) {
            [own, least] if own != least => {
                return not_compared(format!("{own} test trajectories, not {least}"));
            }
            [few, _] if few < FEWEST_TRAJECTORIES => {
                return not_compared(format!("{few} test trajectories are too few"));
            }
            _ => {}
        }
        let options = BootstrapOptions::default().with_resamples(RESAMPLES).with_seed(0);
        let found = PairedDifference::of(own, least, options)?;
        Ok(Comparison {
            difference: Some(found.difference),
            interval95: Some(found.interval95),
            p_value: Some(found.p_value),
            ..without_numbers(Verdict::NotDistinguishable, None)
        })
    }
}

impl RowSummary {
    /// Compares the models of a row; `None` without any.
    ///
    /// The best is the one with the best mean among those whose values are all finite. It
    /// is picked by the errors that the others are then compared by, which flatters it; the
    /// correction is for the number of comparisons, not for the pick.
    pub(super) fn of(
        kind: &Metric,
        row: &str,
        contenders: &[Contender<'_>],
    ) -> Result<Option<Self>> {
        if contenders.is_empty() {
            return Ok(None);
        }
        let mean =
            |contender: &Contender<'_>| contender.score.mean.unwrap_or(kind.direction.worst());
        let finite = contenders.iter().filter(|contender| contender.is_finite());
        let best = finite.min_by(|a, b| kind.direction.better_first(mean(a), mean(b)));
        let mut comparisons = match best {
            Some(best) => contenders
                .iter()
                .filter(|contender| contender.column != best.column)
                .map(|contender| contender.against(best))
                .collect::<Result<_>>()?,
            None => Vec::new(),
        };
        adjust(&mut comparisons)?;
        let was_compared = |contender: &&Contender<'_>| {
            let is_it = |it: &Comparison| it.column == contender.column && it.difference.is_some();
            comparisons.iter().any(is_it)
        };
        let one_seed: Vec<&str> = contenders
            .iter()
            .filter(|it| was_compared(it) || best.is_some_and(|best| best.column == it.column))
            .filter(|contender| contender.has_one_seed())
            .map(|contender| contender.column)
            .collect();
        let is_compared = comparisons.iter().any(|it| it.difference.is_some());
        Ok(Some(Self {
            row: row.to_owned(),
            best: best.filter(|_| contenders.len() > 1).map(|best| best.column.to_owned()),
            trajectories: best.and_then(Contender::trajectories).filter(|_| is_compared),
            conditional_on_seed: is_compared && !one_seed.is_empty(),
            kendall_tau: None,
            kendall_p: None,
            ranked: 0,
            sentence: sentence(kind, contenders, best, &comparisons, &one_seed),
            comparisons,
        }))
    }

    /// Adds the agreement of the order of the row's means with that of the published numbers. Models that diverged come
    /// last, all alike.
    pub(super) fn against_published(self, kind: &Metric, cells: &[Cell]) -> Result<Self> {
        let measured = |cell: &Cell| match cell.status {
            Status::Missing => None,
            _ => Some(cell.mean.unwrap_or(kind.direction.worst())),
        };
        let both = cells.iter().filter_map(|cell| Some((measured(cell)?, cell.published?)));
        let (measured, published): (Vec<f64>, Vec<f64>) = both.unzip();
        if measured.len() < FEWEST_RANKED {
            return Ok(self);
        }
        let found = RankCorrelation::of(&measured, &published)?;
        let ranked = measured.len();
        Ok(Self { kendall_tau: found.tau, kendall_p: found.p_value, ranked, ..self })
    }
}

/// Corrects the p-values of a row and says what follows from them.
fn adjust(comparisons: &mut [Comparison]) -> Result<()> {
    let p_values: Vec<f64> = comparisons.iter().filter_map(|it| it.p_value).collect();
    let compared = comparisons.iter_mut().filter(|it| it.p_value.is_some());
    for (comparison, adjusted) in compared.zip(holm_adjusted(&p_values)?) {
        comparison.adjusted_p_value = Some(adjusted);
        if adjusted <= SIGNIFICANT {
            comparison.verdict = Verdict::Distinguishable;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
