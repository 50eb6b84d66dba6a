//! Reads a request's body, up to its limit.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use rejoin::Instant;

use crate::problem::Problem;

/// Reads all of it. The deadline is the request's.
pub(crate) async fn read<B: Body>(
    mut body: Pin<&mut B>,
    limit: usize,
    deadline: Instant,
) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // A body that announces too much is refused unread.
    if is_announced_too_large(&*body, limit) {
        return Err(Problem::BodyTooLarge(limit));
    }
    let all = collect(body.as_mut(), limit);
    tokio::time::timeout_at(deadline, all).await.unwrap_or(Err(Problem::BodyTimedOut))
}

/// True for a body that is known to be too large before any of it is read.
pub(crate) fn is_announced_too_large<B: Body>(body: &B, limit: usize) -> bool {
    body.size_hint().lower() > limit as u64
}

async fn collect<B: Body>(mut body: Pin<&mut B>, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::BodyUnreadable)?;
        // Trailers are of no interest.
        let Ok(mut data) = frame.into_data() else { continue };
        let size = data.remaining();
        if first.len() + all.len() + size > limit {
            return Err(Problem::BodyTooLarge(limit));
        }
        let data = data.copy_to_bytes(size);
        match (first.is_empty(), all.is_empty()) {
            // Most bodies arrive in one piece, which then is not copied.
            (true, true) => first = data,
            (false, true) => {
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&data);
            }
            (_, false) => all.extend_from_slice(&data),
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// How much of a refused body is still taken in, and for how long.
const LINGER_BYTES: usize = 16 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// Takes in and drops what still comes of a refused body, for a moment: a connection that is closed while its
/// client still sends is reset, and the client may then never see the answer.
pub(crate) async fn linger<B: Body>(body: B) {
    let mut body = pin!(body);
    let drain = async {
        let mut taken = 0;
        while let Some(Ok(frame)) = body.frame().await {
            taken += frame.data_ref().map_or(0, Buf::remaining);
            if taken > LINGER_BYTES {
                return;
            }
        }
    };
    // Running out of time is as good an end as any.
    let _ = tokio::time::timeout(LINGER, drain).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    /// A body of pieces, which then stays open or ends.
    struct Pieces(Vec<&'static [u8]>, bool);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.is_empty() {
                false => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.0.remove(0)))))),
                true if self.1 => Poll::Pending,
                true => Poll::Ready(None),
            }
        }
    }

    async fn read_pieces(pieces: &[&'static [u8]], open: bool) -> Result<Bytes, Problem> {
        let deadline = Instant::now() + Duration::from_secs(5);
        read(pin!(Pieces(pieces.to_vec(), open)), 6, deadline).await
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_are_put_together_up_to_the_limit() {
        assert_eq!(read_pieces(&[], false).await.unwrap(), "");
        assert_eq!(read_pieces(&[b"abc"], false).await.unwrap(), "abc");
        assert_eq!(read_pieces(&[b"", b"ab", b"", b"cd", b"ef"], false).await.unwrap(), "abcdef");
        let refused = read_pieces(&[b"abc", b"def", b"g"], true).await;
        assert!(matches!(refused, Err(Problem::BodyTooLarge(6))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let started = Instant::now();
        assert!(matches!(read_pieces(&[b"a"], true).await, Err(Problem::BodyTimedOut)));
        assert_eq!(started.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn lingering_ends() {
        linger(Pieces(vec![b"a"], true)).await;
        linger(Pieces(vec![b"a"], false)).await;
    }
}
