//! The binary: complete a word for the shell, or parse, run and say how it went.

use std::process::ExitCode;

// musl's own allocator has one lock for all threads; the others' keep less for each open stream.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    optscale_ai::cli::complete_for_shell();
    optscale_ai::cli::run(std::env::args_os())
}
