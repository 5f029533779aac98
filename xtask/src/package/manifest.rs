//! What crates.io asks of a manifest, or shows if it is there.

use anyhow::Result;

use super::metadata::Crate;
use crate::console;
use crate::stage::Verdict;

/// More of either are refused.
const MOST_WORDS: usize = 5;
/// Longer keywords are refused.
const LONGEST_KEYWORD: usize = 20;

/// Lists what is missing.
pub(super) fn check(crates: &[Crate]) -> Result<Verdict> {
    let problems: Vec<String> = crates.iter().flat_map(problems).collect();
    for problem in &problems {
        console::progress(problem);
    }
    if crates.iter().any(|it| it.repository.is_none()) {
        console::progress(
            "warning: no `repository` in the manifests: name it before the first release",
        );
    }
    Ok(match problems.len() {
        0 => Verdict::Ok,
        count => Verdict::Failed(format!("{count} problems")),
    })
}

fn problems(it: &Crate) -> Vec<String> {
    let text = |field: &Option<String>| field.as_ref().is_some_and(|text| !text.trim().is_empty());
    let words = |list: &[String]| (1..=MOST_WORDS).contains(&list.len());
    let keyword = |word: &String| {
        word.len() <= LONGEST_KEYWORD
            && word.starts_with(|first: char| first.is_ascii_alphanumeric())
            && word.chars().all(|it| it.is_ascii_alphanumeric() || "-_+".contains(it))
    };
    let expectations = [
        (text(&it.description), "a description".to_owned()),
        (text(&it.license), "a license".to_owned()),
        (it.readme.is_some(), "a readme".to_owned()),
        (text(&it.documentation), "the address of its documentation".to_owned()),
        (text(&it.rust_version), "a rust-version".to_owned()),
        (words(&it.keywords), format!("1 to {MOST_WORDS} keywords")),
        (words(&it.categories), format!("1 to {MOST_WORDS} categories")),
        (
            it.keywords.iter().all(keyword),
            format!("keywords of at most {LONGEST_KEYWORD} letters, digits, `-`, `_` and `+`"),
        ),
        (
            !it.documented_features().contains(&"cuda"),
            "no feature `cuda` for docs.rs, which has no CUDA toolkit".to_owned(),
        ),
    ];
    let missing = expectations.into_iter().filter(|(holds, _)| !holds);
    missing.map(|(_, expected)| format!("{}: expected {expected}", it.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::package::metadata::tests::example;

    const COMPLETE: &str = r#","description":"Waves","license":"MIT","readme":"README.md","documentation":"https://docs.rs",
        "rust_version":"1.95","keywords":["waves"],"categories":["science"]"#;

    #[test]
    fn a_complete_manifest_has_no_problems_and_an_empty_one_many() {
        assert!(problems(&example("one", &[], COMPLETE)).is_empty());
        assert_eq!(problems(&example("one", &[], "")).len(), 7);
    }

    #[test]
    fn what_is_refused_is_told() {
        for (from, to, expected) in [
            (r#"["waves"]"#, r#"["a b"]"#, "letters"),
            (r#"["waves"]"#, r#"["a","b","c","d","e","f"]"#, "1 to 5 keywords"),
            (r#""Waves""#, r#"" ""#, "description"),
            (
                r#""rust_version""#,
                r#""metadata":{"docs":{"rs":{"features":["cuda"]}}},"rust_version""#,
                "cuda",
            ),
        ] {
            let found = problems(&example("one", &[], &COMPLETE.replace(from, to)));
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }
}
