//! The least that a gateway on hyper can do and still be one, as a yardstick of latency and start: check a
//! key, read `model` and `stream`, put the provider's key in, pass all bytes on untouched, find the usage on
//! the way, compute the cost, and write one row a call to SQLite. One current-thread runtime per core; a
//! writer thread that nobody waits for. No retries, no limits, no translation: not a product.
//!
//! `floor --listen ADDRESS --provider ADDRESS --key KEY --provider-key KEY --db FILE [--threads N]`

mod call;
mod ledger;
mod tap;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use call::{Core, Setup};
use compare::args::Args;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args = Args::read(std::env::args().skip(1));
    let listener = listen(args.text("listen").parse().expect("--listen is an address"));
    let provider: SocketAddr = args.text("provider").parse().expect("--provider is an address");
    let setup = Arc::new(Setup::new(provider, args.text("key"), args.text("provider-key")));
    let ledger = ledger::open(args.text("db"));
    let cores: Vec<_> = (0..args.value("threads", std::thread::available_parallelism().map_or(1, usize::from)))
        .map(|_| {
            let listener = listener.try_clone().expect("a descriptor is duplicated");
            let core = Arc::new(Core::new(Arc::clone(&setup), ledger.clone()));
            std::thread::spawn(move || run(listener, core))
        })
        .collect();
    for core in cores {
        core.join().expect("a core ends in peace");
    }
}

/// One socket for all cores: each accepts from a duplicate of its descriptor.
fn listen(address: SocketAddr) -> TcpListener {
    assert!(address.ip().is_loopback(), "loopback only");
    let listener = TcpListener::bind(address).expect("the address is free");
    listener.set_nonblocking(true).expect("a socket that does not block");
    listener
}

/// Serves on this thread for ever.
fn run(listener: TcpListener, core: Arc<Core>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the socket");
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&core)))),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
}

async fn connection(stream: TcpStream, core: Arc<Core>) {
    // A client that leaves in the middle is no event here.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| call::handle(Arc::clone(&core), request));
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
