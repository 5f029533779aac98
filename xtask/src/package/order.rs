//! The order in which crates are published: each after those that it needs.

use anyhow::{Result, bail};

use super::metadata::Crate;

/// Sorts crates so that each comes after the ones that it needs; among those that could come next, by name.
pub(super) fn in_order(mut crates: Vec<Crate>) -> Result<Vec<Crate>> {
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    let mut ordered: Vec<Crate> = Vec::with_capacity(crates.len());
    while !crates.is_empty() {
        let ready = |it: &Crate| it.needs().iter().all(|need| contains(&ordered, need));
        let Some(next) = crates.iter().position(ready) else {
            bail!(waiting(&crates, &ordered));
        };
        ordered.push(crates.remove(next));
    }
    Ok(ordered)
}

fn contains(crates: &[Crate], name: &str) -> bool {
    crates.iter().any(|it| it.name == name)
}

/// Why nothing can come next: a circle, or a crate that is needed and not published.
fn waiting(crates: &[Crate], ordered: &[Crate]) -> String {
    let lines = crates.iter().map(|it| {
        let missing: Vec<&str> =
            it.needs().into_iter().filter(|need| !contains(ordered, need)).collect();
        format!("{} needs {}", it.name, missing.join(", "))
    });
    let lines: Vec<String> = lines.collect();
    format!("the crates cannot be published in any order: {}", lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use crate::package::metadata::tests::example;

    #[test]
    fn crates_come_after_those_they_need() {
        let crates = vec![
            example("a", &["c", "b"], ""),
            example("c", &[], ""),
            example("b", &["c"], ""),
            example("d", &[], ""),
        ];
        let order = in_order(crates).unwrap();
        let names: Vec<&str> = order.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["c", "b", "a", "d"]);
    }

    #[test]
    fn circles_and_crates_that_stay_here_are_told() {
        let circle = vec![example("a", &["b"], ""), example("b", &["a"], "")];
        let message = in_order(circle).unwrap_err().to_string();
        assert!(message.ends_with("a needs b; b needs a"), "{message}");
        let message = in_order(vec![example("a", &["bench"], "")]).unwrap_err().to_string();
        assert!(message.ends_with("a needs bench"), "{message}");
    }
}
