//! [`Collector`]: a response body taken in piece by piece, decompressed on the way, within limits.
//!
//! Decompressing as the pieces arrive keeps a large body from holding up the other tasks of its
//! thread, and stops a decompression bomb at the first byte that is too much.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use bytes::{Bytes, BytesMut};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{ErrorKind, Failure, Phase, Retry};

/// What the client says it can decompress.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br";

/// Above this many bytes, a body that grew by more than [`MAX_RATIO`] is taken for a bomb.
const RATIO_FLOOR: usize = 1024 * 1024;
/// Text compresses by 3 to 20, the most monotonous logs by some hundred.
const MAX_RATIO: usize = 400;
/// Room is made at once for what is announced, up to this; a longer body has to come first.
const BELIEVED: usize = 4 * 1024 * 1024;

/// A compression that can be undone here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    /// The coding that `headers` name; `None` for no coding, for one that is not known and for
    /// several on top of each other, which nobody asked for: such a body is handed on as it is.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Coding> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let value = values.next()?.to_str().ok()?.trim();
        if values.next().is_some() {
            return None;
        }
        match value.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "br" => Some(Coding::Brotli),
            _ => None,
        }
    }
}

/// Takes a body in.
pub(crate) struct Collector {
    limit: usize,
    received: usize,
    /// How long the body is to be, if that was said.
    announced: usize,
    sink: Sink,
}

enum Sink {
    /// The usual small body: one piece, passed on as it came.
    Whole(Bytes),
    Pieces(BytesMut),
    Decoding(Box<Decoder>),
}

enum Decoder {
    Gzip(MultiGzDecoder<Output>),
    Deflate(ZlibDecoder<Output>),
    Brotli(Box<DecompressorWriter<Output>>),
    /// Some servers say "deflate" and send it without the zlib frame.
    RawDeflate(flate2::write::DeflateDecoder<Output>),
}

impl Collector {
    pub(crate) fn new(limit: usize, coding: Option<Coding>) -> Collector {
        let output = || Output { limit, ..Output::default() };
        let decoder = coding.map(|coding| match coding {
            Coding::Gzip => Decoder::Gzip(MultiGzDecoder::new(output())),
            Coding::Deflate => Decoder::Deflate(ZlibDecoder::new(output())),
            Coding::Brotli => {
                Decoder::Brotli(Box::new(DecompressorWriter::new(output(), 16 * 1024)))
            }
        });
        let sink = match decoder {
            None => Sink::Whole(Bytes::new()),
            Some(decoder) => Sink::Decoding(Box::new(decoder)),
        };
        Collector { limit, received: 0, announced: 0, sink }
    }

    /// Refuses a body whose announced length is already too much.
    pub(crate) fn announced(&mut self, length: Option<u64>) -> Result<(), Failure> {
        let Some(length) = length else { return Ok(()) };
        if length > self.limit as u64 {
            return Err(too_large(
                self.limit,
                format!("the response announces a body of {length} bytes, which is"),
            ));
        }
        self.announced = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(())
    }

    /// How many bytes have come, as sent.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), Failure> {
        if piece.is_empty() {
            return Ok(());
        }
        let first = self.received == 0;
        self.received += piece.len();
        if self.received > self.limit {
            return Err(too_large(self.limit, "the response body is".to_owned()));
        }
        match &mut self.sink {
            Sink::Whole(whole) if whole.is_empty() => *whole = piece,
            Sink::Whole(whole) => {
                let announced = self.announced.min(BELIEVED);
                let room = if announced > 0 { announced } else { 2 * self.received };
                let mut pieces = BytesMut::with_capacity(room);
                pieces.extend_from_slice(whole);
                pieces.extend_from_slice(&piece);
                self.sink = Sink::Pieces(pieces);
            }
            Sink::Pieces(pieces) => pieces.extend_from_slice(&piece),
            Sink::Decoding(decoder) => {
                if first
                    && let Decoder::Deflate(framed) = &mut **decoder
                    && !looks_framed(&piece)
                {
                    let output = std::mem::take(framed.get_mut());
                    **decoder = Decoder::RawDeflate(flate2::write::DeflateDecoder::new(output));
                }
                decoder.push(&piece, self.received).map_err(|error| failed(error, self.limit))?;
            }
        }
        Ok(())
    }

    /// What has come so far and was not taken before, for who passes the body on piece by piece.
    pub(crate) fn take(&mut self) -> Bytes {
        match &mut self.sink {
            Sink::Whole(whole) => std::mem::take(whole),
            Sink::Pieces(pieces) => pieces.split().freeze(),
            Sink::Decoding(decoder) => std::mem::take(&mut decoder.output().bytes).into(),
        }
    }

    pub(crate) fn finish(self) -> Result<Bytes, Failure> {
        match self.sink {
            Sink::Whole(whole) => Ok(whole),
            Sink::Pieces(pieces) => Ok(pieces.freeze()),
            // The answer to HEAD, 204 and 304 may name a coding and have no body.
            Sink::Decoding(_) if self.received == 0 => Ok(Bytes::new()),
            Sink::Decoding(decoder) => {
                decoder.finish().map(Bytes::from).map_err(|error| failed(error, self.limit))
            }
        }
    }
}

/// Whether deflated data begins with the two bytes that frame it: method 8, and a checksum.
fn looks_framed(piece: &[u8]) -> bool {
    match piece {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        [method] => method & 0x0f == 8,
        [] => true,
    }
}

impl Decoder {
    fn push(&mut self, piece: &[u8], received: usize) -> io::Result<()> {
        self.output().received = received;
        match self {
            Decoder::Gzip(decoder) => decoder.write_all(piece),
            Decoder::Deflate(decoder) => decoder.write_all(piece),
            Decoder::RawDeflate(decoder) => decoder.write_all(piece),
            Decoder::Brotli(decoder) => decoder.write_all(piece),
        }
    }

    fn output(&mut self) -> &mut Output {
        match self {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::RawDeflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Decoder::Gzip(decoder) => decoder.finish().map(|output| output.bytes),
            Decoder::Deflate(decoder) => decoder.finish().map(|output| output.bytes),
            Decoder::RawDeflate(decoder) => decoder.finish().map(|output| output.bytes),
            Decoder::Brotli(mut decoder) => {
                decoder.close()?;
                match decoder.into_inner() {
                    Ok(output) => Ok(output.bytes),
                    Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
        }
    }
}

/// Where decompressed bytes go: a vector that refuses to grow too far.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// How many there were, with those that were taken.
    total: usize,
    limit: usize,
    received: usize,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let grown = self.total + bytes.len();
        if grown > self.limit {
            return Err(io::Error::other(Refused::TooLarge));
        }
        if grown > RATIO_FLOOR && grown / MAX_RATIO > self.received {
            return Err(io::Error::other(Refused::Bomb));
        }
        self.bytes.extend_from_slice(bytes);
        self.total = grown;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why [`Output`] took no more.
#[derive(Clone, Copy, Debug)]
enum Refused {
    TooLarge,
    Bomb,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::TooLarge => "too large once decompressed",
            Refused::Bomb => "decompression bomb",
        })
    }
}

impl std::error::Error for Refused {}

fn failed(error: io::Error, limit: usize) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
        Some(Refused::TooLarge) => {
            too_large(limit, "once decompressed the response body is".to_owned())
        }
        Some(Refused::Bomb) => Failure::new(
            ErrorKind::BodyTooLarge,
            Phase::Decode,
            Retry::Never,
            format!(
                "the response body grows more than {MAX_RATIO} times when decompressed: it was \
                     taken for a decompression bomb"
            ),
        ),
        None => Failure::new(
            ErrorKind::Decode,
            Phase::Decode,
            Retry::Never,
            format!("the response body does not decompress: {error}"),
        )
        .caused_by(error),
    }
}

fn too_large(limit: usize, what: String) -> Failure {
    Failure::new(
        ErrorKind::BodyTooLarge,
        Phase::Read,
        Retry::Never,
        format!("{what} larger than the limit of {limit} bytes"),
    )
}
