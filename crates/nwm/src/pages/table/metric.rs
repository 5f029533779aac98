//! What the metric of a table is: its name, its direction, its unit, and what can be reached without training.

use std::cmp::Ordering;

use super::{
    super::{
        figures::Learning,
        number::{decimal, in_unit, quotient, ratio},
        run_files::Evaluation,
    },
    score::{Reference, References},
};

/// The scores of one kind: how they are named, compared and shown. Tables of all kinds have the same shape.
#[derive(Debug)]
pub(super) struct Metric {
    /// What a value is, in a word, and in the plural.
    pub(super) quantity: &'static str,
    pub(super) plural: &'static str,
    pub(super) direction: Direction,
    /// The value of the best model, such as `the smallest error`.
    pub(super) leading: &'static str,
    pub(super) subject: Subject,
    /// Units by their text in files that have names of their own; an empty one is not mentioned.
    units: &'static [(&'static str, &'static str)],
    /// A value in units as text; a dash where there is none.
    pub(super) show: fn(Option<f64>) -> String,
    show_published: fn(f64) -> String,
    /// How a measured value is set against the published one: a heading, and the text of the two.
    pub(super) against_published: (&'static str, BesidePublished),
    /// What needs no training.
    pub(super) references: &'static [ReferencePredictor],
    /// What values divided by references say; none where such a ratio says nothing.
    pub(super) ratios_note: Option<&'static str>,
    /// The score without skill of the data that a result is about.
    pub(super) no_skill: fn(&Evaluation) -> Option<f64>,
    /// What values and references are, after the unit: in `table.md` and on the page.
    pub(super) text_note: &'static str,
    pub(super) page_note: &'static str,
}

/// The text of a measured value beside the published one.
type BesidePublished = fn(Option<f64>, Option<f64>) -> String;

/// Which of two values is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Less,
    More,
}

/// What models are asked for.
#[derive(Debug)]
pub(super) enum Subject {
    /// Frames: errors of the same test trajectories are compared in pairs, at two horizons.
    Forecasts,
    /// Answers to sequences: intervals are compared, and learning is drawn.
    Answers(Learning),
}

/// A predictor that needs no training.
#[derive(Debug)]
pub(super) struct ReferencePredictor {
    /// In headings.
    pub(super) name: &'static str,
    /// In sentences.
    pub(super) phrase: &'static str,
    pub(super) of: fn(&References) -> Reference,
}

/// Errors of predicted frames.
static FORECAST_ERROR: Metric = Metric {
    quantity: "error",
    plural: "errors",
    direction: Direction::Less,
    leading: "the smallest error",
    subject: Subject::Forecasts,
    units: &[],
    show: in_unit,
    show_published: |value| in_unit(Some(value)),
    against_published: ("Measured divided by published", |measured, published| {
        ratio(quotient(measured, published))
    }),
    references: &[
        ReferencePredictor { name: "mean image", phrase: "the mean image", of: |it| it.mean_image },
        ReferencePredictor {
            name: "last frame seen",
            phrase: "the last frame seen",
            of: |it| it.last_frame,
        },
    ],
    ratios_note: Some(
        "The error divided by that of a predictor that knows no dynamics, on the same test trajectories \
         and frames; below it, that predictor's error. A ratio below 1 beats the reference.",
    ),
    no_skill: |_| None,
    text_note: "Mean over seeds, with half the width of the Student-t 95 % interval where there are two \
                seeds or more. The mean image of the training set and the last frame seen, each \
                repeated, need no training; their errors differ where models are scored on different \
                frames.",
    page_note: "mean over seeds, ± half the width of the Student-t 95 % interval where there are two \
                seeds or more. To the right, predictors that need no training; their errors differ \
                where models are scored on different frames.",
};

/// The share of right answers.
static ACCURACY: Metric = Metric {
    quantity: "accuracy",
    plural: "accuracies",
    direction: Direction::More,
    leading: "the highest accuracy",
    subject: Subject::Answers(Learning {
        quantity: "accuracy",
        is_logarithmic: false,
        of_batches: |curve| &curve.accuracy,
        of_validation: |wrong| 1.0 - wrong,
    }),
    units: &[("1e-2", "percent")],
    show: in_unit,
    show_published: |value| format!("{value:.1}"),
    against_published: ("Measured minus published", |measured, published| {
        let difference = measured.zip(published).map(|(measured, published)| measured - published);
        difference.map_or(in_unit(None), |it| format!("{it:+.2}"))
    }),
    references: &[ReferencePredictor { name: "chance", phrase: "chance", of: |it| it.no_skill }],
    ratios_note: None,
    no_skill: |result| {
        let classes = result.confusion.as_ref()?.len();
        (classes > 0).then(|| 1.0 / classes as f64)
    },
    text_note: "Mean over seeds; in brackets its 95 % interval over test sequences, and over seeds where \
                there are several. Chance is one right answer in as many as there are classes.",
    page_note: "mean over seeds; below it the 95 % interval over test sequences, and over seeds where \
                there are several. To the right, one right answer in as many as there are classes.",
};

/// Squared errors of answers that are numbers.
static ANSWER_ERROR: Metric = Metric {
    quantity: "error",
    plural: "errors",
    direction: Direction::Less,
    leading: "the smallest error",
    subject: Subject::Answers(Learning {
        quantity: "mean squared error",
        is_logarithmic: true,
        of_batches: |curve| &curve.mse,
        of_validation: |error| error,
    }),
    units: &[("1e0", "")],
    show: decimal,
    show_published: |value| decimal(Some(value)),
    references: &[ReferencePredictor {
        name: "constant answer",
        phrase: "the constant answer",
        of: |it| it.no_skill,
    }],
    against_published: ("Measured divided by published", |measured, published| {
        ratio(quotient(measured, published))
    }),
    ratios_note: Some(
        "The error divided by that of the best constant answer; below it, that answer's error. A ratio \
         below 1 beats the reference.",
    ),
    no_skill: |result| (result.data == ADDING).then_some(VARIANCE_OF_SUM),
    text_note: "Mean over seeds; in brackets its 95 % interval over test sequences, and over seeds where \
                there are several. The best constant answer has the variance of the right ones as its \
                error.",
    page_note: "mean over seeds; below it the 95 % interval over test sequences, and over seeds where \
                there are several. To the right, the best constant answer, whose error is the variance \
                of the right ones.",
};

/// The data set whose answer is the sum of two numbers from 0 to 1.
const ADDING: &str = "adding";

/// Variance of the sum of two numbers that are uniform between 0 and 1: that of one is 1/12.
const VARIANCE_OF_SUM: f64 = 1.0 / 6.0;

impl Metric {
    /// What the key `key` of `result.json` is in a table with these rows.
    pub(super) fn of(key: &str, rows: &[String]) -> &'static Self {
        match key {
            "accuracy" => &ACCURACY,
            // Films have such a score, too, and its references are those of forecasts.
            "mse" if rows.iter().all(|row| row == ADDING) => &ANSWER_ERROR,
            _ => &FORECAST_ERROR,
        }
    }

    /// A measured value in units, whose absence means that it was not finite.
    pub(super) fn show_finite(&self, value: Option<f64>) -> String {
        (self.show)(value.or(Some(f64::NAN)))
    }

    /// An interval in units as text.
    pub(super) fn interval(&self, interval: Option<[f64; 2]>) -> String {
        match interval {
            Some([low, high]) => {
                format!("{} to {}", (self.show)(Some(low)), (self.show)(Some(high)))
            }
            None => (self.show)(None),
        }
    }

    /// A published value with its standard deviation, if there is one.
    pub(super) fn published(&self, value: Option<f64>, std: Option<f64>) -> String {
        match (value, std) {
            (None, _) => in_unit(None),
            (Some(value), None) => (self.show_published)(value),
            (Some(value), Some(std)) => {
                format!("{} ± {}", (self.show_published)(value), (self.show_published)(std))
            }
        }
    }

    /// A unit by its name; empty where it need not be mentioned.
    pub(super) fn unit_name(&self, unit: &str) -> String {
        self.named_unit(unit).unwrap_or(unit).to_owned()
    }

    /// A unit after what is measured in it, such as ` in percent`.
    pub(super) fn unit_phrase(&self, unit: &str) -> String {
        match self.named_unit(unit) {
            None => format!(" in units of {unit}"),
            Some("") => String::new(),
            Some(name) => format!(" in {name}"),
        }
    }

    fn named_unit(&self, unit: &str) -> Option<&'static str> {
        self.units.iter().find(|(text, _)| *text == unit).map(|(_, name)| *name)
    }

    /// The reference that is hardest to beat; `None` where there is none.
    pub(super) fn hardest_reference(
        &self,
        references: &References,
    ) -> Option<(&'static ReferencePredictor, Reference)> {
        let all = self.references.iter().map(|predictor| (predictor, (predictor.of)(references)));
        let known = all.filter_map(|it| Some((it.1.value?, it)));
        known.min_by(|(a, _), (b, _)| self.direction.better_first(*a, *b)).map(|(_, it)| it)
    }
}

impl Direction {
    /// The order in which the better of two values is the first.
    pub(super) fn better_first(self, a: f64, b: f64) -> Ordering {
        match self {
            Self::Less => a.total_cmp(&b),
            Self::More => b.total_cmp(&a),
        }
    }

    /// What stands for a value that is not finite: nothing is worse.
    pub(super) fn worst(self) -> f64 {
        match self {
            Self::Less => f64::MAX,
            Self::More => f64::MIN,
        }
    }

    /// Whether a value is not better than another one, their ratio being this.
    pub(super) fn is_no_better(self, ratio: f64) -> bool {
        match self {
            Self::Less => ratio >= 1.0,
            Self::More => ratio <= 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(key: &str, rows: &[&str]) -> &'static Metric {
        Metric::of(key, &rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>())
    }

    fn of(value: Option<f64>) -> Reference {
        Reference { value, ratio: None }
    }

    #[test]
    fn keys_and_rows_say_what_is_measured() {
        assert_eq!(metric("accuracy", &["smnist", "psmnist"]).leading, "the highest accuracy");
        let adding = metric("mse", &["adding"]);
        assert!(matches!(adding.subject, Subject::Answers(_)));
        for (key, rows) in [("mse", &["rotating_mnist"]), ("forward_full_l2_norm", &["spring"])] {
            let metric = metric(key, rows);
            assert!(matches!(metric.subject, Subject::Forecasts), "{key} of {rows:?}");
            assert_eq!(metric.references.len(), 2);
        }
    }

    #[test]
    fn better_is_more_or_less() {
        use Direction::{Less, More};
        assert_eq!(Less.better_first(1.0, 2.0), Ordering::Less);
        assert_eq!(More.better_first(1.0, 2.0), Ordering::Greater);
        for direction in [Less, More] {
            assert_eq!(direction.better_first(direction.worst(), 0.5), Ordering::Greater);
            assert!(direction.is_no_better(1.0));
        }
        assert!(Less.is_no_better(1.1) && !Less.is_no_better(0.9));
        assert!(More.is_no_better(0.9) && !More.is_no_better(1.1));
    }

    #[test]
    fn units_have_names_where_there_are_some() {
        let accuracy = metric("accuracy", &["smnist"]);
        assert_eq!(accuracy.unit_phrase("1e-2"), " in percent");
        assert_eq!(accuracy.unit_name("1e-2"), "percent");
        let adding = metric("mse", &["adding"]);
        assert_eq!((adding.unit_phrase("1e0"), adding.unit_name("1e0")), Default::default());
        assert_eq!(adding.unit_phrase("1e-3"), " in units of 1e-3");
        let forecast = metric("forward_full_l2_norm", &["spring"]);
        assert_eq!(forecast.unit_phrase("1e-8"), " in units of 1e-8");
        assert_eq!(forecast.unit_name("1e-8"), "1e-8");
    }

    #[test]
    fn published_values_have_their_deviations() {
        let accuracy = metric("accuracy", &["smnist"]);
        assert_eq!(accuracy.published(Some(99.1), Some(0.1)), "99.1 ± 0.1");
        assert_eq!(accuracy.published(Some(95.0), None), "95.0");
        assert_eq!(accuracy.published(None, Some(0.1)), "–");
        assert_eq!((accuracy.against_published.1)(Some(98.5), Some(99.1)), "-0.60");
        assert_eq!((accuracy.against_published.1)(None, Some(99.1)), "–");
        let forecast = metric("forward_full_l2_norm", &["spring"]);
        assert_eq!(forecast.published(Some(1.45), None), "1.45");
        assert_eq!((forecast.against_published.1)(Some(2.9), Some(1.45)), "2.000");
    }

    #[test]
    fn the_hardest_reference_is_the_one_with_the_smaller_error() {
        let metric = metric("forward_full_l2_norm", &["spring"]);
        let hardest =
            |references: &References| metric.hardest_reference(references).map(|it| it.0.name);
        let both = References {
            mean_image: of(Some(3.0)),
            last_frame: of(Some(2.0)),
            ..References::default()
        };
        assert_eq!(hardest(&both), Some("last frame seen"));
        assert_eq!(hardest(&References { last_frame: of(None), ..both }), Some("mean image"));
        assert_eq!(hardest(&References::default()), None);
    }
}
