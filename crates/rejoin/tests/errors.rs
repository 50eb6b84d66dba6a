//! Errors as values: compared, cloned, passed on, and shown outside of scopes.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::error::Error;
use std::io;

use rejoin::{
    BoxedError, CancelReason, CancelSource, OnError, Scope, ScopeError, TaskError, gather, scope,
};

type AnyError = Box<dyn Error + Send + Sync>;

async fn refused() -> Result<u8, AnyError> {
    let deep = io::Error::other("the disk");
    Err(Box::new(Refused(deep)))
}

#[derive(Debug)]
struct Refused(io::Error);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn any_error_leaves_a_scope_as_one_with_what_is_behind_it() {
    async fn outside() -> Result<Vec<u8>, AnyError> {
        Ok(gather([refused()]).await.map_err(ScopeError::boxed)?)
    }
    let error = outside().await.unwrap_err();
    assert_eq!(error.to_string(), "task 0: refused");
    assert_eq!(error.source().unwrap().to_string(), "the disk");
    let error = error.downcast::<ScopeError<BoxedError>>().unwrap();
    let inner = error.into_failures().remove(0).into_error();
    let inner: &AnyError = inner.failed().unwrap().downcast_ref().unwrap();
    assert!(inner.is::<Refused>());

    let text = TaskError::from("a text".to_owned()).boxed();
    let text: AnyError = text.into();
    assert_eq!((text.to_string(), text.source().is_none()), ("a text".to_owned(), true));
}

#[tokio::test]
async fn outcomes_are_compared() {
    let ended = scope(async |scope: Scope<&str>| {
        let (one, two) = (scope.spawn(async { Ok(1) }), scope.spawn(async { Err::<u8, _>("no") }));
        assert_eq!(one.await, Ok(1));
        assert_eq!(two.await, Err(TaskError::from("no")));
        let panics = scope.spawn(async { if true { panic!("a bug") } else { Ok(()) } });
        let error = panics.await.unwrap_err();
        assert_eq!(error, error.clone());
        assert_ne!(error, TaskError::TimedOut);
        Ok(())
    });
    let error = ended.await.unwrap_err();
    assert_eq!(error, error.clone());
    assert_ne!(error.clone(), gather([async { Err::<(), _>("no") }]).await.unwrap_err());
}

#[tokio::test]
async fn a_join_of_handles_has_the_ends_of_the_children() {
    // One that goes on: the join would be stopped with it.
    let ended = Scope::builder().on_error(OnError::CollectAll).run(async |scope: Scope<&str>| {
        let tasks = [scope.spawn(async { Err::<u8, _>("no") })];
        let ended = gather(tasks).await.map_err(ScopeError::flatten).unwrap_err();
        assert_eq!(*ended.failures()[0].error(), TaskError::from("no"));
        Err::<(), _>(ended.into_task_error())
    });
    // The body passes on what the child has told already: that is one event.
    assert_eq!(ended.await.unwrap_err().failures().len(), 1);
    assert_eq!(TaskError::<TaskError<u8>>::TimedOut.flatten(), TaskError::TimedOut);
}

#[test]
fn a_reason_without_a_text_is_its_source() {
    let reason = CancelReason::from(CancelSource::ClientGone);
    assert_eq!((reason.to_string(), reason.text()), ("client gone".to_owned(), ""));
}
