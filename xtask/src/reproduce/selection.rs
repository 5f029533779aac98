//! Which cells of a table `--only` asks for.

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

/// The cells to run, and those asked for that do not exist yet, both in the table's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) available: Vec<Cell>,
    pub(super) unavailable: Vec<Cell>,
}

/// Reads `--only`: names of rows and columns are intersected, ROW/COLUMN pairs added to that.
/// Without it every available cell is selected.
pub(super) fn select(experiment: &Experiment, only: Option<&str>) -> Result<Selection, UsageError> {
    let Some(only) = only else {
        let available =
            experiment.cells().into_iter().filter(|cell| experiment.is_available(cell)).collect();
        return Ok(Selection { available, unavailable: Vec::new() });
    };

    let mut rows = BTreeSet::new();
    let mut columns = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for item in only.split(',').map(str::trim) {
        if item.is_empty() {
            return Err(UsageError::Empty { only: only.to_owned() });
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
    let (available, unavailable): (Vec<Cell>, Vec<Cell>) = experiment
        .cells()
        .into_iter()
        .filter(|cell| named(cell) || pairs.contains(cell))
        .partition(|cell| experiment.is_available(cell));
    if available.is_empty() {
        return Err(nothing_available(experiment, &unavailable));
    }
    Ok(Selection { available, unavailable })
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

fn nothing_available(experiment: &Experiment, cells: &[Cell]) -> UsageError {
    let rows = experiment.rows.iter().filter(|row| row.available).map(|row| row.name.as_str());
    let columns = experiment
        .columns
        .iter()
        .filter(|column| column.available)
        .map(|column| column.name.as_str());
    let list = |names: Vec<&str>| names.join(", ");
    UsageError::Unavailable {
        cells: names(cells),
        available: format!(
            "the rows {} and the columns {}",
            list(rows.collect()),
            list(columns.collect())
        ),
    }
}

/// Cells as a list for reading.
pub(super) fn names(cells: &[Cell]) -> String {
    cells.iter().map(Cell::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Selection, names, select};
    use crate::reproduce::fixtures;
    use crate::usage::UsageError;

    fn selection(only: &str) -> Result<Selection, UsageError> {
        select(&fixtures::table1(), Some(only))
    }

    fn available(only: &str) -> String {
        names(&selection(only).unwrap().available)
    }

    #[test]
    fn everything_available_is_selected_by_default() {
        let selection = select(&fixtures::table1(), None).unwrap();
        assert_eq!(selection.available.len(), 8);
        assert!(selection.unavailable.is_empty());
    }

    #[test]
    fn rows_alone_select_all_their_columns() {
        assert_eq!(
            available("pendulum"),
            "pendulum/ar, pendulum/cornn, pendulum/nwm_2d, pendulum/nwm_1d"
        );
        assert_eq!(selection("spring,pendulum").unwrap().available.len(), 8);
        assert_eq!(names(&selection("spring").unwrap().unavailable), "spring/hgn, spring/ode_tr");
    }

    #[test]
    fn columns_alone_select_all_their_rows() {
        assert_eq!(available("nwm_1d"), "spring/nwm_1d, pendulum/nwm_1d");
    }

    #[test]
    fn rows_and_columns_are_intersected() {
        assert_eq!(available("spring,nwm_2d"), "spring/nwm_2d");
        assert_eq!(available("nwm_1d,spring,ar"), "spring/ar, spring/nwm_1d");
    }

    #[test]
    fn pairs_are_added_to_the_intersection() {
        assert_eq!(available("spring/ar"), "spring/ar");
        assert_eq!(available("pendulum/nwm_1d, spring , ar"), "spring/ar, pendulum/nwm_1d");
        assert_eq!(available("spring/ar,spring/ar"), "spring/ar");
    }

    #[test]
    fn unknown_names_are_answered_with_the_nearest() {
        let message = |only| selection(only).unwrap_err().to_string();
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
            assert!(matches!(selection(only), Err(UsageError::Empty { .. })), "{only:?}");
        }
    }

    #[test]
    fn asking_only_for_what_does_not_exist_says_what_does() {
        let message = selection("spring/hgn,two_body/ar").unwrap_err().to_string();
        assert_eq!(
            message,
            "nothing to run: spring/hgn, two_body/ar not available yet; available are the rows \
             spring, pendulum and the columns ar, cornn, nwm_2d, nwm_1d"
        );
        assert!(matches!(selection("two_body"), Err(UsageError::Unavailable { .. })));
    }

    #[test]
    fn what_is_available_runs_even_if_the_rest_is_not() {
        let selection = selection("spring/hgn,spring/ar").unwrap();
        assert_eq!(names(&selection.available), "spring/ar");
        assert_eq!(names(&selection.unavailable), "spring/hgn");
    }
}
