//! Memory that is free.

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// Bytes that this process could still use: what the system can make available, within the limits of a container or of a
/// job; none if the system does not tell.
pub(super) fn free_memory() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let mut system = System::new_with_specifics(memory).ok()?;
    let available = system.available_memory();
    let limits = sysinfo::get_current_pid().ok().and_then(|process| {
        let processes = ProcessesToUpdate::Some(std::slice::from_ref(&process));
        system.refresh_processes_specifics(processes, false, ProcessRefreshKind::nothing());
        system.process(process)?.cgroup_limits()
    });
    // What files keep in memory counts as used there, and goes when it is needed.
    let within = limits.map(|limits| limits.total_memory.saturating_sub(limits.rss));
    let free = within.map_or(available, |within| within.min(available));
    (free > 0).then_some(free)
}

#[cfg(test)]
mod tests {
    #[test]
    fn some_memory_is_free() {
        // Systems that do not tell are not refused.
        if let Some(free) = super::free_memory() {
            assert!((1 << 20..1 << 50).contains(&free), "{free}");
        }
    }
}
