//! How a member stands: running, told to stop, or to be dropped where it waits.
//!
//! A member of a scope that nobody has stopped costs one atomic load to ask.

use super::seats::Sitter;
use super::stop::Stop;
use super::{Core, Member, State, StopCause};
use crate::cancel::CancelReason;
#[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
use crate::name::Name;

/// How a member stands at this moment.
pub(crate) enum Standing {
    Running,
    /// Running, and somebody looks at what it waits for.
    LookedAt,
    Signalled(End),
    /// To be dropped at once.
    Enforced(End),
}

/// How a member ends if it is interrupted.
#[derive(Debug)]
pub(crate) struct End {
    pub(super) stop: Stop,
    /// The deadline that passed is the scope's own.
    pub(crate) own_deadline: bool,
    /// It was stopped together with the scope, not alone.
    pub(crate) with_scope: bool,
}

impl End {
    pub(crate) fn into_reason(self) -> CancelReason {
        self.stop.reason
    }
}

impl Core {
    /// How `member` stands.
    #[inline]
    pub(crate) fn standing(&self, member: Member) -> Standing {
        if self.is_quiet() { Standing::Running } else { self.standing_in_noise(member) }
    }

    /// The names of blocking work that was to have ended.
    #[cfg(all(feature = "tracing", not(any(shuttle, rejoin_loom))))]
    pub(crate) fn overdue(&self) -> Vec<Name> {
        let state = self.lock();
        let blocking = state.table.iter().filter_map(|(member, _, sitter)| {
            let extra = sitter?.extra.as_ref().filter(|extra| extra.blocking)?;
            let is_overdue = matches!(state.standing(member), Standing::Enforced(_));
            is_overdue.then(|| extra.name.clone()).flatten()
        });
        blocking.collect()
    }

    #[cold]
    fn standing_in_noise(&self, member: Member) -> Standing {
        self.lock().standing(member)
    }
}

impl State {
    /// Whether its own deadline is what has stopped the scope.
    pub(super) fn is_stopped_by_time(&self) -> bool {
        let stop = self.record.as_ref().and_then(|record| record.stop.as_ref());
        matches!(stop, Some((StopCause::Deadline, _)))
    }

    pub(super) fn standing(&self, member: Member) -> Standing {
        let running = if self.rare().lookers > 0 { Standing::LookedAt } else { Standing::Running };
        if member != Member::BODY && self.table.index(member).is_none() {
            return running;
        }
        let sitter = self.sitter(member);
        let extra = sitter.and_then(|sitter| sitter.extra.as_ref());
        let alone = extra.and_then(|extra| extra.stop.as_ref());
        // Whichever came first gives the reason.
        let (Some(first), with_scope) = (alone.or(self.rare().stop.as_ref()), alone.is_none())
        else {
            return running;
        };
        let own_deadline = with_scope && self.is_stopped_by_time();
        let end = End { stop: first.clone(), own_deadline, with_scope };
        let enforced =
            first.enforced || self.rare().stop.as_ref().is_some_and(|stop| stop.enforced);
        let held = sitter.is_some_and(Sitter::is_held);
        if enforced && !held { Standing::Enforced(end) } else { Standing::Signalled(end) }
    }
}
