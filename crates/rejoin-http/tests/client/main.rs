//! The client against real sockets that behave well, badly, and not at all.

mod answer;
mod support;
