//! Frames: what goes through the pipes. Four bytes of length, little endian, then the content.
//!
//! | direction | content |
//! |---|---|
//! | to the child | a [`Command`], the number of a registered function, how long the answer may be, the arguments |
//! | to the parent | an [`Ending`], then the result or a text |
//!
//! Arguments and results are in postcard. Nothing grows beyond a limit while it is written, and
//! nothing is read that is longer than announced.

use std::io::{self, Read};

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Opens the conversation. Whatever a program prints before its `init` cannot be mistaken for it.
pub(super) const HELLO: [u8; 16] = *b"\0rejoin child 1\n";

/// The length of a frame.
pub(super) const LENGTH: usize = 4;

/// Command, number, limit.
const REQUEST: usize = 1 + 4 + 4;

/// Texts of problems are never longer.
const TEXT: usize = 16 * 1024;

/// What a child is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Run what is registered under the number.
    Call,
    /// Drop the state, and end. There is no answer.
    End,
}

/// How it went in the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    Panicked,
    BadArguments,
    BadResult,
    ResultTooLarge,
}

const ENDINGS: [Ending; 5] = [
    Ending::Done,
    Ending::Panicked,
    Ending::BadArguments,
    Ending::BadResult,
    Ending::ResultTooLarge,
];

/// Why a value did not become bytes, or bytes no value.
#[derive(Debug)]
pub(super) enum Unfit {
    TooLarge,
    Serde(postcard::Error),
}

/// A request, as it is sent.
pub(super) fn request<A: Serialize>(
    command: Command,
    number: u32,
    arguments: &A,
    limit: usize,
) -> Result<Vec<u8>, Unfit> {
    let mut head = [0; LENGTH + REQUEST];
    head[LENGTH] = command as u8;
    head[LENGTH + 1..LENGTH + 5].copy_from_slice(&number.to_le_bytes());
    head[LENGTH + 5..].copy_from_slice(&u32::try_from(limit).unwrap_or(u32::MAX).to_le_bytes());
    finish(&head, arguments, limit)
}

/// The request to end.
pub(super) fn end() -> Vec<u8> {
    request(Command::End, 0, &(), 0).expect("nothing fits everywhere")
}

/// A request, as it arrives.
pub(super) struct Request<'a> {
    pub(super) command: Command,
    pub(super) number: usize,
    pub(super) limit: usize,
    pub(super) arguments: &'a [u8],
}

impl Request<'_> {
    /// `None` if it is none.
    pub(super) fn parse(content: &[u8]) -> Option<Request<'_>> {
        let (head, arguments) = content.split_at_checked(REQUEST)?;
        let (command, head) = head.split_first()?;
        let (number, limit) = head.split_first_chunk()?;
        let commands = [Command::Call, Command::End];
        Some(Request {
            command: commands.into_iter().find(|known| *known as u8 == *command)?,
            number: u32::from_le_bytes(*number) as usize,
            limit: u32::from_le_bytes(limit.try_into().ok()?) as usize,
            arguments,
        })
    }
}

/// An answer with a result.
pub(super) fn done<T: Serialize>(result: &T, limit: usize) -> Vec<u8> {
    match finish(&[0, 0, 0, 0, Ending::Done as u8], result, limit) {
        Ok(frame) => frame,
        Err(Unfit::TooLarge) => refused(Ending::ResultTooLarge, ""),
        Err(Unfit::Serde(problem)) => refused(Ending::BadResult, &problem.to_string()),
    }
}

/// An answer without a result.
pub(super) fn refused(ending: Ending, text: &str) -> Vec<u8> {
    let text = &text.as_bytes()[..text.floor_char_boundary(TEXT)];
    let mut frame = ((1 + text.len()) as u32).to_le_bytes().to_vec();
    frame.push(ending as u8);
    frame.extend_from_slice(text);
    frame
}

/// The content of an answer, taken apart. `None` if it is none.
pub(super) fn parse_answer(content: &[u8]) -> Option<(Ending, &[u8])> {
    let (ending, rest) = content.split_first()?;
    Some((*ENDINGS.get(usize::from(*ending))?, rest))
}

/// How long the content of an answer may be, if its result is as long as `limit`.
pub(super) fn longest_answer(limit: usize) -> usize {
    1 + limit.max(TEXT)
}

/// The value in `bytes`, all of which belong to it.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
        Err(problem) => Err(problem.to_string()),
    }
}

/// Reads the content of a frame; `None` at the end of the stream.
pub(super) fn read(input: &mut impl Read, content: &mut Vec<u8>) -> io::Result<Option<()>> {
    let mut length = [0; LENGTH];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u64::from(u32::from_le_bytes(length));
    content.clear();
    // Grows as it arrives: a length that is a lie costs no memory.
    let read = input.by_ref().take(length).read_to_end(content)?;
    Ok((read as u64 == length).then_some(()))
}

fn finish<T: Serialize>(head: &[u8], value: &T, limit: usize) -> Result<Vec<u8>, Unfit> {
    let bytes = Bounded { bytes: head.to_vec(), most: head.len().saturating_add(limit) };
    let mut frame = match postcard::serialize_with_flavor(value, bytes) {
        Ok(frame) => frame,
        Err(postcard::Error::SerializeBufferFull) => return Err(Unfit::TooLarge),
        Err(problem) => return Err(Unfit::Serde(problem)),
    };
    let length = u32::try_from(frame.len() - LENGTH).map_err(|_| Unfit::TooLarge)?;
    frame[..LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// Bytes that stop growing at a limit.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Flavor for Bounded {
    type Output = Vec<u8>;

    // A `Vec<u8>` comes byte by byte.
    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if self.bytes.len() >= self.most {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.bytes.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(frame: &[u8]) -> &[u8] {
        let length = u32::from_le_bytes(frame[..LENGTH].try_into().unwrap()) as usize;
        assert_eq!(length, frame.len() - LENGTH);
        &frame[LENGTH..]
    }

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let frame = request(Command::Call, 7, &("text", 300_u32), 1000).unwrap();
        let request = Request::parse(content(&frame)).unwrap();
        assert_eq!((request.command, request.number, request.limit), (Command::Call, 7, 1000));
        let end = end();
        assert_eq!(Request::parse(content(&end)).unwrap().command, Command::End);
        assert_eq!(decode::<(String, u32)>(request.arguments), Ok(("text".to_owned(), 300)));
    }

    #[test]
    fn the_limit_is_that_of_the_value_to_the_byte() {
        let value = [1_u8; 32];
        assert!(request(Command::Call, 0, &value, 32).is_ok());
        assert!(matches!(request(Command::Call, 0, &value, 31), Err(Unfit::TooLarge)));
        assert_eq!(parse_answer(content(&done(&value, 32))).unwrap(), (Ending::Done, &value[..]));
        let refused = done(&value, 31);
        assert_eq!(parse_answer(content(&refused)).unwrap(), (Ending::ResultTooLarge, &[][..]));
    }

    #[test]
    fn what_is_no_frame_is_refused_and_costs_no_memory() {
        assert!(Request::parse(b"").is_none());
        assert!(Request::parse(&[9; 20]).is_none());
        assert!(parse_answer(&[]).is_none());
        assert!(parse_answer(&[200]).is_none());
        assert!(decode::<u8>(&[1, 2]).is_err());
        let mut content = Vec::new();
        let lie = [255, 255, 255, 255, 1];
        assert!(read(&mut &lie[..], &mut content).unwrap().is_none());
        assert!(content.capacity() < 1 << 16);
    }

    #[test]
    fn every_ending_is_known_by_its_number() {
        for (number, ending) in ENDINGS.into_iter().enumerate() {
            assert_eq!(number, ending as usize);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let frame = refused(Ending::Panicked, &"ä".repeat(TEXT));
        let (_, text) = parse_answer(content(&frame)).unwrap();
        assert!(text.len() <= TEXT);
        assert!(std::str::from_utf8(text).is_ok());
    }
}
