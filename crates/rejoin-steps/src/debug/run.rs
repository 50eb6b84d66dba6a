//! A call of `debug`.

use std::sync::Arc;

use rejoin_engine::{Called, Event, Input, Prepared};

pub(super) struct PreparedDebug {
    title: Arc<str>,
}

impl PreparedDebug {
    pub(super) fn new(text: Option<&str>) -> Self {
        let title = text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("debug");
        Self { title: title.into() }
    }
}

impl Prepared for PreparedDebug {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        input.context.emit(Event::Debug { title: self.title.clone(), state: input.state.clone() });
        Called::Ready(Ok(input.state.clone().into()))
    }
}
