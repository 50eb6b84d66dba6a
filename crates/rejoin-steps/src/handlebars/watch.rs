//! What one rendering may use, looked at from inside: the templates call two decorators around every block.

use std::cell::RefCell;
use std::io;
use std::time::Instant;

use handlebars::{
    Context, Decorator, DecoratorDef, Handlebars, Output, RenderContext, RenderError,
    RenderErrorReason,
};

use rejoin_engine::{ScriptLimits, StopFlag};

/// Decorators that no template can name by accident.
pub(super) const ENTER: &str = "rejoin-enter";
pub(super) const LEAVE: &str = "rejoin-leave";

/// Blocks and partials may be inside each other so deep while they are rendered.
const MAX_DEPTH: usize = 128;

thread_local! {
    /// The rendering that this thread is at. The library hands nothing of ours to a decorator.
    static CURRENT: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

struct Watch {
    depth: usize,
    until: Instant,
    stop: StopFlag,
}

/// Renders with `render` under limits, and gives its text.
pub(super) fn within(
    limits: ScriptLimits,
    stop: &StopFlag,
    render: impl FnOnce(&mut Page) -> Result<(), RenderError>,
) -> Result<String, RenderError> {
    let watch = Watch { depth: 0, until: Instant::now() + limits.time, stop: stop.clone() };
    CURRENT.set(Some(watch));
    let mut page = Page { text: String::new(), most: limits.memory };
    let ended = render(&mut page);
    CURRENT.set(None);
    ended.map(|()| page.text)
}

/// Collects the text.
pub(super) struct Page {
    text: String,
    most: usize,
}

impl Output for Page {
    fn write(&mut self, part: &str) -> Result<(), io::Error> {
        if self.text.len() + part.len() > self.most {
            let message = format!(
                "the page is longer than its limit of {} bytes; `memory` in `config handlebars` sets it",
                self.most
            );
            return Err(io::Error::other(message));
        }
        self.text.push_str(part);
        Ok(())
    }
}

pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.register_decorator(ENTER, Box::new(Enter));
    registry.register_decorator(LEAVE, Box::new(Leave));
}

/// Comes to a block.
struct Enter;

impl DecoratorDef for Enter {
    fn call<'reg: 'rc, 'rc>(
        &'reg self,
        _: &Decorator<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<(), RenderError> {
        match CURRENT.with_borrow_mut(|current| current.as_mut()?.enter()) {
            Some(message) => Err(RenderErrorReason::Other(message).into()),
            None => Ok(()),
        }
    }
}

/// Goes out of a block.
struct Leave;

impl DecoratorDef for Leave {
    fn call<'reg: 'rc, 'rc>(
        &'reg self,
        _: &Decorator<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<(), RenderError> {
        CURRENT.with_borrow_mut(|current| {
            if let Some(watch) = current {
                watch.depth = watch.depth.saturating_sub(1);
            }
        });
        Ok(())
    }
}

impl Watch {
    /// One block deeper; says why not, if a limit is reached.
    fn enter(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Some(format!(
                "blocks and partials are more than {MAX_DEPTH} deep inside each other"
            ));
        }
        if self.stop.is_raised() {
            return Some("nobody waits for the page any more".to_owned());
        }
        (Instant::now() > self.until).then(|| {
            "it took longer than its time-out; `timeout` in `config handlebars` sets it".to_owned()
        })
    }
}
