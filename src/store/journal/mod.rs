//! The journal: rows on their way into the database, safe from `kill -9` without waiting for it.
//!
//! Each thread that ends calls appends to a file of its own with one write. What is in the system's page cache
//! survives the process; the ledger's thread folds the rows into the database a little later, and marks how far it
//! is. What a killed process left unmarked is folded in by [`Store::recover`](super::Store::recover).

mod entry;
mod recover;
mod segment;
#[cfg(test)]
mod tests;

pub(super) use entry::Stage;

use crate::records::TraceRecord;
use segment::{RECORD_HEAD, SIZE, START, Segment};
use std::cell::Cell;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Files of one thread: so many times [`SIZE`] may wait for the database, and no more.
const MOST_SEGMENTS: usize = 8;
/// Somebody who reads may hold the lock while it folds in what a killed process left.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const SUFFIX: &str = "log";

/// The files that the process writes, and the lock that keeps others from folding them in.
#[derive(Debug)]
pub(super) struct Journal {
    rings: Vec<Mutex<Ring>>,
    _lock: File,
}

/// Where a row stands.
#[derive(Debug)]
pub(super) struct Place {
    segment: Arc<Segment>,
    generation: u64,
    /// Where the next record begins.
    end: u64,
}

/// The files of one thread, each used again when the database has all of it.
#[derive(Debug)]
pub(super) struct Ring {
    /// Folder and beginning of the name.
    stem: PathBuf,
    segments: Vec<Arc<Segment>>,
    /// The one that is written to; none before the first.
    active: Option<Arc<Segment>>,
    generation: u64,
    end: u64,
    /// A record in the making.
    buffer: Vec<u8>,
}

impl Journal {
    /// Makes the journal of a database for so many threads. What an earlier process left must be folded in before.
    ///
    /// # Errors
    /// The folder cannot be written to, another process has it, or it holds rows that were not folded in.
    pub(super) fn start(database: &Path, threads: usize) -> io::Result<Journal> {
        let folder = folder(database);
        make_private_folder(&folder)?;
        let lock = lock(&folder)?;
        if recover::is_lagging(&folder) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut rings = (0..threads.max(1)).map(|number| Ring::new(folder.join(number.to_string())));
        let rings = rings.try_fold(Vec::new(), |mut all, mut ring| {
            ring.turn()?;
            all.push(Mutex::new(ring));
            io::Result::Ok(all)
        })?;
        Ok(Journal { rings, _lock: lock })
    }

    /// The ring of this thread. Hold it until the row is in the writer's queue: the queue has the rows of a ring in
    /// their order.
    pub(super) fn ring(&self) -> MutexGuard<'_, Ring> {
        self.rings[thread_number() % self.rings.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn new(stem: PathBuf) -> Ring {
        Ring { stem, segments: Vec::new(), active: None, generation: 0, end: START as u64, buffer: vec![0; 1024] }
    }

    /// Writes a row down; from then on it is safe.
    ///
    /// # Errors
    /// The system does not write, the row is too large, or too much waits for the database.
    pub(super) fn append(&mut self, stage: Stage, record: &TraceRecord) -> io::Result<Place> {
        let length = self.encode(stage, record)?;
        if self.active.is_none() || self.end as usize + length > SIZE {
            self.turn()?;
        }
        let Some(segment) = &self.active else { return Err(io::ErrorKind::StorageFull.into()) };
        let record = &mut self.buffer[..length];
        segment::seal(record, self.generation);
        segment.write(record, self.end)?;
        self.end += length as u64;
        Ok(Place { segment: segment.clone(), generation: self.generation, end: self.end })
    }

    fn encode(&mut self, stage: Stage, record: &TraceRecord) -> io::Result<usize> {
        loop {
            if let Some(body) = entry::encode(stage, record, &mut self.buffer[RECORD_HEAD..]) {
                return Ok(RECORD_HEAD + body);
            }
            let larger = self.buffer.len() * 2;
            if larger > SIZE - START {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            self.buffer.resize(larger, 0);
        }
    }

    /// Goes on in a file that the database has all of, or in a new one.
    fn turn(&mut self) -> io::Result<()> {
        let free = self.segments.iter().find(|segment| segment.is_free()).cloned();
        let next = match free {
            Some(free) => free,
            None if self.segments.len() >= MOST_SEGMENTS => return Err(io::ErrorKind::StorageFull.into()),
            None => {
                let name = format!("{}-{}.{SUFFIX}", self.stem.display(), self.segments.len());
                let made = Arc::new(Segment::create(Path::new(&name))?);
                self.segments.push(made.clone());
                made
            }
        };
        let generation = self.generation + 1;
        next.mark(generation, START as u64)?;
        (self.active, self.generation, self.end) = (Some(next), generation, START as u64);
        Ok(())
    }
}

/// The database has these rows: says so in their files. Rows of one file come in their order.
pub(super) fn folded<'p>(places: impl Iterator<Item = &'p Place>) {
    // A segment of one generation, how many rows, and the last of them.
    let mut runs: Vec<(&Place, usize)> = Vec::new();
    for place in places {
        let same = |run: &&mut (&Place, usize)| {
            Arc::ptr_eq(&run.0.segment, &place.segment) && run.0.generation == place.generation
        };
        match runs.iter_mut().find(same) {
            Some(run) => *run = (place, run.1 + 1),
            None => runs.push((place, 1)),
        }
    }
    for (last, records) in runs {
        // Without the mark these rows are folded in once more after a crash, which changes nothing.
        let _ = last.segment.mark(last.generation, last.end);
        last.segment.folded(records);
    }
}

fn folder(database: &Path) -> PathBuf {
    database.with_file_name("journal")
}

fn lock(folder: &Path) -> io::Result<File> {
    let file = open_lock(folder)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

fn open_lock(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join("lock"))
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Threads that write rows are numbered as they come.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) });
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}
