//! The process: one socket, one runtime a core, a watch on the configuration, an orderly end.
//!
//! Every core accepts from the same listening socket and keeps a call until its end, with connections
//! to providers of its own, so that a call never changes threads.

use super::answers::Answers;
use super::estimate::Estimator;
use super::routes::Routes;
use super::snapshot::Snapshot;
use super::surroundings::Surroundings;
use super::{Freshness, Gateway, Strangers, Worker};
use crate::budget::{Book, Gate};
use crate::config::{Home, LockError};
use crate::http::{Client, Network, TrustError};
use crate::secrets::SecretsError;
use crate::store::{self, Ledger, Store, StoreError};
use crate::types::{Time, TraceIds};
use arc_swap::ArcSwap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the store is asked whether the configuration changed.
const CONFIG_POLL: Duration = Duration::from_millis(250);
/// How often it is gleaned from traces when keys were used last.
const GLEAN_EVERY: Duration = Duration::from_secs(60);
/// Traces that arrived this long ago are written down.
const GLEAN_BEHIND: Duration = Duration::from_secs(120);
/// Answers under way have this long to end after a signal.
const DRAIN: Duration = Duration::from_secs(30);
/// A client that does not send its head is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const BACKLOG_PAUSE: Duration = Duration::from_millis(20);

/// Time-outs and sizes of calls.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until there is a connection to the provider.
    pub connect: Duration,
    /// From sending to the first byte of the answer.
    pub first_byte: Duration,
    /// Between two pieces of a streamed answer.
    pub idle: Duration,
    /// From sending to the end of the answer.
    pub total: Duration,
    /// The largest request body, in bytes.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(3600),
            max_body: 32 * 1024 * 1024,
        }
    }
}

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The home directory.
    pub home: Home,
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// More trusted certificate authorities, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Time-outs and sizes.
    pub limits: Limits,
}

/// The gateway takes calls.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where.
    pub listen: SocketAddr,
    /// What is configured and cannot be used, in words.
    pub faults: Vec<String>,
}

/// Why the gateway cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another gateway has the home.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The address is taken.
    #[error("the address {0} is in use; choose another with --listen, for example --listen 127.0.0.1:0")]
    InUse(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Trusted certificates.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The system gives no threads or sockets.
    #[error("the system does not let the gateway start: {0}")]
    System(#[from] io::Error),
}

/// What the gateway has to say while it serves.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// It takes calls; said once.
    Ready(&'a Ready),
    /// Something that a person should look at.
    Warning(&'a str),
}

/// Serves until SIGTERM or Ctrl-C, and gives notice of what happens.
///
/// # Errors
/// Each [`ServeError`], before the first call is taken.
pub fn serve(options: ServeOptions, notice: &mut dyn FnMut(Notice<'_>)) -> Result<(), ServeError> {
    let mut lock = options.home.lock_serving(&options.listen.to_string())?;
    let listener = bind(options.listen)?;
    let listen = listener.local_addr()?;
    lock.announce(&listen.to_string())?;
    let network = Arc::new(Network::new(options.ca_file.as_deref())?);
    let (gateway, surroundings) = open(&options)?;
    let gateway = Arc::new(gateway);
    let (stop, stopped) = watch::channel(false);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut threads = Vec::new();
    for core in 0..cores {
        let worker = Worker { gateway: gateway.clone(), client: Client::new(network.clone()) };
        threads.push(start_core(core, listener.try_clone()?, worker, stopped.clone())?);
    }
    drop(listener);
    notice(Notice::Ready(&Ready { listen, faults: gateway.snapshot().faults.clone() }));
    let watched = watch_over(&gateway, (&options.home, surroundings), notice);
    let _ = stop.send(true);
    threads.into_iter().for_each(|thread| drop(thread.join()));
    gateway.ledger.stop(Duration::from_secs(5));
    watched
}

fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    // The standard library sets SO_REUSEADDR but not SO_REUSEPORT: a second gateway on this address fails.
    let listener = TcpListener::bind(listen).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse(listen),
        _ => ServeError::Listen { listen, source },
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn open(options: &ServeOptions) -> Result<(Gateway, Surroundings), ServeError> {
    let store = Store::open_existing(&options.home.database())?;
    store.recover()?;
    let ids = TraceIds::after(store.last_trace_id()?);
    let stored = store.snapshot()?;
    let (book, gate) = (Arc::new(Book::new()), Arc::new(Gate::new()));
    gate.reload(stored.limits.clone());
    load_budgets(&store, &book, &stored)?;
    let mut surroundings = Surroundings::of(&options.home, &store)?;
    surroundings.take(&store, &stored);
    let snapshot = Snapshot::build(stored, surroundings.sealer());
    let answers = Answers::new(Store::open_existing(&options.home.database())?);
    let ledger = Arc::new(Ledger::start(store)?);
    let gateway = Gateway {
        snapshot: ArcSwap::from_pointee(snapshot),
        estimator: Estimator::start(ledger.clone(), book.clone())?,
        book,
        gate,
        ledger,
        answers,
        ids,
        limits: options.limits,
        cards: Default::default(),
        strangers: Strangers::new(),
        freshness: Freshness::new(),
    };
    Ok((gateway, surroundings))
}

/// Enters budgets into the book, and into new ones what was charged before.
fn load_budgets(store: &Store, book: &Book, stored: &store::Snapshot) -> Result<(), StoreError> {
    if let Some(since) = book.reload(stored.budgets.clone(), Time::now()) {
        store.charges(since, &mut |charges| book.take_in(charges))?;
        book.loaded(Time::now());
    }
    Ok(())
}

/// Keeps the snapshot fresh until a signal comes.
fn watch_over(
    gateway: &Gateway,
    (home, mut surroundings): (&Home, Surroundings),
    notice: &mut dyn FnMut(Notice<'_>),
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = Store::open_existing(&home.database())?;
    runtime.block_on(async {
        let signal = shutdown_signal();
        tokio::pin!(signal);
        let mut tick = tokio::time::interval(CONFIG_POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut gleaned = Instant::now();
        loop {
            tokio::select! {
                _ = &mut signal => return,
                _ = tick.tick() => {}
                () = gateway.freshness.wanted.notified() => {}
            }
            // A log that cannot be moved now is moved at a later tick.
            let _ = store.checkpoint();
            // A store that cannot be read now is read at the next tick; the ledger tells callers.
            let is_other = |version| version != gateway.snapshot().version;
            if (store.config_version().is_ok_and(is_other) || surroundings.moved())
                && let Ok(stored) = store.snapshot()
            {
                // What was charged until now must be where new budgets add it up.
                let loaded = async {
                    gateway.ledger.settled().await;
                    load_budgets(&store, &gateway.book, &stored)
                };
                if loaded.await.is_ok() {
                    surroundings.take(&store, &stored);
                    gateway.gate.reload(stored.limits.clone());
                    gateway.snapshot.store(Arc::new(Snapshot::build(stored, surroundings.sealer())));
                }
            }
            gateway.freshness.looks.send_modify(|looks| *looks += 1);
            let (count, refused) = gateway.ledger.set_aside();
            refused.iter().for_each(|words| notice(Notice::Warning(words)));
            if count > refused.len() as u64 {
                notice(Notice::Warning(&format!("{count} traces could not be kept; the first of them are above")));
            }
            if gleaned.elapsed() >= GLEAN_EVERY {
                gleaned = Instant::now();
                // What cannot be written now is gleaned the next time.
                let _ = store.glean_key_uses(Time::now().before(GLEAN_BEHIND));
            }
        }
    });
    Ok(())
}

async fn shutdown_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

fn start_core(
    core: usize,
    listener: TcpListener,
    worker: Worker,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("core-{core}")).spawn(move || {
        let routes = Arc::new(Routes::new(Arc::new(worker)));
        runtime.block_on(accept_loop(listener, routes, stopped));
        // Answers that did not end in time are dropped here, and so written as interrupted.
        drop(runtime);
    })
}

async fn accept_loop(listener: TcpListener, routes: Arc<Routes>, mut stopped: watch::Receiver<bool>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: let some calls end.
            tokio::time::sleep(BACKLOG_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let routes = routes.clone();
        // Boxed, so that a connection does not keep room for the state of a call that has its answer.
        let service = service_fn(move |request| {
            let answering = Box::pin(routes.clone().answer(request));
            async move { Ok::<_, Infallible>(answering.await) }
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A caller that breaks off is no event: its trace says it.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}
