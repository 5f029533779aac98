//! Tables of many runs: statistics over seeds, and files that show them.

mod answers;
mod captions;
mod cells;
mod collect;
mod comparison;
mod files;
mod learning;
mod markdown;
mod measures;
mod metric;
mod page;
mod row;
mod score;
mod sentence;
mod verdict;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod tests;

pub(crate) use cells::Table;
pub(crate) use files::write_table;

/// Hands over forecasts of a run from its folder, or `None` when it has none to show.
pub(crate) type SampleSource<'a> =
    &'a dyn Fn(&std::path::Path) -> anyhow::Result<Option<super::ForecastSamples>>;
