//! One file of the journal: a head that says how far the database has it, then records one behind the other.
//!
//! ```text
//! head     magic 8 | generation 8 | folded 8 | checksum 4            (the rest of 64 bytes is free)
//! record   checksum 4 | length 4 | generation 8 | body of that length
//! ```
//!
//! Numbers are little-endian, checksums CRC-32 of what follows (a record) or goes before (a head). The file has its
//! full length from the beginning and is used again and again: each time has a generation of its own, so that
//! what an earlier time left behind is never taken for a record of this one.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

/// Bytes of a file.
pub(super) const SIZE: usize = 1 << 20;
/// Where records begin.
pub(super) const START: usize = 64;
/// Bytes before the body of a record.
pub(super) const RECORD_HEAD: usize = 16;

const MAGIC: &[u8; 8] = b"OSAI-jr1";
const HEAD: usize = 28;

/// A file, and how many of its records the database does not have yet.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    unfolded: AtomicUsize,
}

impl Segment {
    /// Makes the file, for its owner alone, with its full length.
    pub(super) fn create(path: &Path) -> io::Result<Segment> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.set_len(SIZE as u64)?;
        Ok(Segment { file, unfolded: AtomicUsize::new(0) })
    }

    /// Whether the database has all of it, so that it can be used anew.
    pub(super) fn is_free(&self) -> bool {
        self.unfolded.load(Acquire) == 0
    }

    /// Writes a record, made by [`seal`], with one call to the system.
    pub(super) fn write(&self, record: &[u8], at: u64) -> io::Result<()> {
        write_at(&self.file, record, at)?;
        self.unfolded.fetch_add(1, AcqRel);
        Ok(())
    }

    /// Writes the head: the database has everything of this generation up to `folded`.
    pub(super) fn mark(&self, generation: u64, folded: u64) -> io::Result<()> {
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(MAGIC);
        head[8..16].copy_from_slice(&generation.to_le_bytes());
        head[16..24].copy_from_slice(&folded.to_le_bytes());
        let checksum = crc32fast::hash(&head[..24]);
        head[24..].copy_from_slice(&checksum.to_le_bytes());
        write_at(&self.file, &head, 0)
    }

    /// The database has that many more records; to be said after [`Segment::mark`].
    pub(super) fn folded(&self, records: usize) {
        self.unfolded.fetch_sub(records, AcqRel);
    }
}

/// Puts the head before a body that begins at [`RECORD_HEAD`].
pub(super) fn seal(record: &mut [u8], generation: u64) {
    let length = record.len().saturating_sub(RECORD_HEAD) as u32;
    record[4..8].copy_from_slice(&length.to_le_bytes());
    record[8..16].copy_from_slice(&generation.to_le_bytes());
    let checksum = crc32fast::hash(&record[4..]);
    record[..4].copy_from_slice(&checksum.to_le_bytes());
}

/// The content of a file.
pub(super) struct Content<'b> {
    bytes: &'b [u8],
    generation: u64,
    /// Where the next record begins that the database may lack.
    next: usize,
}

impl<'b> Content<'b> {
    /// Looks at a whole file. One without a whole head is read from its start, in the generation of its first record.
    pub(super) fn new(bytes: &'b [u8]) -> Content<'b> {
        let (generation, folded) = head(bytes).unwrap_or((0, 0));
        let next = usize::try_from(folded).unwrap_or(usize::MAX).max(START);
        if generation != 0 {
            return Content { bytes, generation, next };
        }
        let generation = number(bytes, START + 8).unwrap_or(0);
        Content { bytes, generation, next: START }
    }

    /// Generation and place of the next record: where another look finds them larger, the database has caught up.
    pub(super) fn place(&self) -> (u64, usize) {
        (self.generation, self.next)
    }
}

/// The bodies of what the database may lack, up to the first record that is not whole.
impl<'b> Iterator for Content<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        let rest = self.bytes.get(self.next..)?;
        let (checksum, length) = (word(rest, 0)?, word(rest, 4)? as usize);
        let record = rest.get(..RECORD_HEAD.checked_add(length)?)?;
        let whole = length > 0 && number(record, 8)? == self.generation && crc32fast::hash(&record[4..]) == checksum;
        if !whole {
            return None;
        }
        self.next += record.len();
        Some(&record[RECORD_HEAD..])
    }
}

fn head(bytes: &[u8]) -> Option<(u64, u64)> {
    let head = bytes.get(..HEAD)?;
    let whole = &head[..8] == MAGIC && crc32fast::hash(&head[..24]) == word(head, 24)?;
    if whole { Some((number(head, 8)?, number(head, 16)?)) } else { None }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, at)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => (bytes, at) = (&bytes[written..], at + written as u64),
        }
    }
    Ok(())
}
