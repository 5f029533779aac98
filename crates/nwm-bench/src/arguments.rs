//! The command line of a benchmark program.

use std::collections::BTreeMap;
use std::io::Write;

use crate::error::{Error, Result};

/// What every program takes.
const COMMON: &[&str] = &["--case NAME", "--threads N", "--repeats N", "--json", "--list"];

/// The command line of a benchmark program.
///
/// `--case` may be repeated. cargo adds `--bench`, which says nothing and is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Cases asked for; empty: the program's default ones.
    pub cases: Vec<String>,
    /// Threads; none: as many as there are cores.
    pub threads: Option<usize>,
    /// Times to run each action; none: about a second's worth.
    pub repeats: Option<usize>,
    /// Whether to print JSON, one line a case.
    pub json: bool,
    /// Whether to print the names of the cases, one a line, and run none.
    pub list: bool,
    options: BTreeMap<String, String>,
}

impl Arguments {
    /// Reads the arguments of this process. `options` are those of this program alone, which take one
    /// value each: `--instruction-set`.
    ///
    /// # Errors
    /// An argument that is unknown, lacks its value, or should be a number.
    pub(crate) fn from_process(options: &[&str]) -> Result<Self> {
        Self::parse(std::env::args().skip(1), options)
    }

    fn parse(words: impl IntoIterator<Item = String>, options: &[&str]) -> Result<Self> {
        let mut arguments = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value =
                || words.next().ok_or_else(|| Error::MissingValue { option: word.clone() });
            match word.as_str() {
                "--bench" => {}
                "--json" => arguments.json = true,
                "--list" => arguments.list = true,
                "--case" => arguments.cases.push(value()?),
                "--threads" => arguments.threads = Some(positive("--threads", value()?)?),
                "--repeats" => arguments.repeats = Some(positive("--repeats", value()?)?),
                option if options.contains(&option) => {
                    let value = value()?;
                    arguments.options.insert(word, value);
                }
                _ => {
                    let own = options.iter().map(|option| format!("{option} VALUE"));
                    let known: Vec<String> =
                        COMMON.iter().map(|it| (*it).to_owned()).chain(own).collect();
                    return Err(Error::UnknownArgument { found: word, known: known.join(", ") });
                }
            }
        }
        Ok(arguments)
    }

    /// The value of one of the program's own options.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The names of `known` that are to run: those asked for, or without any those in `default`.
    ///
    /// # Errors
    /// [`Error::UnknownCase`] if one is asked for that is not known.
    pub fn select<'a>(&self, known: &[&'a str], default: &[&'a str]) -> Result<Vec<&'a str>> {
        if self.cases.is_empty() {
            return Ok(default.to_vec());
        }
        let find = |case: &String| {
            known
                .iter()
                .copied()
                .find(|name| name == case)
                .ok_or_else(|| Error::UnknownCase { found: case.clone(), known: known.join(", ") })
        };
        self.cases.iter().map(find).collect()
    }

    /// Prints the selected names if `--list` asks for them, and says whether it did.
    ///
    /// # Errors
    /// [`Error::Output`] if the standard output stream is closed.
    pub fn lists(&self, names: &[&str]) -> Result<bool> {
        if self.list {
            writeln!(std::io::stdout().lock(), "{}", names.join("\n"))?;
        }
        Ok(self.list)
    }

    /// Starts the pool of threads, if their number was asked for, and says how many there are.
    pub(crate) fn start_threads(&self) -> Result<usize> {
        let threads = self.threads.unwrap_or_else(rayon::current_num_threads);
        if self.threads.is_some() {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()
                .map_err(|source| Error::Threads { threads, source })?;
        }
        Ok(threads)
    }

    /// The value of one of the program's own options, which is one of `known`.
    ///
    /// # Errors
    /// [`Error::UnknownValue`] if it is another.
    pub fn choice(&self, option: &'static str, known: &[&str]) -> Result<Option<&str>> {
        match self.option(option) {
            Some(found) if !known.contains(&found) => Err(Error::UnknownValue {
                option,
                found: found.to_owned(),
                known: known.join(", "),
            }),
            value => Ok(value),
        }
    }
}

fn positive(option: &'static str, found: String) -> Result<usize> {
    match found.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Error::NotANumber { option, found }),
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned), &["--set"])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn all_arguments_are_read() {
        let arguments =
            parse("--case a --bench --threads 2 --json --set avx2 --case b --repeats 7 --list")
                .unwrap();
        assert_eq!(arguments.cases, ["a", "b"]);
        assert_eq!((arguments.threads, arguments.repeats), (Some(2), Some(7)));
        assert!(arguments.json && arguments.list);
        assert_eq!(arguments.option("--set"), Some("avx2"));
        assert_eq!(arguments.option("--other"), None);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert!(parse("--sset x").unwrap_err().contains("`--sset`"));
        assert!(parse("--set").unwrap_err().contains("`--set` needs a value"));
        assert!(parse("--threads 0").unwrap_err().contains("--threads: found `0`"));
        assert!(parse("--repeats few").unwrap_err().contains("found `few`"));
        let arguments = parse("--set avx2").unwrap();
        assert_eq!(arguments.choice("--set", &["avx2", "avx512"]).unwrap(), Some("avx2"));
        let error = arguments.choice("--set", &["portable"]).unwrap_err().to_string();
        assert!(error.contains("--set: found `avx2`, expected portable"), "{error}");
    }

    #[test]
    fn cases_are_selected_by_name_or_by_default() {
        let known = ["small", "large"];
        assert_eq!(parse("").unwrap().select(&known, &["small"]).unwrap(), ["small"]);
        assert_eq!(parse("--case large").unwrap().select(&known, &[]).unwrap(), ["large"]);
        let error = parse("--case larg").unwrap().select(&known, &[]).unwrap_err();
        assert!(error.to_string().contains("no case `larg`; there are small, large"));
    }
}
