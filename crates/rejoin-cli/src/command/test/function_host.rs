//! What functions reach in a test: what a function reaches otherwise, in real time where it must be.

use std::sync::Arc;

use rejoin_engine::{
    CallPlace, Datum, FunctionHost, HostCall, Store, StoreAnswer, StoreCall, Transaction,
};
use rejoin_lang::cov::library;
use rejoin_lang::plan::{Database, Isolation, Request};
use rejoin_steps::functions::Host;

use super::outside::Outside;

pub(super) struct TestHost {
    pub(super) host: Host,
    pub(super) outside: Outside,
    /// Whether an order says what ends first, and not time.
    pub(super) is_ordered: bool,
}

impl FunctionHost for TestHost {
    fn knows(&self, function: &str) -> bool {
        self.host.knows(function)
    }

    fn call(&self, function: &str, arguments: Vec<Datum>, place: &CallPlace<'_>) -> HostCall {
        let effect = library(function).and_then(|function| function.effect);
        match effect {
            Some("timers") if self.is_ordered => Box::pin(std::future::ready(Datum::None)),
            None | Some("console" | "datetime" | "os" | "timers") => {
                self.host.call(function, arguments, place)
            }
            Some(_) => {
                let real = self.outside.enter();
                let call = self.host.call(function, arguments, place);
                Box::pin(async move {
                    let _real = real;
                    call.await
                })
            }
        }
    }

    fn store(&self, database: &Database) -> Result<Arc<dyn Store>, String> {
        let store = self.host.store(database)?;
        Ok(Arc::new(Real { store, outside: self.outside.clone() }))
    }
}

/// A database, or a transaction on it, in real time.
struct Real<S> {
    store: S,
    outside: Outside,
}

impl Store for Real<Arc<dyn Store>> {
    fn run(&self, request: Request<Datum>) -> StoreCall<'_, StoreAnswer> {
        self.outside.during(self.store.run(request))
    }

    fn begin(&self, isolation: Isolation) -> StoreCall<'_, Box<dyn Transaction>> {
        let outside = self.outside.clone();
        self.outside.during(Box::pin(async move {
            let store = self.store.begin(isolation).await?;
            Ok(Box::new(Real { store, outside }) as Box<dyn Transaction>)
        }))
    }
}

impl Transaction for Real<Box<dyn Transaction>> {
    fn run(&mut self, request: Request<Datum>) -> StoreCall<'_, StoreAnswer> {
        self.outside.during(self.store.run(request))
    }

    fn save(&mut self) -> StoreCall<'_, ()> {
        self.outside.during(self.store.save())
    }

    fn release(&mut self) -> StoreCall<'_, ()> {
        self.outside.during(self.store.release())
    }

    fn undo(&mut self) -> StoreCall<'_, ()> {
        self.outside.during(self.store.undo())
    }

    fn commit(self: Box<Self>) -> StoreCall<'static, ()> {
        self.outside.during(self.store.commit())
    }

    fn roll_back(self: Box<Self>) -> StoreCall<'static, ()> {
        self.outside.during(self.store.roll_back())
    }
}

impl Outside {
    fn during<'a, T: Send + 'a>(&self, call: StoreCall<'a, T>) -> StoreCall<'a, T> {
        let outside = self.clone();
        Box::pin(async move {
            let _real = outside.enter();
            call.await
        })
    }
}
