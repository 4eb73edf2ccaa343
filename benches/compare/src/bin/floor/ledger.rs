//! One row a call in SQLite, written by a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, params};

/// Rows that may wait for the writer; more are lost, as nobody waits.
const WAITING: usize = 65_536;
/// Rows of one transaction.
const BATCH: usize = 4_096;
/// How long the writer lets a batch gather: nobody waits for it, and fewer transactions cost less.
const GATHER: Duration = Duration::from_millis(5);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, duration_us INTEGER NOT NULL, key INTEGER NOT NULL,
        model TEXT NOT NULL, stream INTEGER NOT NULL, status INTEGER NOT NULL, tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL, cost_pico INTEGER NOT NULL, complete INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS calls_at ON calls (at_ms);";
const INSERT: &str = "
    INSERT INTO calls (at_ms, duration_us, key, model, stream, status, tokens_in, tokens_out, cost_pico, complete)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// What is kept of a call.
#[derive(Default)]
pub struct Row {
    /// Unix milliseconds of its arrival.
    pub at_ms: i64,
    /// From arrival to the end of the answer.
    pub duration_us: i64,
    /// Whose call.
    pub key: i64,
    /// The model asked for.
    pub model: Box<str>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The provider's HTTP status.
    pub status: u16,
    /// Tokens of the prompt.
    pub tokens_in: i64,
    /// Tokens of the answer.
    pub tokens_out: i64,
    /// Pico-dollars.
    pub cost_pico: i64,
    /// Whether the answer came to its end.
    pub complete: bool,
}

/// Opens the file, creates it where it is missing, and starts the writer.
pub fn open(path: &str) -> SyncSender<Row> {
    let db = Connection::open(path).expect("the database opens");
    db.execute_batch(SCHEMA).expect("the schema is made");
    let (sender, rows) = sync_channel(WAITING);
    std::thread::spawn(move || write(db, &rows));
    sender
}

fn write(mut db: Connection, rows: &Receiver<Row>) {
    while let Ok(first) = rows.recv() {
        std::thread::sleep(GATHER);
        let batch = db.transaction().expect("a transaction begins");
        {
            let mut insert = batch.prepare_cached(INSERT).expect("the statement is right");
            for row in std::iter::once(first).chain(rows.try_iter()).take(BATCH) {
                let Row { at_ms, duration_us, key, model, stream, status, tokens_in, tokens_out, .. } = &row;
                insert
                    .execute(params![
                        at_ms,
                        duration_us,
                        key,
                        model,
                        stream,
                        status,
                        tokens_in,
                        tokens_out,
                        row.cost_pico,
                        row.complete
                    ])
                    .expect("a row is written");
            }
        }
        batch.commit().expect("a batch is committed");
    }
}
