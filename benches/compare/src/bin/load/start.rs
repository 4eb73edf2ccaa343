//! The time from the start of a program to its first answered request.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use compare::args::Args;
use compare::statistics::median;
use rustix::process::{Pid, Signal, kill_process};

use crate::report::Report;
use crate::target::Target;
use crate::work::first_answer;

/// The longest wait for a first answer.
const START: Duration = Duration::from_secs(30);
/// How long a program may take to end in peace.
const END: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Starts the program after `--`, waits for an answer, ends it, and all that `--times` times.
pub async fn run(args: &Args) -> Report {
    let target = Rc::new(Target::plain(args, 300));
    assert!(TcpStream::connect(target.address).is_err(), "something listens on {} already", target.address);
    let mut times_ms = Vec::new();
    let mut failures = Vec::new();
    for _ in 0..args.value("times", 5) {
        match once(&target, &args.command).await {
            Ok(time) => times_ms.push(time.as_secs_f64() * 1e3),
            Err(why) => failures.push(why),
        }
    }
    let mut report = Report::default().figure("start_ms", median(&times_ms)).figure("failed", failures.len() as f64);
    if let Some(why) = failures.first() {
        report.describe("first_failure", why);
    }
    report
}

async fn once(target: &Rc<Target>, command: &[String]) -> Result<Duration, String> {
    let (program, words) = command.split_first().expect("a program follows `--`");
    let start = Instant::now();
    let child =
        Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|e| format!("{program}: {e}"))?;
    let answered = first_answer(target, start + START).await.map(|()| start.elapsed());
    end(&mut child);
    answered
}

/// Asks the program to end, and after a while makes it.
fn end(child: &mut Child) {
    // An error means that it has ended by itself.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let deadline = Instant::now() + END;
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    let _ = child.kill();
    let _ = child.wait();
}
