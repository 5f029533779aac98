//! How a run learned: the columns of `metrics.csv` that pages draw.

use std::path::Path;

use anyhow::{Context, Result};

use super::run_files::read_text;

/// The columns of `metrics.csv` that are drawn; empty fields are NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrainingCurve {
    pub(super) step: Vec<f64>,
    pub(super) loss: Vec<f64>,
    pub(super) mse: Vec<f64>,
    /// Share of right answers; older files have none.
    pub(super) accuracy: Vec<f64>,
    /// Error on the validation set; older files have none.
    pub(super) validation: Vec<f64>,
    /// Metrics of the hidden state's waves, in the order of their columns; runs of models without a sheet have none.
    pub(super) waves: Vec<WaveCurve>,
}

/// One metric of the hidden state's waves and its mean in recordings without waves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WaveCurve {
    /// The column without `waves_`.
    pub(super) name: String,
    pub(super) value: Vec<f64>,
    pub(super) null: Vec<f64>,
}

impl TrainingCurve {
    /// Reads `metrics.csv`; `None` when there is none, or none with a line yet. A last line that a
    /// killed process left half-written is ignored.
    pub(super) fn read(run_dir: &Path) -> Result<Option<Self>> {
        let path = run_dir.join("metrics.csv");
        match read_text(&path)? {
            Some(text) if text.contains('\n') => {
                Self::parse(&text).with_context(|| format!("read {}", path.display())).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether there is a mean squared error in any line: models that predict classes have none.
    pub(super) fn has_mse(&self) -> bool {
        self.mse.iter().any(|mse| mse.is_finite())
    }

    fn parse(text: &str) -> Result<Self> {
        let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut reader = csv::Reader::from_reader(complete.as_bytes());
        let header = reader.headers()?.clone();
        let place = |name: &str| {
            header.iter().position(|column| column == name).with_context(|| {
                format!("found columns {:?}, expected {name}", header.iter().collect::<Vec<_>>())
            })
        };
        let mut places = vec![place("step")?, place("loss")?, place("mse")?];
        // Each metric that has a mean without waves.
        let waves: Vec<String> = header
            .iter()
            .filter_map(|column| column.strip_prefix("waves_")?.strip_suffix("_null"))
            .map(str::to_owned)
            .collect();
        for name in &waves {
            places
                .extend([place(&format!("waves_{name}"))?, place(&format!("waves_{name}_null"))?]);
        }
        let optional = ["accuracy", "validation"].map(|name| place(name).ok());
        places.extend(optional.into_iter().flatten());
        let mut columns = vec![Vec::new(); places.len()];
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            for (column, place) in columns.iter_mut().zip(&places) {
                let field = record.get(*place).unwrap_or_default();
                let value = match field {
                    "" => f64::NAN,
                    _ => field.parse().with_context(|| {
                        format!("line {line}: found {field:?}, expected a number")
                    })?,
                };
                column.push(value);
            }
        }
        let mut columns = columns.into_iter();
        let mut next = || columns.next().unwrap_or_default();
        let (step, loss, mse) = (next(), next(), next());
        let waves =
            waves.into_iter().map(|name| WaveCurve { name, value: next(), null: next() }).collect();
        let [accuracy, validation] =
            optional.map(|place| place.map(|_| next()).unwrap_or_default());
        Ok(Self { step, loss, mse, accuracy, validation, waves })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_tolerate_more_columns_and_a_half_written_end() {
        let text =
            "step,epoch,loss,seconds,mse,synchrony\n1,0,0.5,1.0,0.4,\n2,0,,2.0,0.3,0.9\n3,0,0.";
        let curve = TrainingCurve::parse(text).unwrap();
        assert_eq!(curve.step, [1.0, 2.0]);
        assert_eq!(curve.mse, [0.4, 0.3]);
        assert!(curve.has_mse());
        assert!(curve.loss[0] == 0.5 && curve.loss[1].is_nan());
        assert!(curve.waves.is_empty() && curve.accuracy.is_empty());
    }

    #[test]
    fn curves_have_the_waves_that_have_a_mean_without_waves() {
        let text = "step,loss,mse,waves_pgd,waves_pgd_null,waves_pgd_p,waves_shift\n\
                    1,0.5,0.4,,,,\n2,0.4,0.3,0.25,0.125,0.05,3\n";
        let curve = TrainingCurve::parse(text).unwrap();
        assert_eq!(curve.waves.len(), 1);
        let WaveCurve { name, value, null } = &curve.waves[0];
        assert_eq!((name.as_str(), value[1], null[1]), ("pgd", 0.25, 0.125));
        assert!(value[0].is_nan() && null[0].is_nan());
        let error = TrainingCurve::parse("step,loss,mse,waves_pgd_null\n").unwrap_err();
        assert!(format!("{error:#}").contains("expected waves_pgd"), "{error:#}");
    }

    #[test]
    fn curves_have_the_accuracies_and_validations_there_are() {
        let text = "step,loss,mse,accuracy,validation\n1,2.3,,0.1,\n2,1.9,,0.4,0.55\n";
        let curve = TrainingCurve::parse(text).unwrap();
        assert_eq!((&curve.accuracy[..], curve.validation[1]), (&[0.1, 0.4][..], 0.55));
        assert!(curve.validation[0].is_nan() && !curve.has_mse());
    }

    #[test]
    fn curves_name_the_bad_line() {
        let error = TrainingCurve::parse("step,loss,mse\n1,0.5,0.4\n2,high,0.3\n").unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("line 3: found \"high\", expected a number"), "{message}");
        let error = TrainingCurve::parse("step,loss\n1,0.5\n").unwrap_err();
        assert!(format!("{error:#}").contains("expected mse"), "{error:#}");
    }
}
