//! An upstream that takes requests and never answers them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rejoin::{Canceller, Scope};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// Counts the connections on which a request waits.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    counts: Arc<Mutex<Counts>>,
    accepts: Canceller,
}

#[derive(Default)]
struct Counts {
    open: usize,
    seen: usize,
}

impl Silent {
    pub(crate) async fn start(scope: &Scope) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::<Mutex<Counts>>::default();
        let (shared, connections) = (counts.clone(), scope.clone());
        let accepts = scope.spawn_value(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                drop(connections.spawn_value(hold(stream, shared.clone())));
            }
        });
        Self { address, counts, accepts: accepts.canceller() }
    }

    /// How many requests wait.
    pub(crate) fn open(&self) -> usize {
        self.counts.lock().unwrap().open
    }

    /// How many requests there have been.
    pub(crate) fn seen(&self) -> usize {
        self.counts.lock().unwrap().seen
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.accepts.cancel("the test is over");
    }
}

async fn hold(mut stream: TcpStream, counts: Arc<Mutex<Counts>>) {
    let mut bytes = [0; 1024];
    let mut requested = false;
    while let Ok(1..) = stream.read(&mut bytes).await {
        if !std::mem::replace(&mut requested, true) {
            let mut counts = counts.lock().unwrap();
            counts.open += 1;
            counts.seen += 1;
        }
    }
    if requested {
        counts.lock().unwrap().open -= 1;
    }
}
