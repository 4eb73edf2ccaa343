//! One runtime a core, all accepting from one socket, with connections spread evenly among them.
//!
//! A call stays on the core of its connection until its end, with connections to providers of that core. The
//! kernel wakes whom it likes, and a core that is awake takes all that come at once: so the one that accepts
//! looks who has the fewest and hands the connection over where another has clearly less to do. Neither
//! accepting nor ending a connection takes a lock.

use super::Worker;
use super::routes::Routes;
use crate::http::{Client, Network};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Answers under way have this long to end after a signal.
const DRAIN: Duration = Duration::from_secs(30);
/// A client that does not send its head is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Without descriptors there is nothing to accept until some calls end.
const BACKLOG_PAUSE: Duration = Duration::from_millis(20);

/// The running cores.
pub(super) struct Cores {
    threads: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Cores {
    /// Starts a runtime on each of the machine's cores; all accept from `listener` (non-blocking).
    pub fn start(listener: &TcpListener, gateway: &Arc<super::Gateway>, network: &Arc<Network>) -> io::Result<Cores> {
        let count = std::thread::available_parallelism().map_or(2, usize::from);
        let (stop, stopped) = watch::channel(false);
        let (doors, inboxes): (Vec<_>, Vec<_>) = (0..count).map(|_| door()).unzip();
        let doors: Arc<[Door]> = doors.into();
        let mut threads = Vec::new();
        for (number, inbox) in inboxes.into_iter().enumerate() {
            let worker = Worker { gateway: gateway.clone(), client: Client::new(network.clone()) };
            let core = Core::new(number, doors.clone(), worker);
            let (listener, stopped) = (listener.try_clone()?, stopped.clone());
            threads.push(start(number, move || core.run(listener, inbox, stopped))?);
        }
        Ok(Cores { threads, stop })
    }

    /// Takes no more connections, lets answers under way end, and comes back when they have or their time is up.
    pub fn stop(self) {
        let _ = self.stop.send(true);
        self.threads.into_iter().for_each(|thread| drop(thread.join()));
    }
}

/// A thread with a runtime of its own, which runs what `serving` makes.
fn start<S: Future<Output = ()>>(
    number: usize,
    serving: impl FnOnce() -> S + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("core-{number}")).spawn(move || {
        runtime.block_on(serving());
        // Answers that did not end in time are dropped here, and so written as interrupted.
        drop(runtime);
    })
}

/// A core as the others see it.
struct Door {
    open: AtomicUsize,
    inbox: UnboundedSender<HandedOver>,
}

/// A connection that another core accepted.
struct HandedOver {
    stream: std::net::TcpStream,
    seat: Seat,
}

fn door() -> (Door, UnboundedReceiver<HandedOver>) {
    let (inbox, outbox) = unbounded_channel();
    (Door { open: AtomicUsize::new(0), inbox }, outbox)
}

/// A connection's place in the count of its core, until it is dropped.
struct Seat {
    doors: Arc<[Door]>,
    core: usize,
}

impl Seat {
    /// Takes one on `here`, unless another core has at least two connections less.
    fn take(doors: &Arc<[Door]>, here: usize) -> Seat {
        let open = |core: usize| doors.get(core).map_or(usize::MAX, |door| door.open.load(Ordering::Relaxed));
        let least = (0..doors.len()).min_by_key(|core| open(*core)).unwrap_or(here);
        let core = if open(least).saturating_add(1) < open(here) { least } else { here };
        if let Some(door) = doors.get(core) {
            door.open.fetch_add(1, Ordering::Relaxed);
        }
        Seat { doors: doors.clone(), core }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(door) = self.doors.get(self.core) {
            door.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What a core serves with.
struct Core {
    number: usize,
    doors: Arc<[Door]>,
    routes: Arc<Routes>,
    http: http1::Builder,
    graceful: GracefulShutdown,
}

impl Core {
    fn new(number: usize, doors: Arc<[Door]>, worker: Worker) -> Core {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let routes = Arc::new(Routes::new(Arc::new(worker)));
        Core { number, doors, routes, http, graceful: GracefulShutdown::new() }
    }

    /// Serves until it is told to stop, and then what is under way.
    async fn run(
        self,
        listener: TcpListener,
        mut inbox: UnboundedReceiver<HandedOver>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        loop {
            tokio::select! {
                accepted = listener.accept() => self.place(accepted).await,
                Some(handed) = inbox.recv() => self.take_over(handed),
                _ = stopped.changed() => break,
            }
        }
        drop(listener);
        inbox.close();
        while let Some(handed) = inbox.recv().await {
            self.take_over(handed);
        }
        let _ = tokio::time::timeout(DRAIN, self.graceful.shutdown()).await;
    }

    async fn place(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BACKLOG_PAUSE).await;
            return;
        };
        let seat = Seat::take(&self.doors, self.number);
        match self.doors.get(seat.core) {
            Some(door) if seat.core != self.number => {
                if let Ok(stream) = stream.into_std() {
                    self.hand_over(door, HandedOver { stream, seat });
                }
            }
            _ => self.serve(stream, seat),
        }
    }

    /// A core that is about to end takes none; then it is served here.
    fn hand_over(&self, door: &Door, handed: HandedOver) {
        if let Err(unsent) = door.inbox.send(handed) {
            self.take_over(unsent.0);
        }
    }

    fn take_over(&self, handed: HandedOver) {
        if let Ok(stream) = TcpStream::from_std(handed.stream) {
            self.serve(stream, handed.seat);
        }
    }

    fn serve(&self, stream: TcpStream, seat: Seat) {
        let _ = stream.set_nodelay(true);
        let routes = self.routes.clone();
        // Boxed, so that a connection does not keep room for the state of a call that has its answer.
        let service = service_fn(move |request| {
            let answering = Box::pin(routes.clone().answer(request));
            async move { Ok::<_, Infallible>(answering.await) }
        });
        let connection = self.graceful.watch(self.http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A caller that breaks off is no event: its trace says it.
            let _ = connection.await;
            drop(seat);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_spread_and_a_single_one_stays() {
        let doors: Arc<[Door]> = (0..3).map(|_| door().0).collect();
        let first = Seat::take(&doors, 1);
        assert_eq!(first.core, 1, "the first stays where it was accepted");
        let mut seats: Vec<Seat> = (0..30).map(|_| Seat::take(&doors, 1)).collect();
        let open = |core: usize| doors[core].open.load(Ordering::Relaxed);
        assert_eq!([open(0), open(1), open(2)].iter().sum::<usize>(), 31);
        assert!(open(1) <= open(0).min(open(2)) + 2, "{} {} {}", open(0), open(1), open(2));
        seats.clear();
        drop(first);
        assert_eq!([open(0), open(1), open(2)], [0; 3]);
    }
}
