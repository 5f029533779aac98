//! What is found: numbers, and checks of them.

use serde::Serialize;

/// A number beside what it is compared with. What is not there is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Measured {
    /// The number.
    pub(super) value: Option<f64>,
    /// Its 95 % interval.
    pub(super) interval95: Option<[f64; 2]>,
    /// How often at most chance reaches it.
    pub(super) p_value: Option<f64>,
    /// What chance gives: the mean of shuffled sites where nothing else is said.
    pub(super) chance: Option<f64>,
    /// What the model had before its first step.
    pub(super) before_training: Option<f64>,
}

/// A number that nothing is expected of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Number {
    pub(super) name: String,
    /// The run; null if it is of several.
    pub(super) run: Option<String>,
    /// Unit, empty for pure numbers.
    pub(super) unit: &'static str,
    #[serde(flatten)]
    pub(super) measured: Measured,
    pub(super) reference: Option<&'static str>,
}

/// Whether an effect of the paper is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    /// The run; null if it is of several.
    pub(super) run: Option<String>,
    #[serde(flatten)]
    pub(super) measured: Measured,
    /// In words.
    pub(super) expected: String,
    /// Null if it was not measured.
    pub(super) holds: Option<bool>,
    /// What others have found.
    pub(super) reference: Option<&'static str>,
}

/// Everything that is found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Findings {
    pub(super) checks: Vec<Check>,
    pub(super) numbers: Vec<Number>,
}

/// Something that is asked of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Condition {
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    /// Of the p-value.
    PBelow(f64),
    /// Of the p-value.
    PAtMost(f64),
    /// Of the p-value.
    PAbove(f64),
}

impl Condition {
    fn words(self) -> String {
        match self {
            Self::AtLeast(limit) => format!("at least {limit}"),
            Self::AtMost(limit) => format!("at most {limit}"),
            Self::Above(limit) => format!("above {limit}"),
            Self::PBelow(limit) => format!("p below {limit}"),
            Self::PAtMost(limit) => format!("p at most {limit}"),
            Self::PAbove(limit) => format!("p above {limit}"),
        }
    }

    fn holds(self, measured: &Measured) -> Option<bool> {
        let (value, p_value) = (measured.value, measured.p_value);
        Some(match self {
            Self::AtLeast(limit) => value? >= limit,
            Self::AtMost(limit) => value? <= limit,
            Self::Above(limit) => value? > limit,
            Self::PBelow(limit) => p_value? < limit,
            Self::PAtMost(limit) => p_value? <= limit,
            Self::PAbove(limit) => p_value? > limit,
        })
    }
}

impl Measured {
    /// A number that nothing is known of otherwise.
    pub(super) fn alone(value: Option<f64>) -> Self {
        Self { value, ..Self::default() }
    }
}

impl Check {
    /// Asks all of these of a number.
    pub(super) fn new(name: &str, measured: Measured, conditions: &[Condition]) -> Self {
        let words: Vec<String> = conditions.iter().map(|it| it.words()).collect();
        let answers = || conditions.iter().map(|it| it.holds(&measured));
        // One that is missed is missed, whatever else is not known.
        let holds = match answers().any(|it| it == Some(false)) {
            true => Some(false),
            false => answers().collect::<Option<Vec<bool>>>().map(|_| true),
        };
        Self::judged(name, measured, words.join(", "), holds)
    }

    /// A check with an answer of its own; `None` if it was not measured.
    pub(super) fn judged(
        name: &str,
        measured: Measured,
        expected: impl Into<String>,
        holds: Option<bool>,
    ) -> Self {
        let (name, expected) = (name.to_owned(), expected.into());
        Self { name, run: None, measured, expected, holds, reference: None }
    }

    /// Says which run it is of.
    pub(super) fn of(self, run: &str) -> Self {
        Self { run: Some(run.to_owned()), ..self }
    }

    /// Says what others have found.
    pub(super) fn beside(self, reference: &'static str) -> Self {
        Self { reference: Some(reference), ..self }
    }
}

impl Number {
    /// A number of all runs.
    pub(super) fn new(name: &str, unit: &'static str, measured: Measured) -> Self {
        Self { name: name.to_owned(), run: None, unit, measured, reference: None }
    }

    /// Says which run it is of.
    pub(super) fn of(self, run: &str) -> Self {
        Self { run: Some(run.to_owned()), ..self }
    }

    /// Says what others have found.
    pub(super) fn beside(self, reference: &'static str) -> Self {
        Self { reference: Some(reference), ..self }
    }
}

impl Findings {
    /// Adds what was found in another run.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.checks.extend(other.checks);
        self.numbers.extend(other.numbers);
        self
    }
}

/// Two values of which both have to be there.
pub(super) fn both<A, B>(first: Option<A>, second: Option<B>) -> Option<(A, B)> {
    Some((first?, second?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Option<f64>, p_value: Option<f64>, conditions: &[Condition]) -> Check {
        Check::new("it", Measured { value, p_value, ..Measured::default() }, conditions)
    }

    #[test]
    fn words_and_answers_are_of_the_same_conditions() {
        let conditions = [Condition::AtLeast(0.7), Condition::PBelow(0.01)];
        let found = check(Some(0.7), Some(0.005), &conditions);
        assert_eq!(
            (found.expected.as_str(), found.holds),
            ("at least 0.7, p below 0.01", Some(true))
        );
        assert_eq!(check(Some(0.69), Some(0.005), &conditions).holds, Some(false));
        assert_eq!(check(Some(0.7), Some(0.01), &conditions).holds, Some(false));
        let limits = [Condition::AtMost(0.5), Condition::PAtMost(0.01)];
        assert_eq!(check(Some(0.5), Some(0.01), &limits).holds, Some(true));
        assert_eq!(check(Some(0.5), None, &[Condition::Above(0.5)]).holds, Some(false));
        assert_eq!(check(None, Some(0.05), &[Condition::PAbove(0.05)]).holds, Some(false));
    }

    #[test]
    fn what_is_not_measured_neither_holds_nor_fails() {
        let conditions = [Condition::AtLeast(0.7), Condition::PBelow(0.01)];
        assert_eq!(check(None, None, &conditions).holds, None);
        assert_eq!(check(Some(0.9), None, &conditions).holds, None);
        // Too small, however rare.
        assert_eq!(check(Some(0.1), None, &conditions).holds, Some(false));
    }
}
