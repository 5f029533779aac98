//! The combinations of features with which a crate is checked.

use super::metadata::Crate;

/// What needs a CUDA toolkit; `cargo xtask ci --cuda` builds it.
const ELSEWHERE: &str = "cuda";

/// What is given to cargo for each combination but the default one, with which the tests run: none, each alone, all.
pub(super) fn combinations(it: &Crate) -> Vec<Vec<String>> {
    let default = it.features.get("default").is_some_and(|list| !list.is_empty());
    let features: Vec<&str> = it
        .features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default" && *name != ELSEWHERE)
        .collect();
    let with = |features: &[&str]| {
        let mut arguments = vec!["--no-default-features".to_owned()];
        if !features.is_empty() {
            arguments.extend(["--features".to_owned(), features.join(",")]);
        }
        arguments
    };
    let mut combinations = Vec::new();
    if default {
        combinations.push(with(&[]));
    }
    combinations.extend(features.iter().map(|feature| with(&[*feature])));
    if features.len() > 1 {
        combinations.push(with(&features));
    }
    combinations
}

/// A combination, as a stage calls it.
pub(super) fn label(combination: &[String]) -> &str {
    combination.get(2).map_or("no features", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::{combinations, label};
    use crate::package::metadata::tests::example;

    fn labels(features: &str) -> Vec<String> {
        let it = example("one", &[], &format!(r#","features":{{{features}}}"#));
        combinations(&it).iter().map(|it| label(it).to_owned()).collect()
    }

    #[test]
    fn every_feature_is_checked_alone_and_with_all_others_but_cuda() {
        assert!(labels(r#""cuda":[]"#).is_empty());
        assert_eq!(labels(r#""cuda":[],"download":[]"#), ["download"]);
        assert_eq!(labels(r#""a":[],"b":[],"default":["a"]"#), ["no features", "a", "b", "a,b"]);
    }

    #[test]
    fn defaults_are_always_off() {
        let it = example("one", &[], r#","features":{"a":[]}"#);
        assert_eq!(combinations(&it), [["--no-default-features", "--features", "a"]]);
    }
}
