//! CPU time and resident memory of a process and all its descendants, from `/proc` (Linux).

use std::collections::HashMap;
use std::fs;

/// Counts the CPU time, user and system, that a process tree takes from now on.
///
/// It reads `/proc/PID/task/TID/schedstat`, which counts nanoseconds where `/proc/PID/stat` counts ticks of
/// 10 ms. A thread that ended keeps the time it had at the last [`CpuMeter::read`], so read now and then.
pub struct CpuMeter {
    root: u32,
    first: HashMap<u32, u64>,
    last: HashMap<u32, u64>,
}

impl CpuMeter {
    /// Starts to count for the process `root`.
    pub fn start(root: u32) -> Self {
        let first = thread_times(root);
        Self { root, last: first.clone(), first }
    }

    /// Looks at the threads again.
    pub fn read(&mut self) {
        self.last.extend(thread_times(self.root));
    }

    /// Nanoseconds from the start to the last look.
    pub fn cpu_ns(&self) -> u64 {
        let before = |thread| self.first.get(thread).copied().unwrap_or(0);
        self.last.iter().map(|(thread, ns)| ns.saturating_sub(before(thread))).sum()
    }
}

/// Resident bytes of the process tree of `root`; a page that processes share counts once for each.
pub fn resident_bytes(root: u32) -> u64 {
    let pages = |pid: &u32| -> Option<u64> {
        fs::read_to_string(format!("/proc/{pid}/statm")).ok()?.split(' ').nth(1)?.parse().ok()
    };
    tree(root).iter().filter_map(pages).sum::<u64>() * rustix::param::page_size() as u64
}

/// Seconds that all CPUs of the machine were busy since it started, for any program.
pub fn machine_busy_s() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.lines().next().unwrap_or("").split_whitespace().flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq
    let busy: f64 = fields.iter().take(7).sum::<f64>() - fields.iter().skip(3).take(2).sum::<f64>();
    busy / rustix::param::clock_ticks_per_second() as f64
}

/// The process and all its descendants.
fn tree(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        next += 1;
        for thread in threads(pid) {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).unwrap_or_default();
            found.extend(children.split_whitespace().flat_map(str::parse::<u32>));
        }
    }
    found
}

fn threads(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn thread_times(root: u32) -> HashMap<u32, u64> {
    let time = |pid: u32, thread: u32| -> Option<(u32, u64)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
        Some((thread, stat.split(' ').next()?.parse().ok()?))
    };
    tree(root)
        .into_iter()
        .flat_map(|pid| threads(pid).into_iter().filter_map(move |thread| time(pid, thread)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_its_own_work_and_memory() {
        let pid = std::process::id();
        let mut meter = CpuMeter::start(pid);
        let sum = (0..5_000_000u64).fold(0u64, |sum, n| std::hint::black_box(sum ^ n));
        std::hint::black_box(sum);
        meter.read();
        assert!(meter.cpu_ns() > 0);
        assert!(resident_bytes(pid) > 100_000);
        assert!(machine_busy_s() > 0.0);
    }
}
