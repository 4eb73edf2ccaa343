//! The process: one socket, the cores that serve it, a watch on the configuration, an orderly end.

use super::answers::Answers;
use super::cores::Cores;
use super::estimate::Estimator;
use super::snapshot::Snapshot;
use super::surroundings::Surroundings;
use super::{Freshness, Gateway, Strangers};
use crate::budget::{Book, Gate};
use crate::config::{Home, LockError};
use crate::http::{Network, TrustError};
use crate::secrets::SecretsError;
use crate::store::{self, Ledger, Store, StoreError};
use crate::types::{Time, TraceIds};
use arc_swap::ArcSwap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the store is asked whether the configuration changed.
const CONFIG_POLL: Duration = Duration::from_millis(250);
/// How often it is gleaned from traces when keys were used last.
const GLEAN_EVERY: Duration = Duration::from_secs(60);
/// Traces that arrived this long ago are written down.
const GLEAN_BEHIND: Duration = Duration::from_secs(120);

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
    let (gateway, mut surroundings) = open(&options)?;
    let gateway = Arc::new(gateway);
    let cores = Cores::start(&listener, &gateway, &network)?;
    drop(listener);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shutdown = runtime.block_on(async { Shutdown::listen() })?;
    notice(Notice::Ready(&Ready { listen, faults: gateway.snapshot().faults.clone() }));
    let store = Store::open_existing(&options.home.database())?;
    runtime.block_on(watch_over(&gateway, (&store, &mut surroundings), shutdown, notice));
    cores.stop();
    gateway.ledger.stop(Duration::from_secs(5));
    Ok(())
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
async fn watch_over(
    gateway: &Gateway,
    (store, surroundings): (&Store, &mut Surroundings),
    mut shutdown: Shutdown,
    notice: &mut dyn FnMut(Notice<'_>),
) {
    let mut tick = tokio::time::interval(CONFIG_POLL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut gleaned = Instant::now();
    loop {
        tokio::select! {
            () = shutdown.wished() => return,
            _ = tick.tick() => {}
            () = gateway.freshness.wanted.notified() => {}
        }
        // A log that cannot be moved now is moved at a later tick.
        let _ = store.checkpoint();
        refresh(gateway, store, surroundings).await;
        tell_of_lost_rows(gateway, notice);
        if gleaned.elapsed() >= GLEAN_EVERY {
            gleaned = Instant::now();
            // What cannot be written now is gleaned the next time.
            let _ = store.glean_key_uses(Time::now().before(GLEAN_BEHIND));
        }
    }
}

/// Takes the configuration anew where it changed. A store that cannot be read now is read at the next tick;
/// the ledger tells callers.
async fn refresh(gateway: &Gateway, store: &Store, surroundings: &mut Surroundings) {
    let is_other = |version| version != gateway.snapshot().version;
    if (store.config_version().is_ok_and(is_other) || surroundings.moved())
        && let Ok(stored) = store.snapshot()
    {
        // What was charged until now must be where new budgets add it up.
        gateway.ledger.settled().await;
        if load_budgets(store, &gateway.book, &stored).is_ok() {
            gateway.gate.reload(stored.limits.clone());
            surroundings.take(store, &stored);
            gateway.snapshot.store(Arc::new(Snapshot::build(stored, surroundings.sealer())));
        }
    }
    gateway.freshness.looks.send_modify(|looks| *looks += 1);
}

fn tell_of_lost_rows(gateway: &Gateway, notice: &mut dyn FnMut(Notice<'_>)) {
    let (count, refused) = gateway.ledger.set_aside();
    refused.iter().for_each(|words| notice(Notice::Warning(words)));
    if count > refused.len() as u64 {
        notice(Notice::Warning(&format!("{count} traces could not be kept; the first of them are above")));
    }
}

/// The wish to end. It is heard from before the gateway says that it is ready, so that a signal at any later
/// moment lets calls end.
struct Shutdown {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Shutdown {
    /// Within a runtime: it is the one that hears.
    fn listen() -> io::Result<Shutdown> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Shutdown { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wished(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Shutdown {
    fn listen() -> io::Result<Shutdown> {
        Ok(Shutdown {})
    }

    async fn wished(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
