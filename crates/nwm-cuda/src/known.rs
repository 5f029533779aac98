//! What the driver was asked or told before, so that every operation of a model need not do so again.
//!
//! An answer is kept for as long as the process runs, since the number of a device means the same device for that long.
//! The driver is talked to under a lock: of two threads that need different amounts, neither takes the larger one away.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;

/// Answers by what they are about.
pub(crate) struct Answers<K, V>(Mutex<BTreeMap<K, V>>);

impl<K: Ord, V: Copy> Answers<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The answer that was given before, or the one to the question. A failure is no answer.
    pub(crate) fn get(&self, key: K, question: impl FnOnce() -> Result<V>) -> Result<V> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&answer) = answers.get(&key) {
            return Ok(answer);
        }
        let answer = question()?;
        answers.insert(key, answer);
        Ok(answer)
    }
}

/// The largest amounts that were granted. Keys are only looked up, never gone through, so that their order is nothing.
pub(crate) struct Grants<K>(Mutex<Option<HashMap<K, usize>>>);

impl<K: Eq + Hash> Grants<K> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Asks for the amount unless as much was granted before.
    pub(crate) fn ensure(
        &self,
        key: K,
        amount: usize,
        ask: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut grants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = grants.get_or_insert_default().entry(key).or_insert(0);
        if amount > *granted {
            ask()?;
            *granted = amount;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Answers, Grants};
    use crate::error::Error;

    fn refusal() -> Error {
        Error::Emulation("refused".to_owned())
    }

    #[test]
    fn a_question_is_asked_once_unless_it_fails() {
        let answers = Answers::new();
        assert!(answers.get(0, || Err(refusal())).is_err());
        assert_eq!(answers.get(0, || Ok(7)).unwrap(), 7);
        assert_eq!(answers.get(0, || Err(refusal())).unwrap(), 7);
        assert_eq!(answers.get(1, || Ok(8)).unwrap(), 8);
    }

    #[test]
    fn more_is_asked_for_and_less_is_not() {
        let grants = Grants::new();
        let asked = Cell::new(0);
        let ask = |key, amount| {
            grants.ensure(key, amount, || {
                asked.set(asked.get() + 1);
                if amount > 100 { Err(refusal()) } else { Ok(()) }
            })
        };
        for (key, amount, expected) in [
            ("step", 60, 1),
            ("step", 60, 1),
            ("step", 50, 1),
            ("step", 70, 2),
            ("step", 60, 2),
            ("other", 60, 3),
        ] {
            ask(key, amount).unwrap();
            assert_eq!(asked.get(), expected, "{key} {amount}");
        }
        // What was refused was not granted.
        assert!(ask("step", 101).is_err());
        assert!(ask("step", 101).is_err());
        assert_eq!(asked.get(), 5);
    }
}
