//! Do two lists put the same things in the same order?

use std::cmp::Ordering;

use crate::{Error, Result, check};

/// The longest lists whose permutations are enumerated, 8! = 40 320 of them.
const MOST_PERMUTED: usize = 8;

/// Agreement of the order of two lists of numbers, such as the same rows of two tables: Kendall's
/// tau-b.
///
/// Over all pairs of places, `P` that both lists order alike, `Q` that they order oppositely, `T_1`
/// and `T_2` that are tied in the first or the second list,
/// `tau = (P - Q) / sqrt((pairs - T_1) (pairs - T_2))`.
///
/// Source: M. G. Kendall, The treatment of ties in ranking problems, Biometrika 33, 1945.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RankCorrelation {
    /// Tau-b, from -1 for opposite to 1 for equal orders; `None` when one list is constant.
    pub tau: Option<f64>,
    /// Exact two-sided p-value: the share of the permutations of the second list whose `|P - Q|` is
    /// at least the one found. `None` for more than 8 values and when tau is.
    pub p_value: Option<f64>,
}

impl RankCorrelation {
    /// Compares `first[i]` with `second[i]`; only exactly equal numbers are ties.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when the lengths differ, [`Error::Range`] for fewer than two values,
    /// [`Error::NonFinite`] when one is NaN or infinite.
    pub fn of(first: &[f64], second: &[f64]) -> Result<Self> {
        const ACTION: &str = "compare two rankings";
        let count = first.len();
        if second.len() != count {
            return Err(Error::Mismatch {
                action: ACTION,
                what: "values in the second list",
                found: second.len(),
                expected: count,
                like: "the first",
            });
        }
        if count < 2 {
            return Err(Error::Range {
                action: ACTION,
                name: "number of values",
                found: count,
                expected: "at least 2",
            });
        }
        check::finite("compare two rankings, first list", first)?;
        check::finite("compare two rankings, second list", second)?;

        let order: Vec<usize> = (0..count).collect();
        let untied = |values| ordered_pairs(values, values, &order) as f64;
        let root = (untied(first) * untied(second)).sqrt();
        if root == 0.0 {
            return Ok(Self { tau: None, p_value: None });
        }
        let surplus = ordered_pairs(first, second, &order);
        Ok(Self {
            tau: Some((surplus as f64 / root).clamp(-1.0, 1.0)),
            p_value: (count <= MOST_PERMUTED).then(|| exact_p(first, second, surplus)),
        })
    }
}

/// `P - Q` of the first list and of the second in another order.
fn ordered_pairs(first: &[f64], second: &[f64], order: &[usize]) -> i64 {
    let mut surplus = 0;
    for later in 1..first.len() {
        for earlier in 0..later {
            let along = sign(first[later], first[earlier]);
            surplus += along * sign(second[order[later]], second[order[earlier]]);
        }
    }
    surplus
}

/// Sign of `a - b` without the rounding of a difference.
fn sign(a: f64, b: f64) -> i64 {
    match a.partial_cmp(&b) {
        Some(Ordering::Greater) => 1,
        Some(Ordering::Less) => -1,
        _ => 0,
    }
}

/// Share of the orders of the second list whose `|P - Q|` is at least `|surplus|`; the orders by
/// exchanges of two places (Heap 1963).
fn exact_p(first: &[f64], second: &[f64], surplus: i64) -> f64 {
    let mut order: Vec<usize> = (0..first.len()).collect();
    let mut exchanged = vec![0; order.len()];
    let (mut extreme, mut orders) = (0_u32, 0_u32);
    let mut count = |order: &[usize]| {
        orders += 1;
        extreme += u32::from(ordered_pairs(first, second, order).abs() >= surplus.abs());
    };
    count(&order);
    let mut place = 1;
    while place < order.len() {
        if exchanged[place] < place {
            order.swap(place, if place % 2 == 0 { 0 } else { exchanged[place] });
            count(&order);
            exchanged[place] += 1;
            place = 1;
        } else {
            exchanged[place] = 0;
            place += 1;
        }
    }
    f64::from(extreme) / f64::from(orders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_scipy() {
        // scipy 1.17, kendalltau(a, b).statistic; without ties p is its method="exact", with ties
        // the share over itertools.permutations(b) of |P - Q| at least the one found.
        let cases: [(&[f64], &[f64], f64, f64); 8] = [
            (&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0], 2.0 / 3.0, 1.0 / 3.0),
            (&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 4.0, 3.0, 2.0, 1.0], -1.0, 1.0 / 60.0),
            (
                &[1.0, 1.0, 2.0, 3.0, 3.0],
                &[2.0, 1.0, 1.0, 4.0, 5.0],
                0.589_255_650_988_789_5,
                0.266_666_666_666_666_66,
            ),
            // Two rows of six errors each, as tables print them.
            (
                &[1.43, 2.1, 0.52, 0.9, 7.7, 3.3],
                &[1.1, 2.9, 0.61, 0.9, 6.2, 2.9],
                0.966_091_783_079_295_9,
                0.005_555_555_555_555_556,
            ),
            (
                &[0.8, 13.1, 1.2, 5.5, 0.8, 2.4],
                &[1.9, 11.0, 0.7, 12.5, 1.1, 1.1],
                0.357_142_857_142_857_15,
                0.447_222_222_222_222_24,
            ),
            (
                &[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0],
                &[2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0],
                -0.052_704_627_669_472_995,
                0.992_063_492_063_492_1,
            ),
            (&[1.0, 2.0], &[4.0, 3.0], -1.0, 1.0),
            (
                &[10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0],
                &[3.0, 1.0, 2.0, 6.0, 5.0, 4.0, 8.0, 7.0],
                0.571_428_571_428_571_4,
                0.061_011_904_761_904_76,
            ),
        ];
        for (first, second, tau, p) in cases {
            let found = RankCorrelation::of(first, second).unwrap();
            assert!((found.tau.unwrap() - tau).abs() < 1e-14, "{first:?}: {found:?}");
            assert!((found.p_value.unwrap() - p).abs() < 1e-14, "{first:?}: {found:?}");
            assert_eq!(found, RankCorrelation::of(second, first).unwrap());
        }
    }

    #[test]
    fn long_lists_have_no_exact_p() {
        let values: Vec<f64> = (0..9).map(f64::from).collect();
        let found = RankCorrelation::of(&values, &values).unwrap();
        assert_eq!((found.tau, found.p_value), (Some(1.0), None));
    }

    #[test]
    fn constant_lists_have_no_order() {
        let found = RankCorrelation::of(&[1.0, 2.0, 3.0], &[0.0, -0.0, 0.0]).unwrap();
        assert_eq!((found.tau, found.p_value), (None, None));
    }

    #[test]
    fn wrong_input_is_an_error() {
        assert!(matches!(RankCorrelation::of(&[1.0], &[1.0]), Err(Error::Range { found: 1, .. })));
        assert!(matches!(
            RankCorrelation::of(&[1.0, 2.0], &[1.0, f64::INFINITY]),
            Err(Error::NonFinite { index: 1, .. })
        ));
        assert_eq!(
            RankCorrelation::of(&[1.0, 2.0], &[1.0]).unwrap_err().to_string(),
            "compare two rankings: found 1 values in the second list, expected 2 like the first"
        );
    }
}
