//! The ledger: rows go into the journal at once, and into the database by one thread, many in one transaction.
//!
//! A row is safe from `kill -9` when it stands in the journal. Where that cannot be written, it is safe when
//! its commit is done: the bytes are in the write-ahead log, which the system keeps as well. The thread commits
//! at once what comes after a pause, and then every few milliseconds what has gathered. When commits fail,
//! rows stay in memory and are tried again.

use super::journal::{self, Journal, Place, Stage};
use super::{Store, answers, events, traces};
use crate::records::{Event, KeptAnswer, Status, TraceRecord};
use crate::types::{OrgId, TraceId};
use rusqlite::{Connection, Statement};
use std::collections::{HashSet, VecDeque};
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
/// Between the beginnings of two commits, unless somebody waits.
const PACE: Duration = Duration::from_millis(5);
const MOST_AT_ONCE: usize = 2048;
/// Refused rows that are named until somebody asks.
const MOST_ASIDE: usize = 20;

/// Becomes ready when the row is safe from `kill -9`: at once where it stands in the journal.
///
/// Otherwise it lets the other calls of its core go on first, also those for which bytes have just come, whose
/// rows then gather; only after that it wakes the writer, once for all of them. Larger groups cost less.
pub struct Ticket(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Ticket {
    fn new(receiver: oneshot::Receiver<()>, shared: Arc<Shared>) -> Ticket {
        let wake = WakeWriter(shared);
        Ticket(Some(Box::pin(async move {
            tokio::task::yield_now().await;
            drop(wake);
            // A writer that is gone will not answer: there is nothing more to wait for.
            let _ = receiver.await;
        })))
    }

    /// A ticket for both: ready when each is.
    pub fn and(self, other: Option<Ticket>) -> Ticket {
        match (self, other) {
            (Ticket(None), Some(other)) => other,
            (own, None | Some(Ticket(None))) => own,
            (own, Some(other)) => Ticket(Some(Box::pin(async move {
                own.await;
                other.await;
            }))),
        }
    }

    /// Whether there is nothing to wait for.
    pub fn is_safe(&self) -> bool {
        self.0.is_none()
    }
}

impl Future for Ticket {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(commit) => commit.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
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
    /// Where it stands in the journal.
    place: Option<Place>,
    ticket: Option<oneshot::Sender<()>>,
}

/// What is written.
enum Row {
    Trace(Box<TraceRecord>),
    Answer(Box<KeptAnswer>),
    Event(Box<Event>),
    /// An answer that is no longer kept.
    Forgotten(OrgId, String),
    /// Nothing: somebody wants to know when what came before is written.
    Mark,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Entry>,
    /// Somebody waits for a commit: it should not be put off.
    urgent: bool,
    writer: Doing,
    closed: bool,
}

/// What the writer does. Waking it costs a call to the system, so it is woken only where it would sleep on.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Doing {
    /// It writes, and will look again.
    #[default]
    Work,
    /// It lets rows gather, and will look again.
    Pause,
    /// It waits for a row.
    Sleep,
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// Since when commits fail or a commit is under way, in milliseconds after `born`, plus one; 0: neither.
    trouble_since: AtomicU64,
    /// How many rows were refused for what stands in them, and of the first of them, which and why.
    aside: Mutex<(u64, Vec<String>)>,
    born: Instant,
}

/// The queue of rows and the thread that writes them.
pub struct Ledger {
    /// None where it cannot be written: then answers wait for commits.
    journal: Option<Journal>,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Starts the writer on a connection of its own, and a journal beside the database. What an earlier process left
    /// in one must have been taken over by [`Store::recover`].
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(store: Store) -> std::io::Result<Ledger> {
        store.leave_checkpoints_to_others();
        // One for each core, and one for the estimator.
        let threads = std::thread::available_parallelism().map_or(2, usize::from) + 1;
        let journal = Journal::start(store.path(), threads).ok();
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            trouble_since: AtomicU64::new(0),
            aside: Mutex::default(),
            born: Instant::now(),
        });
        let theirs = shared.clone();
        let writer = std::thread::Builder::new().name("ledger".into()).spawn(move || {
            Writer::new(&store.connection, &theirs).run();
        })?;
        Ok(Ledger { journal, shared, writer: Mutex::new(Some(writer)) })
    }

    /// Writes the row of a call that is under way; nobody waits.
    pub fn note(&self, record: Box<TraceRecord>) {
        if let Some(record) = self.journal(Stage::Running, record) {
            self.shared.push(Entry { row: Row::Trace(record), place: None, ticket: None });
        }
    }

    /// The same; the ticket says when it is safe.
    pub fn announce(&self, record: Box<TraceRecord>) -> Ticket {
        let Some(record) = self.journal(Stage::Running, record) else { return Ticket(None) };
        self.urgently(Row::Trace(record))
    }

    /// Tells of an event.
    pub fn tell(&self, event: Event) {
        self.shared.push(Entry { row: Row::Event(Box::new(event)), place: None, ticket: None });
    }

    /// Writes a row once more, with better figures; nobody waits.
    pub fn correct(&self, record: Box<TraceRecord>) {
        if let Some(record) = self.journal(Stage::Corrected, record) {
            self.shared.push(Entry { row: Row::Trace(record), place: None, ticket: None });
        }
    }

    /// Writes the row of a call that is over; the ticket says when it is safe.
    pub fn write(&self, record: Box<TraceRecord>) -> Ticket {
        let Some(record) = self.journal(Stage::Finished, record) else { return Ticket(None) };
        self.urgently(Row::Trace(record))
    }

    /// Keeps an answer; the ticket says when it is safe.
    pub fn keep(&self, answer: Box<KeptAnswer>) -> Ticket {
        self.urgently(Row::Answer(answer))
    }

    /// Forgets an answer; the ticket says when it is gone.
    pub fn forget(&self, org: OrgId, id: String) -> Ticket {
        self.urgently(Row::Forgotten(org, id))
    }

    /// The ticket says when all that was given so far is in the database.
    pub fn settled(&self) -> Ticket {
        self.urgently(Row::Mark)
    }

    fn urgently(&self, row: Row) -> Ticket {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.shared.lock();
        queue.waiting.push_back(Entry { row, place: None, ticket: Some(sender) });
        queue.urgent = true;
        Ticket::new(receiver, self.shared.clone())
    }

    /// Writes a row into the journal and gives it to the writer; gives it back where the journal does not take it.
    fn journal(&self, stage: Stage, record: Box<TraceRecord>) -> Option<Box<TraceRecord>> {
        let Some(journal) = &self.journal else { return Some(record) };
        // Held until the row is in the queue, which so has the rows of each ring in their order.
        let mut ring = journal.ring();
        match ring.append(stage, &record) {
            Ok(place) => {
                self.shared.push(Entry { row: Row::Trace(record), place: Some(place), ticket: None });
                None
            }
            Err(_) => Some(record),
        }
    }

    /// How many rows wait to be written.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// The rows that the database refused for what stands in them, in words, since this was last asked: they are not
    /// tried again. Of very many, the first; the number is of all.
    pub fn set_aside(&self) -> (u64, Vec<String>) {
        std::mem::take(&mut *self.shared.aside.lock().unwrap_or_else(PoisonError::into_inner))
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

    fn push(&self, entry: Entry) {
        let mut queue = self.lock();
        queue.waiting.push_back(entry);
        self.wake(queue);
    }

    /// Tells the writer that there are rows that somebody waits for.
    fn wake_writer(&self) {
        self.wake(self.lock());
    }

    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        let sleeps = match queue.writer {
            Doing::Work => false,
            Doing::Pause => queue.urgent,
            Doing::Sleep => !queue.waiting.is_empty(),
        };
        if sleeps {
            queue.writer = Doing::Work;
            drop(queue);
            self.arrived.notify_one();
        }
    }

    fn set_aside(&self, refused: Vec<String>) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        aside.0 += refused.len() as u64;
        let room = MOST_ASIDE.saturating_sub(aside.1.len());
        aside.1.extend(refused.into_iter().take(room));
    }

    fn millis(&self) -> u64 {
        self.born.elapsed().as_millis() as u64 + 1
    }
}

/// The thread that writes, with what it has ready.
struct Writer<'c> {
    connection: &'c Connection,
    shared: &'c Shared,
    /// None before the first commit, and where they could not be made ready.
    statements: Option<Statements<'c>>,
    /// When the last commit began.
    last: Option<Instant>,
}

/// Statements are parsed once: parsing begin and commit anew for each group would cost as much as a row.
struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    traces: traces::Writer<'c>,
}

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection, shared: &'c Shared) -> Writer<'c> {
        Writer { connection, shared, statements: None, last: None }
    }

    fn run(mut self) {
        let mut batch: Vec<Entry> = Vec::new();
        while self.gather(&mut batch) {
            let _ = self.shared.trouble_since.compare_exchange(0, self.shared.millis(), Relaxed, Relaxed);
            match self.commit(&batch) {
                Ok(()) => {
                    journal::folded(batch.iter().filter_map(|entry| entry.place.as_ref()));
                    self.shared.trouble_since.store(0, Relaxed);
                    for ticket in batch.drain(..).filter_map(|entry| entry.ticket) {
                        // Who no longer waits has hung up.
                        let _ = ticket.send(());
                    }
                }
                Err(_) => {
                    if let Some(statements) = &mut self.statements {
                        statements.traces.undone();
                    }
                    self.pause();
                }
            }
        }
    }

    /// Waits for rows, and until it is time for them; false when there are none and none will come.
    fn gather(&mut self, batch: &mut Vec<Entry>) -> bool {
        let mut queue = self.shared.lock();
        loop {
            if batch.is_empty() && queue.waiting.is_empty() {
                if queue.closed {
                    return false;
                }
                queue.writer = Doing::Sleep;
                queue = self.shared.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let pause = self.last.map_or(Duration::ZERO, |last| PACE.saturating_sub(last.elapsed()));
            if pause.is_zero() || queue.urgent || queue.closed {
                break;
            }
            queue.writer = Doing::Pause;
            (queue, _) = self.shared.arrived.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner);
        }
        (queue.writer, queue.urgent) = (Doing::Work, false);
        let room = MOST_AT_ONCE.saturating_sub(batch.len()).min(queue.waiting.len());
        batch.extend(queue.waiting.drain(..room));
        drop(queue);
        self.last = Some(Instant::now());
        true
    }

    fn commit(&mut self, batch: &[Entry]) -> rusqlite::Result<()> {
        let connection = self.connection;
        let ready = match &mut self.statements {
            Some(ready) => ready,
            none => none.insert(Statements::new(connection)?),
        };
        ready.begin.raw_execute()?;
        let undo = Undo(connection);
        let mut refused = Vec::new();
        let over = over_already(batch);
        for entry in batch {
            let written = match &entry.row {
                // The row of a call that began and ended since the last commit is written once.
                Row::Trace(record) if record.status == Status::Running && over.contains(&record.id) => Ok(()),
                Row::Trace(record) => match ready.traces.write(record) {
                    // It would be refused for ever, and all others with it.
                    Err(error) if traces::is_of_the_row(&error) => {
                        refused.push(words(record, &error));
                        Ok(())
                    }
                    written => written,
                },
                Row::Answer(answer) => answers::write(connection, answer),
                Row::Event(event) => events::write(connection, event),
                Row::Forgotten(org, id) => answers::forget(connection, *org, id),
                Row::Mark => Ok(()),
            };
            written?;
        }
        ready.commit.raw_execute()?;
        std::mem::forget(undo);
        if !refused.is_empty() {
            self.shared.set_aside(refused);
        }
        Ok(())
    }

    fn pause(&self) {
        let queue = self.shared.lock();
        let woken = self.shared.arrived.wait_timeout(queue, RETRY);
        drop(woken.unwrap_or_else(PoisonError::into_inner));
    }
}

impl<'c> Statements<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Statements<'c>> {
        let (begin, commit) = (connection.prepare("BEGIN IMMEDIATE")?, connection.prepare("COMMIT")?);
        Ok(Statements { begin, commit, traces: traces::Writer::new(connection)? })
    }
}

/// A row that is lost to the database, so that it is not lost to people.
fn words(record: &TraceRecord, error: &rusqlite::Error) -> String {
    let cost = record.cost.map_or("unknown".to_owned(), |cost| format!("${cost}"));
    let model = record.model.as_deref().or(record.requested_model.as_deref()).unwrap_or("no model");
    format!(
        "the trace {} ({}, {model}, {} tokens in, {} out, cost {cost}) cannot be kept, the database refuses it: {error}",
        record.id,
        record.status.as_str(),
        record.usage.input,
        record.usage.output
    )
}

/// The calls that are over, where the batch has any that is under way.
fn over_already(batch: &[Entry]) -> HashSet<TraceId> {
    let traces =
        || batch.iter().filter_map(|entry| if let Row::Trace(record) = &entry.row { Some(record) } else { None });
    if !traces().any(|record| record.status == Status::Running) {
        return HashSet::new();
    }
    traces().filter(|record| record.status != Status::Running).map(|record| record.id).collect()
}

/// Undoes the transaction under way when it is dropped.
struct Undo<'c>(&'c Connection);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        // Where SQLite has undone it already, there is nothing to undo.
        let _ = self.0.execute_batch("ROLLBACK");
    }
}
