//! The hash of a row over the row before it, and the file that keeps the end of the chain.

use crate::types::{OrgId, Time};
use sha2::{Digest, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

const DOMAIN: &[u8] = b"optscale-ai audit v1\0";

/// What a row says beside what it was and is.
pub(super) struct Link<'a> {
    pub seq: i64,
    pub at: Time,
    pub actor: &'a str,
    pub org: Option<OrgId>,
    pub act: &'a str,
    pub object: &'a str,
}

/// The hash of a row: of the hash before, and of each field with its length, so that no two rows are the same bytes.
pub(super) fn hash(last: &[u8; 32], link: &Link<'_>, before: Option<&str>, after: Option<&str>) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(DOMAIN);
    digest.update(last);
    digest.update(link.seq.to_be_bytes());
    digest.update(link.at.millis().to_be_bytes());
    digest.update(link.org.map_or(-1, |org| org.0).to_be_bytes());
    for field in [Some(link.actor), Some(link.act), Some(link.object), before, after] {
        match field {
            None => digest.update([0]),
            Some(text) => {
                digest.update([1]);
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text);
            }
        }
    }
    digest.finalize().into()
}

/// Writes the number and the hash of the last row, in place of what was there, for its owner alone.
pub(super) fn write_head(path: &Path, seq: i64, hash: &[u8; 32]) -> io::Result<()> {
    let new = path.with_extension(format!("head.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    writeln!(file, "{seq} {}", hex(hash))?;
    fs::rename(&new, path)
}

/// What that file says; none where it is not there.
pub(super) fn read_head(path: &Path) -> Option<(i64, String)> {
    let text = fs::read_to_string(path).ok()?;
    let (seq, hash) = text.trim().split_once(' ')?;
    Some((seq.parse().ok()?, hash.to_owned()))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
