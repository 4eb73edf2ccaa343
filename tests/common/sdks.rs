//! Where the SDKs and agents are that tests run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "part of tests")]

use std::path::{Path, PathBuf};

/// Where `./tests/run` installed the SDKs.
pub fn folder() -> PathBuf {
    let given = std::env::var_os("OPTSCALE_AI_TEST_SDKS").map(PathBuf::from);
    let cache = || {
        let own = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(own)?;
        cache.join("optscale-ai-tests/current").canonicalize().ok()
    };
    let found = given.or_else(cache).filter(|folder| {
        ["requirements.txt", "package-lock.json"].iter().all(|pins| {
            let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(pins);
            std::fs::read(folder.join(pins)).ok() == std::fs::read(wanted).ok()
        })
    });
    found.expect("the SDKs are not installed, or not these versions: run ./tests/run")
}
