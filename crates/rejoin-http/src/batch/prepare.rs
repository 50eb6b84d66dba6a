//! [`Hooks`]: what the caller does to each request before it is sent.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::Failed;
use crate::request::Request;

type Prepared = Pin<Box<dyn Future<Output = Result<Request, Failed>> + Send>>;
type Hook = Box<dyn Fn(Request) -> Prepared + Send + Sync>;

/// Called one after the other, in the order in which they were added.
#[derive(Default)]
pub(super) struct Hooks(Vec<Hook>);

impl Hooks {
    pub(super) fn add<F, Fut, E>(&mut self, hook: F)
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Request, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.0.push(Box::new(move |request| {
            let prepared = hook(request);
            Box::pin(
                async move { prepared.await.map_err(|e| Failed::Prepare(Arc::from(e.into()))) },
            )
        }));
    }

    pub(super) async fn prepare(&self, mut request: Request) -> Result<Request, Failed> {
        for hook in &self.0 {
            request = hook(request).await?;
        }
        Ok(request)
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.0.len()).finish()
    }
}
