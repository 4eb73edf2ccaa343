//! Connections that wait for their next request, and those of HTTP/2 that still have room.
//!
//! What lies idle is closed after a while, also where no further request comes. It opens nothing itself.

use super::Origin;
use super::lease::{Http1, Http2, Lease, Wire};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Servers close idle connections after a minute or so; before that, we do.
const IDLE: Duration = Duration::from_secs(45);
const SWEEP: Duration = Duration::from_secs(15);
/// Of one origin.
const MOST_IDLE: usize = 1024;

/// The connections of one client, by origin.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Sites>);

#[derive(Default)]
struct Sites {
    by_origin: HashMap<String, Site>,
    is_swept: bool,
}

#[derive(Default)]
struct Site {
    /// Newest last: taking from the end lets the rest grow old and be dropped.
    http1: Vec<(Http1, Instant)>,
    /// One does for all, until it has as many streams as the server allows.
    http2: Vec<Http2>,
    /// The last connection was of HTTP/1.1, so that nobody else can use the one that is being opened.
    is_exclusive: bool,
    turn: Turn,
}

/// Whoever holds it opens a connection; the others wait, for they may share it.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;
/// The turn of the one who opens.
pub(super) type Held = tokio::sync::OwnedMutexGuard<()>;

/// How busy a connection of HTTP/2 is.
pub(super) struct Load(Mutex<Streams>);

struct Streams {
    open: usize,
    /// None until the server has said it.
    most: Option<usize>,
    last_used: Instant,
    /// Those who wait for this connection wait until it is known how many it carries.
    held: Option<Held>,
    /// Wakes who finds that out.
    watcher: Option<Waker>,
}

/// One stream of a connection, until it is dropped.
pub(super) struct Slot(Arc<Load>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Sites> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is alive and has room.
    pub(super) fn take(&self, origin: &Arc<Origin>) -> Option<Lease> {
        let wire = self.lock().by_origin.get_mut(&origin.name)?.take(Instant::now())?;
        Some(Lease::reused(wire, origin))
    }

    /// Whose turn it is to open a connection; none where each call opens its own.
    pub(super) fn turn(&self, origin: &Origin) -> Option<Turn> {
        if origin.scheme != http::uri::Scheme::HTTPS {
            return None;
        }
        let mut sites = self.lock();
        let site = sites.site(origin);
        (!site.is_exclusive).then(|| site.turn.clone())
    }

    /// Lets others use a connection that was just opened, if they can.
    pub(super) fn opened(self: &Arc<Pool>, origin: &Origin, wire: &Wire) {
        let mut sites = self.lock();
        let site = sites.site(origin);
        site.is_exclusive = matches!(wire, Wire::One(_));
        if let Wire::Two(line) = wire {
            site.http2.push(line.clone());
            self.keep_swept(&mut sites);
        }
    }

    /// No connection could be opened: those who wait try at once and do not wait for one another's failure.
    pub(super) fn not_opened(&self, origin: &Origin) {
        self.lock().site(origin).turn = Turn::default();
    }

    /// Keeps a connection whose exchange is over.
    pub(super) fn give(self: &Arc<Pool>, origin: &Origin, line: Http1) {
        let mut sites = self.lock();
        let http1 = &mut sites.site(origin).http1;
        if http1.len() < MOST_IDLE {
            http1.push((line, Instant::now()));
        }
        self.keep_swept(&mut sites);
    }

    fn keep_swept(self: &Arc<Pool>, sites: &mut Sites) {
        if std::mem::replace(&mut sites.is_swept, true) {
            return;
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(pool) = pool.upgrade() else { return };
                if !pool.lock().sweep(Instant::now()) {
                    return;
                }
            }
        });
    }
}

impl Sites {
    fn site(&mut self, origin: &Origin) -> &mut Site {
        self.by_origin.entry(origin.name.clone()).or_default()
    }

    /// Drops what is old or closed; says whether anything is left.
    fn sweep(&mut self, now: Instant) -> bool {
        for site in self.by_origin.values_mut() {
            site.http1.retain(|(line, since)| !line.sender.is_closed() && now.duration_since(*since) <= IDLE);
            site.http2.retain(|line| line.is_usable(now));
        }
        self.is_swept = self.by_origin.values().any(|site| !site.http1.is_empty() || !site.http2.is_empty());
        self.is_swept
    }
}

impl Site {
    fn take(&mut self, now: Instant) -> Option<Wire> {
        self.http2.retain(|line| line.is_usable(now));
        if let Some(line) = self.http2.iter().find(|line| line.load.has_room()) {
            return Some(Wire::Two(line.clone()));
        }
        while let Some((line, since)) = self.http1.pop() {
            if now.duration_since(since) > IDLE {
                // It is the newest: the others are older.
                self.http1.clear();
            } else if line.sender.is_ready() {
                return Some(Wire::One(line));
            }
            // Closed, or still busy with a request whose answer came before its end was sent.
        }
        None
    }
}

impl Http2 {
    fn is_usable(&self, now: Instant) -> bool {
        !self.sender.is_closed() && !self.load.is_stale(now)
    }
}

impl Load {
    /// The load of a new connection.
    pub(super) fn new() -> Arc<Load> {
        let streams = Streams { open: 0, most: None, last_used: Instant::now(), held: None, watcher: None };
        Arc::new(Load(Mutex::new(streams)))
    }

    /// How many streams the server allows; none once the connection has ended.
    pub(super) fn allow(&self, most: usize) {
        let mut streams = self.lock();
        if streams.most != Some(most) {
            streams.most = Some(most);
            (streams.held, streams.watcher) = (None, None);
        }
    }

    /// Whether the server has said how many streams it allows.
    pub(super) fn is_known(&self) -> bool {
        self.lock().most.is_some()
    }

    /// Who is to look when something was read.
    pub(super) fn watch(&self, watcher: &Waker) {
        self.lock().watcher = Some(watcher.clone());
    }

    /// Something was read.
    pub(super) fn look(&self) {
        let watcher = self.lock().watcher.take();
        watcher.into_iter().for_each(Waker::wake);
    }

    /// Keeps a turn until the server has said how many streams it allows.
    pub(super) fn hold(&self, held: Option<Held>) {
        let mut streams = self.lock();
        if streams.most.is_none() {
            streams.held = held;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self) -> bool {
        let streams = self.lock();
        streams.most.map_or(streams.open == 0, |most| streams.open < most)
    }

    fn is_stale(&self, now: Instant) -> bool {
        let streams = self.lock();
        streams.open == 0 && now.duration_since(streams.last_used) > IDLE
    }
}

impl Slot {
    /// Takes a place on a connection.
    pub(super) fn take(load: &Arc<Load>) -> Slot {
        load.lock().open += 1;
        Slot(load.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut streams = self.0.lock();
        streams.open -= 1;
        streams.last_used = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoint;
    use crate::http::lease::Form;
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::DuplexStream;

    fn origin() -> Arc<Origin> {
        Endpoint::parse("https://models.test").unwrap().origin
    }

    /// A connection, and the other end of it.
    async fn line() -> (Http1, DuplexStream) {
        let (near, far) = tokio::io::duplex(64);
        let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        sender.ready().await.unwrap();
        (Http1 { sender, form: Form::Origin, proxy_auth: None }, far)
    }

    fn later() -> Instant {
        Instant::now() + IDLE + Duration::from_secs(1)
    }

    #[tokio::test]
    async fn the_newest_connection_is_taken_and_old_ones_are_closed() {
        let (pool, origin) = (Arc::new(Pool::default()), origin());
        let (first, _far) = line().await;
        let (second, _far) = line().await;
        pool.give(&origin, first);
        pool.give(&origin, second);
        assert!(pool.take(&origin).is_some());
        assert!(pool.lock().sweep(Instant::now()), "one is left");
        assert!(pool.lock().by_origin.get_mut(&origin.name).unwrap().take(later()).is_none());
        assert!(!pool.lock().sweep(Instant::now()), "what was too old to be taken is gone");
    }

    #[tokio::test]
    async fn what_the_server_closed_or_nobody_used_is_swept() {
        let (pool, origin) = (Arc::new(Pool::default()), origin());
        let (closed, far) = line().await;
        let (old, _far) = line().await;
        pool.give(&origin, closed);
        pool.give(&origin, old);
        drop(far);
        tokio::task::yield_now().await;
        assert!(pool.lock().sweep(Instant::now()));
        assert_eq!(pool.lock().by_origin[&origin.name].http1.len(), 1);
        assert!(!pool.lock().sweep(later()));
    }

    #[tokio::test]
    async fn idle_connections_are_bounded() {
        let (pool, origin) = (Arc::new(Pool::default()), origin());
        let mut ends = Vec::new();
        for _ in 0..MOST_IDLE + 10 {
            let (line, far) = line().await;
            pool.give(&origin, line);
            ends.push(far);
        }
        assert_eq!(pool.lock().by_origin[&origin.name].http1.len(), MOST_IDLE);
    }

    #[tokio::test]
    async fn only_connections_that_can_be_shared_are_waited_for() {
        let (pool, origin) = (Arc::new(Pool::default()), origin());
        let before = pool.turn(&origin).unwrap();
        pool.not_opened(&origin);
        assert!(!Arc::ptr_eq(&before, &pool.turn(&origin).unwrap()), "those who wait see that it failed");
        let (line, _far) = line().await;
        pool.opened(&origin, &Wire::One(line));
        assert!(pool.turn(&origin).is_none());
        assert!(pool.turn(&Endpoint::parse("http://models.test").unwrap().origin).is_none());
    }

    #[test]
    fn a_connection_has_room_for_as_many_streams_as_the_server_says() {
        let load = Load::new();
        let first = Slot::take(&load);
        assert!(!load.has_room(), "nothing is known yet");
        load.allow(2);
        assert!(load.has_room());
        let second = Slot::take(&load);
        assert!(!load.has_room() && !load.is_stale(later()));
        drop((first, second));
        assert!(load.has_room() && load.is_stale(later()));
    }

    #[test]
    fn a_turn_is_kept_until_the_room_is_known() {
        let (load, turn) = (Load::new(), Turn::default());
        load.hold(turn.clone().try_lock_owned().ok());
        assert!(turn.try_lock().is_err());
        load.allow(100);
        load.hold(turn.clone().try_lock_owned().ok());
        assert!(turn.try_lock().is_ok());
    }
}
