//! Damage to files, as a failing disk or a careless hand would do it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::disturbance::Schedule;

/// Bits that are flipped at most.
const FLIPS: u64 = 8;
/// Bytes at the end of a log that are damaged.
const TAIL: usize = 256;

/// Flips bits of a file, or cuts it.
pub(super) fn damage(path: &Path, schedule: &mut Schedule) -> Result<()> {
    change(path, |content| {
        if schedule.below(2) == 0 {
            flip(content, schedule);
        } else {
            let length = schedule.below(content.len() as u64) as usize;
            content.truncate(length);
        }
    })
}

/// Flips bits near the end of a file, cuts the end, or puts garbage there.
pub(super) fn damage_end(path: &Path, schedule: &mut Schedule) -> Result<()> {
    change(path, |content| {
        let start = content.len().saturating_sub(TAIL);
        match schedule.below(3) {
            0 => flip(&mut content[start..], schedule),
            1 => content.truncate(start + schedule.below(TAIL as u64) as usize),
            _ => content.extend((0..TAIL).map(|_| schedule.below(256) as u8)),
        }
    })
}

fn flip(content: &mut [u8], schedule: &mut Schedule) {
    if content.is_empty() {
        return;
    }
    // Different bytes, so that no flip takes another one back.
    let count = (1 + schedule.below(FLIPS)).min(content.len() as u64);
    let start = schedule.below(content.len() as u64);
    for step in 0..count {
        let position = ((start + step * 7919) % content.len() as u64) as usize;
        content[position] ^= 1 << schedule.below(8);
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let context = || format!("failed to damage {}", path.display());
    let mut content = fs::read(path).with_context(context)?;
    change(&mut content);
    fs::write(path, content).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::{Schedule, damage, damage_end};

    #[test]
    fn a_damaged_file_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..2000_u32).map(|i| (i % 251) as u8).collect();
        let mut schedule = Schedule::new(0);
        for _ in 0..50 {
            std::fs::write(&path, &content).unwrap();
            damage(&path, &mut schedule).unwrap();
            assert_ne!(std::fs::read(&path).unwrap(), content);
            std::fs::write(&path, &content).unwrap();
            damage_end(&path, &mut schedule).unwrap();
            let damaged = std::fs::read(&path).unwrap();
            assert_ne!(damaged, content);
            assert_eq!(damaged[..1700], content[..1700]);
        }
    }
}
