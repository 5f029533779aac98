//! Names that a configuration may hold, and which of them somebody may have meant.

use nwm_data::{System, nearest_name};
use nwm_models::TaskName;

use crate::data::FILE_DATA;

/// Sets of sequences that are answered.
const SEQUENCES: [&str; 3] = ["smnist", "psmnist", "adding"];
/// Sets of films.
const FILMS: [&str; 3] = ["rotating_mnist", "gratings", "noise"];

/// What a model learns from the data set of this name.
pub(crate) fn task_of(data: &str) -> TaskName {
    match data {
        name if SEQUENCES.contains(&name) => TaskName::Sequence,
        name if FILMS.contains(&name) => TaskName::Variational,
        _ => TaskName::Forecast,
    }
}

/// What is wrong with the name of a data set, if anything is.
pub(super) fn data_name_problem(name: &str) -> Option<String> {
    if name == FILE_DATA || task_of(name) != TaskName::Forecast {
        return None;
    }
    match System::parse_set(name) {
        Ok((system, variant)) => {
            variant.unwrap_or_default().of(system).err().map(|error| error.to_string())
        }
        Err(_) => {
            let rows = System::ALL.iter().flat_map(|system| system.aliases()).copied();
            let systems = System::ALL.map(System::name);
            let known: Vec<&str> =
                systems.into_iter().chain(rows).chain(SEQUENCES).chain(FILMS).collect();
            let nearest = nearest_name(name, known.iter().copied())
                .map_or_else(String::new, |name| format!("; did you mean {name}?"));
            Some(format!(
                "found {name}, expected {FILE_DATA}, one of {}, or one of the suite with its variant, such as \
                 pendulum_colors{nearest}",
                known.join(", ")
            ))
        }
    }
}

/// What serde says of a value, in a line, with the nearest name where it lists those that it knows.
pub(super) fn value_problem(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim_end();
    let mut names = line.split('`').skip(1).step_by(2);
    let nearest = match (line.starts_with("unknown variant"), names.next()) {
        (true, Some(found)) => nearest_name(found, names),
        _ => None,
    };
    nearest.map_or_else(|| line.to_owned(), |name| format!("{line}; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_data_set_is_accepted() {
        for name in SEQUENCES.into_iter().chain(FILMS).chain([
            FILE_DATA,
            "spring",
            "two_body_colors",
            "pendulum_colors_friction",
        ]) {
            assert_eq!(data_name_problem(name), None);
        }
        for system in System::ALL {
            assert_eq!(data_name_problem(system.name()), None);
        }
    }

    #[test]
    fn others_are_refused_with_the_nearest() {
        let problem = |name| data_name_problem(name).unwrap();
        assert!(problem("smnst").ends_with("did you mean smnist?"));
        assert!(problem("sprng").ends_with("did you mean spring?"));
        assert!(problem("moon").ends_with("such as pendulum_colors"));
        assert!(problem("two_body_colors_friction").contains("expected one of plain, colors"));
    }

    #[test]
    fn serde_is_quoted_in_one_line() {
        let message = "unknown variant `adm`, expected `adam` or `sgd`\nin `train.optimizer`\n";
        assert_eq!(
            value_problem(message),
            "unknown variant `adm`, expected `adam` or `sgd`; did you mean adam?"
        );
        assert_eq!(value_problem("invalid type: `a`\nin `b`"), "invalid type: `a`");
        assert_eq!(value_problem(""), "");
    }
}
