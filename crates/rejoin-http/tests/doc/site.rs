// A web site for the examples of the documents, which include this file. It answers every request with 200 and
// its method, but with 500 at the path `/ill`.

async fn site() -> std::io::Result<std::net::SocketAddr> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                loop {
                    let read = socket.read(&mut buffer).await.unwrap_or(0);
                    if read == 0 {
                        return;
                    }
                    let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let mut words = request.split(' ');
                    let method = words.next().unwrap_or_default();
                    let status = if words.next() == Some("/ill") { 500 } else { 200 };
                    let length = method.len();
                    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n");
                    let _ = socket.write_all((head + method).as_bytes()).await;
                }
            });
        }
    });
    Ok(address)
}
