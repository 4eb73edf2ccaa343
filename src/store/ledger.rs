//! The ledger: one thread that writes traces, many rows in one transaction.
//!
//! A row is safe from `kill -9` when its commit is done: the bytes are in the write-ahead log, which
//! the system keeps when the process dies. The thread takes whatever has gathered while it wrote the
//! last batch and never waits for more. When commits fail, rows stay in memory and are tried again.

use super::{RatesCache, Store, answers, traces};
use crate::records::{KeptAnswer, TraceRecord};
use crate::types::OrgId;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Commits that fail, or take longer, for this long: new calls are turned away.
const STALLED_AFTER: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(200);
const MOST_AT_ONCE: usize = 2048;

/// Becomes ready when the row is safe from `kill -9`.
///
/// It lets the other calls of its core go on first, also those for which bytes have just come, whose rows
/// then gather; only after that it wakes the writer, once for all of them. Larger groups cost less.
pub struct Ticket(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Ticket {
    fn new(receiver: oneshot::Receiver<()>, shared: Arc<Shared>) -> Ticket {
        let wake = WakeWriter(shared);
        Ticket(Box::pin(async move {
            tokio::task::yield_now().await;
            drop(wake);
            // A writer that is gone will not answer: there is nothing more to wait for.
            let _ = receiver.await;
        }))
    }
}

impl Future for Ticket {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// Wakes the writer when it is dropped: also where nobody waits any more, the row is written all the same.
struct WakeWriter(Arc<Shared>);

impl Drop for WakeWriter {
    fn drop(&mut self) {
        self.0.wake_writer();
    }
}

struct Entry {
    row: Row,
    ticket: Option<oneshot::Sender<()>>,
}

/// What is written.
enum Row {
    Trace(Box<TraceRecord>),
    Answer(Box<KeptAnswer>),
    /// An answer that is no longer kept.
    Forgotten(OrgId, String),
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Entry>,
    writer_sleeps: bool,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// Since when commits fail or a commit is under way, in milliseconds after `born`, plus one; 0: neither.
    trouble_since: AtomicU64,
    born: Instant,
}

/// The queue of rows and the thread that writes them.
pub struct Ledger {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Starts the writer on a connection of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(store: Store) -> std::io::Result<Ledger> {
        store.leave_checkpoints_to_others();
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            trouble_since: AtomicU64::new(0),
            born: Instant::now(),
        });
        let theirs = shared.clone();
        let writer =
            std::thread::Builder::new().name("ledger".into()).spawn(move || Writer::new(store, theirs).run())?;
        Ok(Ledger { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Writes a row when there is time for it; nobody waits.
    pub fn note(&self, record: Box<TraceRecord>) {
        self.shared.lock().waiting.push_back(Entry { row: Row::Trace(record), ticket: None });
        self.shared.wake_writer();
    }

    /// Keeps an answer: it is there when the next row that is written is safe.
    pub fn keep(&self, answer: Box<KeptAnswer>) {
        self.shared.lock().waiting.push_back(Entry { row: Row::Answer(answer), ticket: None });
    }

    /// Forgets an answer; the ticket says when it is gone.
    pub fn forget(&self, org: OrgId, id: String) -> Ticket {
        self.ticketed(Row::Forgotten(org, id))
    }

    /// Writes a row; the ticket says when it is safe.
    pub fn write(&self, record: Box<TraceRecord>) -> Ticket {
        self.ticketed(Row::Trace(record))
    }

    fn ticketed(&self, row: Row) -> Ticket {
        let (sender, receiver) = oneshot::channel();
        self.shared.lock().waiting.push_back(Entry { row, ticket: Some(sender) });
        Ticket::new(receiver, self.shared.clone())
    }

    /// How many rows wait to be written.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Whether commits have failed or hung for two seconds.
    pub fn is_stalled(&self) -> bool {
        match self.shared.trouble_since.load(Relaxed) {
            0 => false,
            since => self.shared.millis().saturating_sub(since) >= STALLED_AFTER.as_millis() as u64,
        }
    }

    /// Writes what waits and ends the thread. Gives up on rows that cannot be written within `patience`.
    pub fn stop(&self, patience: Duration) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_one();
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let until = Instant::now() + patience;
        while !writer.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the writer that there are rows, if it sleeps and there are any.
    fn wake_writer(&self) {
        let mut queue = self.lock();
        if queue.writer_sleeps && !queue.waiting.is_empty() {
            queue.writer_sleeps = false;
            drop(queue);
            self.arrived.notify_one();
        }
    }

    fn millis(&self) -> u64 {
        self.born.elapsed().as_millis() as u64 + 1
    }
}

struct Writer {
    store: Store,
    shared: Arc<Shared>,
    rates: RatesCache,
}

impl Writer {
    fn new(store: Store, shared: Arc<Shared>) -> Writer {
        Writer { store, shared, rates: RatesCache::default() }
    }

    fn run(mut self) {
        let mut batch: Vec<Entry> = Vec::new();
        while self.gather(&mut batch) {
            let _ = self.shared.trouble_since.compare_exchange(0, self.shared.millis(), Relaxed, Relaxed);
            match self.commit(&batch) {
                Ok(()) => {
                    self.shared.trouble_since.store(0, Relaxed);
                    for ticket in batch.drain(..).filter_map(|entry| entry.ticket) {
                        // Who no longer waits has hung up.
                        let _ = ticket.send(());
                    }
                }
                Err(_) => {
                    // Ids of rates may have been rolled back with the batch.
                    self.rates = RatesCache::default();
                    self.pause();
                }
            }
        }
    }

    /// Waits for rows; false when there are none and none will come.
    fn gather(&self, batch: &mut Vec<Entry>) -> bool {
        let mut queue = self.shared.lock();
        while batch.is_empty() && queue.waiting.is_empty() {
            if queue.closed {
                return false;
            }
            queue.writer_sleeps = true;
            queue = self.shared.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.writer_sleeps = false;
        let room = MOST_AT_ONCE.saturating_sub(batch.len()).min(queue.waiting.len());
        batch.extend(queue.waiting.drain(..room));
        true
    }

    fn commit(&mut self, batch: &[Entry]) -> rusqlite::Result<()> {
        let connection = &self.store.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let undo = Undo(connection);
        let mut writer = traces::Writer::new(connection, &mut self.rates)?;
        for entry in batch {
            match &entry.row {
                Row::Trace(record) => writer.write(record)?,
                Row::Answer(answer) => answers::write(connection, answer)?,
                Row::Forgotten(org, id) => answers::forget(connection, *org, id)?,
            }
        }
        drop(writer);
        connection.prepare_cached("COMMIT")?.execute([])?;
        std::mem::forget(undo);
        Ok(())
    }

    fn pause(&self) {
        let queue = self.shared.lock();
        let woken = self.shared.arrived.wait_timeout(queue, RETRY);
        drop(woken.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Undoes the transaction under way when it is dropped. Begin and commit are prepared statements of the
/// connection's cache: parsing them anew for each group would cost as much as a row.
struct Undo<'c>(&'c Connection);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        // Where SQLite has undone it already, there is nothing to undo.
        let _ = self.0.execute_batch("ROLLBACK");
    }
}
