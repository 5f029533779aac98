//! The names under which results hold waves beside their null models.

use nwm_train::Metrics;

/// The waves of a result that stand beside recordings without waves: what follows `waves_` in their names, in order.
pub(crate) fn compared_waves(metrics: &Metrics) -> impl Iterator<Item = &str> {
    let compared = metrics.keys().filter_map(|key| key.strip_suffix("_p")?.strip_prefix("waves_"));
    compared.filter(|name| !name.ends_with("_time"))
}

/// The endings of a wave's mean and p-value beside shuffled sites, and beside shifts in time. Shuffled sites leave synchrony alone, so
/// that it has the latter only, under the names of the former.
pub(crate) fn null_endings(name: &str) -> [Option<[&'static str; 2]>; 2] {
    let first = ["_null", "_p"];
    if name == "sync" {
        [None, Some(first)]
    } else {
        [Some(first), Some(["_time_null", "_time_p"])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wave_is_named_once() {
        let names =
            ["waves_pgd", "waves_pgd_p", "waves_pgd_time_p", "waves_shift", "waves_sync_p", "mse"];
        let metrics: Metrics = names.into_iter().map(|name| (name.to_owned(), Some(0.5))).collect();
        assert_eq!(compared_waves(&metrics).collect::<Vec<_>>(), ["pgd", "sync"]);
        assert_eq!(null_endings("sync"), [None, Some(["_null", "_p"])]);
        assert_eq!(null_endings("pgd")[1], Some(["_time_null", "_time_p"]));
    }
}
