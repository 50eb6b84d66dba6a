//! A call of `cache`.

use rejoin::Instant;
use rejoin_engine::{Called, Input, LookUp, LookingUp, Memo, Prepared, StepError};

use super::key::Keys;
use super::options::Options;
use super::store::{Flight, Found, Limits, Store};

pub(super) struct PreparedCache {
    pub(super) options: Options,
    pub(super) limits: Limits,
    pub(super) keys: Keys,
}

impl Prepared for PreparedCache {
    /// Where no steps come after it, as in a task, there is nothing to keep.
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::Ready(Ok(input.state.clone().into()))
    }

    fn memo(&self) -> Option<&dyn Memo> {
        Some(self)
    }
}

impl Memo for PreparedCache {
    fn look_up<'a>(&'a self, input: Input<'a>, may_wait: bool) -> LookingUp<'a> {
        Box::pin(async move {
            let given;
            let options = match input.args.first() {
                None => &self.options,
                Some(argument) => {
                    given =
                        self.options.clone().with_argument(argument).map_err(StepError::Failed)?;
                    &given
                }
            };
            options.note(&input);
            if options.is_off || options.ttl.is_zero() {
                return Ok(LookUp::Skip);
            }
            let key = self.keys.key(options, &input);
            let store = input.context.host().shared.get::<Store>();
            let mut found = store.find(&key, Instant::now());
            // It ends when whoever makes it has kept it, or has given up: then one of those who wait is the next to make it.
            while may_wait && let Found::UnderWay(made) = &mut found {
                let is_for_one_alone = made.changed().await.is_ok();
                found = store.find(&key, Instant::now());
                if is_for_one_alone {
                    break;
                }
            }
            let lead = match found {
                Found::Known(outcome) => return Ok(LookUp::Found(outcome)),
                Found::Lead(lead) => Some(lead),
                // Somebody else is at it, but waiting may go in a circle, or would be in vain.
                Found::UnderWay(_) => None,
            };
            let Options { ttl, stale, .. } = *options;
            let flight = Flight { store, key, lead, ttl, stale, limits: self.limits };
            Ok(LookUp::Missing(Box::new(flight)))
        })
    }
}
