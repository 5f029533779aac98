//! Which cells of a table, or runs of a figure, `--only` asks for.

use std::collections::BTreeSet;
use std::fmt;

use super::experiment::Experiment;
use crate::usage::UsageError;

/// One cell of a table, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) row: String,
    pub(super) column: String,
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.row, self.column)
    }
}

/// Reads `--only`: names of rows and columns are intersected, ROW/COLUMN pairs added to that.
/// Without it every cell is selected. In the table's order.
pub(super) fn select(experiment: &Experiment, only: Option<&str>) -> Result<Vec<Cell>, UsageError> {
    let Some(only) = only else { return Ok(experiment.cells()) };

    let mut rows = BTreeSet::new();
    let mut columns = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for item in only.split(',').map(str::trim) {
        if item.is_empty() {
            let expected = "rows, columns or ROW/COLUMN";
            return Err(UsageError::Empty { only: only.to_owned(), expected });
        } else if let Some((row, column)) = item.split_once('/') {
            let row = known_row(experiment, row.trim())?;
            let column = known_column(experiment, column.trim())?;
            pairs.insert(Cell { row, column });
        } else if experiment.row(item).is_some() {
            rows.insert(item);
        } else if experiment.column(item).is_some() {
            columns.insert(item);
        } else {
            let rows = experiment.rows.iter().map(|row| &row.name);
            let columns = experiment.columns.iter().map(|column| &column.name);
            return Err(UsageError::unknown("row or column", item, rows.chain(columns)));
        }
    }

    let named = |cell: &Cell| {
        (!rows.is_empty() || !columns.is_empty())
            && (rows.is_empty() || rows.contains(cell.row.as_str()))
            && (columns.is_empty() || columns.contains(cell.column.as_str()))
    };
    Ok(experiment.cells().into_iter().filter(|cell| named(cell) || pairs.contains(cell)).collect())
}

fn known_row(experiment: &Experiment, name: &str) -> Result<String, UsageError> {
    let names = || experiment.rows.iter().map(|row| &row.name);
    names()
        .find(|row| *row == name)
        .cloned()
        .ok_or_else(|| UsageError::unknown("row", name, names()))
}

fn known_column(experiment: &Experiment, name: &str) -> Result<String, UsageError> {
    let names = || experiment.columns.iter().map(|column| &column.name);
    names()
        .find(|column| *column == name)
        .cloned()
        .ok_or_else(|| UsageError::unknown("column", name, names()))
}

/// Reads `--only` of a figure: names of its runs, in the figure's order. Without it all are selected.
pub(super) fn select_runs(runs: &[String], only: Option<&str>) -> Result<Vec<String>, UsageError> {
    let Some(only) = only else { return Ok(runs.to_vec()) };
    let asked: Vec<&str> = only.split(',').map(str::trim).collect();
    for item in &asked {
        if item.is_empty() {
            let expected = "names of runs";
            return Err(UsageError::Empty { only: only.to_owned(), expected });
        } else if !runs.iter().any(|run| run == item) {
            return Err(UsageError::unknown("run", item, runs));
        }
    }
    Ok(runs.iter().filter(|run| asked.contains(&run.as_str())).cloned().collect())
}

/// Cells as a list for reading.
pub(super) fn names(cells: &[Cell]) -> String {
    cells.iter().map(Cell::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{names, select, select_runs};
    use crate::reproduce::fixtures;
    use crate::usage::UsageError;

    fn selected(only: &str) -> String {
        names(&select(&fixtures::table1(), Some(only)).unwrap())
    }

    #[test]
    fn everything_is_selected_by_default() {
        assert_eq!(select(&fixtures::table1(), None).unwrap().len(), 30);
    }

    #[test]
    fn rows_alone_select_all_their_columns() {
        assert_eq!(
            selected("pendulum"),
            "pendulum/ar, pendulum/hgn, pendulum/ode_tr, pendulum/cornn, pendulum/nwm_2d, \
             pendulum/nwm_1d"
        );
        assert_eq!(select(&fixtures::table1(), Some("spring,pendulum")).unwrap().len(), 12);
    }

    #[test]
    fn columns_alone_select_all_their_rows() {
        assert_eq!(
            selected("nwm_1d"),
            "spring/nwm_1d, pendulum/nwm_1d, two_body/nwm_1d, matching_pennies/nwm_1d, \
             double_pendulum/nwm_1d"
        );
    }

    #[test]
    fn rows_and_columns_are_intersected() {
        assert_eq!(selected("spring,nwm_2d"), "spring/nwm_2d");
        assert_eq!(selected("nwm_1d,spring,ar"), "spring/ar, spring/nwm_1d");
    }

    #[test]
    fn pairs_are_added_to_the_intersection() {
        assert_eq!(selected("spring/ar"), "spring/ar");
        assert_eq!(selected("pendulum/nwm_1d, spring , ar"), "spring/ar, pendulum/nwm_1d");
        assert_eq!(selected("spring/ar,spring/ar"), "spring/ar");
    }

    #[test]
    fn unknown_names_are_answered_with_the_nearest() {
        let message = |only| select(&fixtures::table1(), Some(only)).unwrap_err().to_string();
        assert!(
            message("sprnig").starts_with("unknown row or column `sprnig`; did you mean `spring`?")
        );
        assert!(message("nwm2d").contains("did you mean `nwm_2d`?"));
        assert!(
            message("penduulm/ar").starts_with("unknown row `penduulm`; did you mean `pendulum`?")
        );
        assert!(message("spring/arr").starts_with("unknown column `arr`; did you mean `ar`?"));
    }

    #[test]
    fn empty_items_are_refused() {
        for only in ["", "spring,", ",", "spring,,ar"] {
            let result = select(&fixtures::table1(), Some(only));
            assert!(matches!(result, Err(UsageError::Empty { .. })), "{only:?}");
        }
    }

    #[test]
    fn runs_of_a_figure_are_selected_in_its_order() {
        let runs = ["noise", "gratings", "spring"].map(str::to_owned);
        assert_eq!(select_runs(&runs, None).unwrap(), runs);
        assert_eq!(select_runs(&runs, Some("spring, noise")).unwrap(), ["noise", "spring"]);
        let message = select_runs(&runs, Some("sprnig")).unwrap_err().to_string();
        assert!(message.starts_with("unknown run `sprnig`; did you mean `spring`?"), "{message}");
        let message = select_runs(&runs, Some("noise,")).unwrap_err().to_string();
        assert!(message.contains("expected names of runs"), "{message}");
    }
}
