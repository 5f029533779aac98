//! Which mutants are tried: a draw that anybody can repeat.

use sha2::{Digest, Sha256};

/// Draws `count` of the names in `groups`, from each group in proportion to its size: those that come first in the order of the
/// SHA-256 of `SEED:NAME`. The names of a group stay together, in that order.
pub(super) fn draw(groups: &[Vec<String>], count: usize, seed: u64) -> Vec<Vec<String>> {
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let shares = shares(&sizes, count);
    groups
        .iter()
        .zip(shares)
        .map(|(names, share)| {
            let mut names = names.clone();
            names.sort_by_cached_key(|name| Sha256::digest(format!("{seed}:{name}")));
            names.truncate(share);
            names
        })
        .collect()
}

/// `count` shared out in proportion to `sizes`; what rounding leaves goes to the largest remainders.
fn shares(sizes: &[usize], count: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let count = count.min(all);
    if all == 0 {
        return vec![0; sizes.len()];
    }
    let mut shares: Vec<usize> = sizes.iter().map(|size| count * size / all).collect();
    let mut places: Vec<usize> = (0..sizes.len()).collect();
    places.sort_by_key(|&place| (std::cmp::Reverse(count * sizes[place] % all), place));
    let left = count - shares.iter().sum::<usize>();
    for &place in &places[..left] {
        shares[place] += 1;
    }
    shares
}

/// A regular expression that matches this text alone.
pub(super) fn literally(text: &str) -> String {
    let mut expression = String::from("^");
    for character in text.chars() {
        // Some that mean nothing by themselves do so behind a backslash.
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(group: char, count: usize) -> Vec<String> {
        (0..count).map(|index| format!("{group}{index}")).collect()
    }

    #[test]
    fn groups_are_drawn_in_proportion() {
        assert_eq!(shares(&[2295, 655, 972], 300), [176, 50, 74]);
        assert_eq!(shares(&[3, 1], 100), [3, 1]);
        assert_eq!(shares(&[1, 1, 1], 2), [1, 1, 0]);
        assert_eq!(shares(&[0, 0], 5), [0, 0]);
    }

    #[test]
    fn a_draw_depends_on_seed_and_names_alone() {
        let groups = [names('a', 40), names('b', 20)];
        let drawn = draw(&groups, 12, 0);
        assert_eq!(drawn.iter().map(Vec::len).collect::<Vec<_>>(), [8, 4]);
        let mut reversed = groups.clone();
        reversed.iter_mut().for_each(|names| names.reverse());
        assert_eq!(draw(&reversed, 12, 0), drawn);
        assert_ne!(draw(&groups, 12, 1), drawn);
        // A larger draw begins with the smaller one.
        assert_eq!(draw(&groups, 30, 0)[1][..4], drawn[1]);
    }

    #[test]
    fn names_are_taken_literally() {
        let name = "src/a.rs:3:5: replace <T as F>::g -> [f64; 2] with [0.0; 2]";
        let expected = r"^src/a\.rs:3:5: replace <T as F>::g \-> \[f64; 2\] with \[0\.0; 2\]$";
        assert_eq!(literally(name), expected);
    }
}
