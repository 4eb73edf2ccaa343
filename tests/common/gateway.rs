//! The real binary in a home of its own: commands in it, and a served gateway.
//!
//! Nothing of the developer's environment reaches it, and nothing it does leaves its folder.
#![allow(dead_code, reason = "every test crate uses another part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "part of tests")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// What the fake provider gets as the provider's key.
pub const PROVIDER_KEY: &str = "provider-secret";

/// A home folder that is removed in the end.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty home.
    pub fn empty() -> Home {
        Home { folder: TempDir::new().unwrap() }
    }

    /// A home with the organisation `acme` in it.
    pub fn new() -> Home {
        let home = Home::empty();
        home.run(&["init", "acme", "--yes"]);
        home
    }

    /// The program with this home, and nothing else of the environment but the search path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optscale-ai"));
        let folder = self.folder.path();
        command.env_clear().env("HOME", folder).env("OPTSCALE_AI_HOME", folder.join("optscale-ai"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("FAKE_KEY", PROVIDER_KEY).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "optscale-ai {}: {}\n{out}{err}", arguments.join(" "), output.status);
        out.into_owned()
    }

    /// Runs a command that must succeed and print JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let out = self.run(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{}: {error}\n{out}", arguments.join(" ")))
    }

    /// Registers a provider under that address.
    pub fn add_provider(&self, name: &str, protocol: &str, url: &str) {
        let connection = ["--protocol", protocol, "--base-url", url, "--api-key-env", "FAKE_KEY"];
        self.run(&[&["provider", "add", "custom", "--name", name], &connection[..]].concat());
    }

    /// Makes a virtual key and gives its text.
    pub fn key(&self, name: &str, more: &[&str]) -> String {
        let made = self.json(&[&["key", "create", name], more].concat());
        made["key"].as_str().expect("`key create -o json` says `key`").to_owned()
    }

    /// Serves on a free port, and waits until it is ready.
    pub fn serve(&self) -> Gateway {
        self.serve_with(&[])
    }

    /// Serves by way of another program, which gets the command line as its last arguments.
    pub fn serve_through(&self, wrapper: &[&str]) -> Gateway {
        let mut command = Command::new(wrapper[0]);
        let direct = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env_clear().args(&wrapper[1..]).arg(direct.get_program()).args(direct.get_args()).stdin(Stdio::null());
        for (name, value) in direct.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        Gateway::start(command)
    }

    /// The database.
    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("optscale-ai/optscale.db")
    }

    /// The same with more options.
    pub fn serve_with(&self, more: &[&str]) -> Gateway {
        Gateway::start(self.command(&[&["serve", "--listen", "127.0.0.1:0"], more].concat()))
    }
}

/// A served gateway; it is killed when it is dropped.
pub struct Gateway {
    child: Child,
    root: String,
    log: Arc<Mutex<String>>,
}

impl Gateway {
    /// Runs a command that serves, and waits until it is ready.
    pub fn start(mut command: Command) -> Gateway {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::default();
        let (lines, ready) = channel();
        follow(child.stdout.take().unwrap(), &log, lines.clone());
        follow(child.stderr.take().unwrap(), &log, lines);
        match wait_ready(&ready) {
            Some(root) => Gateway { child, root, log },
            None => {
                let _ = child.kill();
                panic!("the gateway did not start:\n{}", log.lock().unwrap());
            }
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// `http://127.0.0.1:PORT/v1`, the base URL for every SDK.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.root)
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in order, and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what the program prints, so that its pipes never fill.
fn follow(from: impl Read + Send + 'static, log: &Arc<Mutex<String>>, lines: Sender<String>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            *log.lock().unwrap() += &format!("{line}\n");
            // Nobody waits any more once it is ready.
            let _ = lines.send(line);
        }
    });
}

/// The address that the ready line names.
fn wait_ready(lines: &Receiver<String>) -> Option<String> {
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(30)) {
        if let Some(at) = line.find("http://127.0.0.1:") {
            let url = &line[at..];
            let port = url["http://127.0.0.1:".len()..].chars().take_while(char::is_ascii_digit);
            return Some(format!("http://127.0.0.1:{}", port.collect::<String>()));
        }
    }
    None
}
