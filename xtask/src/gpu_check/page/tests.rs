//! The page of a check whose programs said these lines.

use super::page;
use crate::gpu_check::child::{End, Ended};
use crate::gpu_check::part::Part;
use crate::gpu_check::record::Record;
use crate::gpu_check::record::tests::record;
use crate::gpu_check::run::Run;

/// What programs said, by part: what it was about, then its lines.
const SAID: &str = include_str!("lines.txt");

/// The page that belongs to it.
const EXPECTED: &str = include_str!("expected.txt");

/// A check from lines such as `== agreement rings`, each followed by what the process said.
fn recorded() -> Record {
    let mut runs = Vec::new();
    for section in SAID.split("== ").skip(1) {
        let (title, output) = section.split_once('\n').unwrap();
        let (part, what) = title.split_once(' ').unwrap();
        let part = Part::ALL.into_iter().find(|it| it.name() == part).unwrap();
        let (output, messages) = (output.to_owned(), String::new());
        let ended = Ended { end: End::Exit(Some(0)), output, messages, seconds: 2.0 };
        runs.push(Run::ended(part, what, &ended));
    }
    runs.push(Run::left_out(Part::Peers, "JAX", "No module named 'jax'"));
    let why = "the time of this part is over";
    runs.push(Run::left_out(Part::Sanitizer, "initcheck rings", why));
    Record { runs, seconds: 700.0, ..record() }
}

#[test]
fn the_page_has_everything_that_was_said() {
    let page = page(&recorded());
    assert!(page == EXPECTED, "expected.txt is not this page:\n{page}");
}

#[test]
fn a_page_of_nothing_says_why() {
    let runs = vec![Run::left_out(Part::Timing, "all", "there is no GPU")];
    let page = page(&Record { runs, card: None, ..record() });
    assert!(page.contains("- card: none, the kernels were emulated"), "{page}");
    assert!(page.contains("- timing all left out: there is no GPU"), "{page}");
    assert_eq!(page.matches("## ").count(), 1, "{page}");
}

#[test]
fn a_torn_line_is_named_and_what_was_said_before_it_is_shown() {
    let first = SAID.split("== ").nth(1).unwrap().split_once('\n').unwrap().1;
    let torn = format!("{first}{}", r#"{"format":1,"check":"agr"#);
    let ended =
        Ended { end: End::Exit(Some(0)), output: torn, messages: String::new(), seconds: 1.0 };
    let runs = vec![Run::ended(Part::Agreement, "hamiltonian", &ended)];
    let page = page(&Record { runs, ..record() });
    assert!(
        page.contains("**agreement hamiltonian failed**: lines that are not understood: 1"),
        "{page}"
    );
    assert!(page.contains("3.1e-6"), "{page}");
}
