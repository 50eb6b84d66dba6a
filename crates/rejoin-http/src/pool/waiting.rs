//! [`Waiting`]: for a connection that somebody else has done with.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use tokio::sync::oneshot;

use super::connection::Connection;
use super::idle::Idle;

/// Waits for a connection, first come, first served.
pub(super) struct Waiting {
    idle: Arc<Idle>,
    url: Uri,
    receiver: oneshot::Receiver<Connection>,
}

impl Waiting {
    /// Begins to wait for a connection to the host of `url`.
    pub(super) fn new(idle: &Arc<Idle>, url: &Uri) -> Waiting {
        let (sender, receiver) = oneshot::channel();
        idle.lock().entry(url).waiting.push_back(sender);
        Waiting { idle: Arc::clone(idle), url: url.clone(), receiver }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Connection> {
        match Pin::new(&mut self.receiver).poll(cx) {
            Poll::Ready(Ok(mut connection)) => {
                if let Connection::Http1(connection) = &mut connection {
                    connection.begin();
                }
                Poll::Ready(connection)
            }
            // Nobody has one for it any more.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(Connection::Http1(connection)) = self.receiver.try_recv() {
            self.idle.put(&self.url, connection);
        }
        let mut hosts = self.idle.lock();
        if let Some(host) = hosts.get(&self.url) {
            // The others leave by themselves, or when they are next.
            while host.waiting.pop_front_if(|waiting| waiting.is_closed()).is_some() {}
        }
        hosts.forget(&self.url);
    }
}
