//! Stops a statement on the server without ever hitting the next one.

use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::tls::Tls;

/// How long the server may take to hear of it, and to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may go on before it is asked again, at first.
const AGAIN: Duration = Duration::from_millis(50);

/// Cancels what runs on a connection and reads it to its end. True if it is proven clean afterwards.
///
/// A cancel request names a session, not a statement: one that arrives late stops whatever runs by then. So
/// the request is followed until the server has closed its socket, which it does after the signal is out, and
/// then the connection is read until the server says that it is ready. One that arrives early stops nothing, as
/// the statement has not begun, and a statement may survive one; so it is repeated while the statement goes on.
///
/// What a transaction did is undone in between.
pub(super) async fn cancel(
    client: &Client,
    host: &str,
    port: u16,
    tls: &Tls,
    in_transaction: bool,
) -> bool {
    let cancelled = timeout(PATIENCE, async {
        ask(client, host, port, tls).await?;
        // The signal is out, but the session may take it up only with its next statement. Of these two empty
        // ones the first catches such a straggler, and the second has to go through.
        let mut first = pin!(client.simple_query("select 1"));
        let mut again = AGAIN;
        // Its failure is the cancellation that was asked for.
        while timeout(again, first.as_mut()).await.is_err() {
            ask(client, host, port, tls).await?;
            again *= 2;
        }
        if in_transaction {
            client.simple_query("rollback").await.ok()?;
        }
        client.simple_query("select 1").await.ok()
    });
    matches!(cancelled.await, Ok(Some(_)))
}

/// Asks once, and waits until the signal is out.
async fn ask(client: &Client, host: &str, port: u16, tls: &Tls) -> Option<()> {
    let token = client.cancel_token();
    let mut socket = TcpStream::connect((host, port)).await.ok()?;
    token.cancel_query_raw(&mut socket, tls.connect_to(host).ok()?).await.ok()?;
    ended(&mut socket).await
}

/// The server answers nothing; the end of its stream is the answer. TLS has some words of farewell before, and whoever does not
/// take them up to the last is told that the connection was reset: that is an end, too.
async fn ended(socket: &mut TcpStream) -> Option<()> {
    let mut farewell = [0; 1024];
    loop {
        match socket.read(&mut farewell).await {
            Ok(0) => return Some(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Some(()),
            Err(_) => return None,
        }
    }
}
