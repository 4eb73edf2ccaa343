//! One clock for all processes of the machine, and the mark that carries its time inside a chunk of text.

use std::fmt::Write;

/// Nanoseconds of the monotonic clock, comparable between processes of one machine.
pub fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Which chunk of its stream this is, and when it was sent.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Mark {
    /// Counts the chunks of a stream from 0.
    pub number: u32,
    /// The time of sending, see [`now_ns`].
    pub sent_ns: u64,
}

impl Mark {
    /// Appends `~number:nanoseconds~`, plain characters in JSON.
    pub fn write(self, text: &mut String) {
        write!(text, "~{}:{}~", self.number, self.sent_ns).expect("writing to a String succeeds");
    }

    /// The first mark in `line`.
    pub fn find(line: &[u8]) -> Option<Self> {
        let inner = &line[memchr::memchr(b'~', line)? + 1..];
        let inner = std::str::from_utf8(&inner[..memchr::memchr(b'~', inner)?]).ok()?;
        let (number, sent_ns) = inner.split_once(':')?;
        Some(Self { number: number.parse().ok()?, sent_ns: sent_ns.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_again() {
        let mark = Mark { number: 7, sent_ns: now_ns() };
        let mut text = String::from("data: {\"content\":\"");
        mark.write(&mut text);
        text.push_str("\"}");
        assert_eq!(Mark::find(text.as_bytes()), Some(mark));
        assert_eq!(Mark::find(b"data: [DONE]"), None);
    }
}
