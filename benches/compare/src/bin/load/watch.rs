//! What a load costs: CPU time and memory of the gateway under test, and how busy the machine was besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use compare::args::Args;
use compare::process::{CpuMeter, machine_busy_s, resident_bytes};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// A watch that runs, on a thread of its own, so that the clients are not held up.
pub struct Watch {
    /// Streams that are open now; the clients count.
    pub open: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Cost>,
}

/// What was seen from start to stop.
pub struct Cost {
    /// Wall-clock time.
    pub seconds: f64,
    /// CPU time of the gateway's process tree.
    pub cpu_ns: u64,
    /// Resident memory of the gateway's process tree before the load.
    pub rss_before: u64,
    /// The most resident memory seen.
    pub rss_peak: u64,
    /// The most streams open at a look.
    pub open_widest: usize,
    /// Resident memory at the last look that saw so many.
    pub rss_widest: u64,
    /// Cores that programs outside the comparison kept busy.
    pub foreign_cores: f64,
}

impl Watch {
    /// Begins to watch the processes that `--pid` and `--mock-pid` name.
    pub fn start(args: &Args) -> Self {
        let (open, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (subject, mock) = (args.value("pid", 0), args.value("mock-pid", 0));
        let thread = std::thread::spawn({
            let (open, ended) = (Arc::clone(&open), Arc::clone(&ended));
            move || watch(subject, mock, &open, &ended)
        });
        Self { open, ended, thread }
    }

    /// Ends the watch.
    pub fn stop(self) -> Cost {
        self.ended.store(true, Relaxed);
        self.thread.thread().unpark();
        self.thread.join().expect("the watch does not panic")
    }
}

fn watch(subject: u32, mock: u32, open: &AtomicUsize, ended: &AtomicBool) -> Cost {
    let mut all = vec![subject, mock, std::process::id()];
    all.dedup();
    let mut meters: Vec<CpuMeter> = all.into_iter().map(CpuMeter::start).collect();
    let (start, busy) = (Instant::now(), machine_busy_s());
    let rss = resident_bytes(subject);
    let mut cost = Cost {
        seconds: 0.0,
        cpu_ns: 0,
        rss_before: rss,
        rss_peak: rss,
        open_widest: 0,
        rss_widest: rss,
        foreign_cores: 0.0,
    };
    while !ended.load(Relaxed) {
        std::thread::park_timeout(PAUSE);
        meters.iter_mut().for_each(CpuMeter::read);
        look_at_memory(&mut cost, subject, open.load(Relaxed));
    }
    cost.seconds = start.elapsed().as_secs_f64();
    cost.cpu_ns = meters[0].cpu_ns();
    let ours: u64 = meters.iter().map(CpuMeter::cpu_ns).sum();
    cost.foreign_cores = ((machine_busy_s() - busy - ours as f64 / 1e9) / cost.seconds).max(0.0);
    cost
}

fn look_at_memory(cost: &mut Cost, subject: u32, open: usize) {
    let rss = resident_bytes(subject);
    cost.rss_peak = cost.rss_peak.max(rss);
    if open >= cost.open_widest {
        (cost.open_widest, cost.rss_widest) = (open, rss);
    }
}
