//! How far a polynomial is from a change of canonical coordinates.

use super::SymetricOptions;
use super::columns::Columns;
use super::polynomial::PolynomialMap;
use crate::random::Stream;

/// Added to every entry of a Jacobian, as published, because zeros made trouble there.
const OFFSET: f64 = 1e-6;

/// Mean squared difference between `P = A B` and the identity, with `A = J S J^T` and
/// `B = J S^T J^T`, over entries, random points and trajectories. All `P` of a trajectory are first
/// divided by the mean over its points of the largest `|P|`.
///
/// `latents` are `trajectories` after one another, of one length.
pub(super) fn deviation(
    map: &PolynomialMap,
    latents: &Columns,
    trajectories: usize,
    options: &SymetricOptions,
) -> f64 {
    let time = latents.samples() / trajectories;
    let mut stream = Stream::new(b"nwm-analysis symetric   ", options.seed);
    let mut sum = 0.0;
    for trajectory in 0..trajectories {
        let products: Vec<Vec<f64>> = stream
            .some_of(time, options.points)
            .into_iter()
            .map(|point| {
                let latent = latents.row(trajectory * time + point);
                product(&map.jacobian(&latent, options.weight_tolerance))
            })
            .collect();
        sum += deviation_from_identity(&products);
    }
    sum / trajectories as f64
}

/// `P`, `[state, state]`, of a Jacobian `[state][latent]` of an even number of latents.
///
/// `S^T = -S`, so that `B = -A` and `P = -A^2`.
fn product(jacobian: &[Vec<f64>]) -> Vec<f64> {
    let states = jacobian.len();
    let mut form = vec![0.0; states * states];
    for (row, left) in jacobian.iter().enumerate() {
        for (column, right) in jacobian.iter().enumerate() {
            form[row * states + column] = symplectic_form(left, right);
        }
    }
    let mut product = vec![0.0; states * states];
    for row in 0..states {
        for column in 0..states {
            let terms = (0..states).map(|k| form[row * states + k] * form[k * states + column]);
            product[row * states + column] = -terms.sum::<f64>();
        }
    }
    product
}

/// `l S r^T = sum l_p r_q - l_q r_p` of two rows of a Jacobian, [`OFFSET`] added to their entries.
fn symplectic_form(left: &[f64], right: &[f64]) -> f64 {
    let half = left.len() / 2;
    let entry = |row: &[f64], latent: usize| row[latent] + OFFSET;
    (0..half)
        .map(|q| {
            let p = q + half;
            entry(left, p) * entry(right, q) - entry(left, q) * entry(right, p)
        })
        .sum()
}

/// The mean squared difference of one trajectory's products, at least one.
fn deviation_from_identity(products: &[Vec<f64>]) -> f64 {
    let largest = |product: &Vec<f64>| product.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
    let scale = products.iter().map(largest).sum::<f64>() / products.len() as f64;
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let (mut sum, mut entries) = (0.0, 0_usize);
    for product in products {
        let states = product.len().isqrt();
        for (index, value) in product.iter().enumerate() {
            let identity = if index / states == index % states { 1.0 } else { 0.0 };
            sum += (value / scale - identity).powi(2);
        }
        entries += product.len();
    }
    sum / entries as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation_of(jacobians: &[&[Vec<f64>]]) -> f64 {
        let products: Vec<Vec<f64>> = jacobians.iter().map(|jacobian| product(jacobian)).collect();
        deviation_from_identity(&products)
    }

    #[test]
    fn products_by_hand() {
        // One degree of freedom: A = det J [[0, -1], [1, 0]], so that P = (det J)^2 I.
        let jacobian = [vec![2.0, 1.0], vec![-1.0, 1.0]];
        for (found, expected) in product(&jacobian).into_iter().zip([9.0, 0.0, 0.0, 9.0]) {
            assert!((found - expected).abs() < 1e-4, "{found}");
        }
        // numpy: J = [[1,2,3,4],[0,1,0,2],[2,0,1,1],[1,1,1,0]] + 1e-6, S = kron([[0,-1],[1,0]], I2),
        // (J @ S @ J.T) @ (J @ S.T @ J.T).
        let jacobian =
            [[1, 2, 3, 4], [0, 1, 0, 2], [2, 0, 1, 1], [1, 1, 1, 0]].map(|row| row.map(f64::from));
        let jacobian: Vec<Vec<f64>> = jacobian.iter().map(|row| row.to_vec()).collect();
        let expected = [
            45.000_084_000_05,
            9.000_021_000_014,
            9.000_002e-6,
            -9.000_01e-6,
            9.000_021_000_014,
            5.000_006_000_014,
            1.100_001_4e-5,
            1.900_001_4e-5,
            9.000_002e-6,
            1.100_001_4e-5,
            10.000_022_000_018,
            16.000_039_000_022,
            -9.000_01e-6,
            1.900_001_4e-5,
            16.000_039_000_022,
            40.000_068_000_03,
        ];
        for (found, expected) in product(&jacobian).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} != {expected}");
        }
    }

    #[test]
    fn a_common_factor_is_no_deviation() {
        let rotation = [vec![0.6, 0.8], vec![-0.8, 0.6]];
        let larger = rotation.clone().map(|row| row.into_iter().map(|v| 3.0 * v).collect());
        assert!(deviation_of(&[&rotation, &rotation]) < 1e-10);
        assert!(deviation_of(&[&larger, &larger]) < 1e-10);
        // Factors that differ are: P = I and 81 I, over 41 each: ((1/41 - 1)^2 + (81/41 - 1)^2) / 4.
        let expected = 2.0 * (40.0_f64 / 41.0).powi(2) / 4.0;
        assert!((deviation_of(&[&rotation, &larger]) - expected).abs() < 1e-6);
    }

    #[test]
    fn a_jacobian_of_zeros_is_far_from_the_identity() {
        assert_eq!(deviation_of(&[&[vec![0.0; 4], vec![0.0; 4]]]), 0.5);
    }
}
