//! Gathering by key, and gathering futures of different types.

use std::future::Future;

use super::gather::gather;
use crate::scope::{Scope, ScopeError, scope};

/// As [`gather`], with a key for each future. `C` is any collection of pairs: a map, a vector, the
/// same kind that went in or another.
///
/// ```
/// use std::collections::BTreeMap;
/// use rejoin::gather_by_key;
/// # async fn load(what: &'static str) -> Result<usize, std::num::ParseIntError> { Ok(what.len()) }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let calls = [("users", load("users")), ("posts", load("posts!"))];
/// let loaded: BTreeMap<_, _> = gather_by_key(calls).await?;
/// assert_eq!(loaded["posts"], 6);
/// # Ok::<(), rejoin::ScopeError<_>>(()) }).unwrap();
/// ```
///
/// Pairs are in the order of the input where `C` keeps an order; of pairs with equal keys a map
/// keeps the last.
///
/// # Errors
///
/// As [`gather`]; a [`Failure`](crate::Failure) has the position of its pair in the input.
///
/// # Cancel safety
///
/// As [`gather`].
pub async fn gather_by_key<C, I, K, F, T, E>(futures: I) -> Result<C, ScopeError<E>>
where
    I: IntoIterator<Item = (K, F)>,
    C: FromIterator<(K, T)>,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + Sync + 'static,
{
    let (keys, futures): (Vec<K>, Vec<F>) = futures.into_iter().unzip();
    let outputs = gather(futures).await?;
    Ok(keys.into_iter().zip(outputs).collect())
}

/// As [`gather`], for futures of different types: a tuple of 2 to 8, which have one type of error.
///
/// ```
/// use rejoin::gather_tuple;
/// # use std::num::ParseIntError;
/// # async fn name(id: u32) -> Result<String, ParseIntError> { Ok(format!("user {id}")) }
/// # async fn age(_: u32) -> Result<u8, ParseIntError> { Ok(42) }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let (name, age) = gather_tuple((name(7), age(7))).await?;
/// assert_eq!((name.as_str(), age), ("user 7", 42));
/// # Ok::<(), rejoin::ScopeError<ParseIntError>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// As [`gather`].
///
/// # Cancel safety
///
/// As [`gather`].
pub fn gather_tuple<F, E>(futures: F) -> impl Future<Output = Result<F::Outputs, ScopeError<E>>>
where
    F: Tuple<E>,
    E: Send + Sync + 'static,
{
    futures.run()
}

/// A tuple of futures that [`gather_tuple`] takes. It is not for others to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of futures that can be gathered",
    note = "it takes 2 to 8 futures, each `Send + 'static` and with the output `Result<_, {E}>`"
)]
pub trait Tuple<E>: sealed::Sealed {
    /// What the futures give, as a tuple.
    type Outputs;

    #[doc(hidden)]
    fn run(self) -> impl Future<Output = Result<Self::Outputs, ScopeError<E>>>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! tuple {
    ($($future:ident $output:ident $name:ident),+) => {
        impl<$($future),+> sealed::Sealed for ($($future,)+) {}

        impl<Error, $($future, $output),+> Tuple<Error> for ($($future,)+)
        where
            Error: Send + Sync + 'static,
            $($future: Future<Output = Result<$output, Error>> + Send + 'static,)+
            $($output: Send + 'static,)+
        {
            type Outputs = ($($output,)+);

            fn run(self) -> impl Future<Output = Result<Self::Outputs, ScopeError<Error>>> {
                // Boxed until they are spawned, instead of handed from one future to the next.
                let futures = Box::new(self);
                scope(|s: Scope<Error>| async move {
                    let ($($name,)+) = *futures;
                    $(let $name = s.spawn($name);)+
                    Ok(($($name.await?,)+))
                })
            }
        }
    };
}

tuple!(A TA a, B TB b);
tuple!(A TA a, B TB b, C TC c);
tuple!(A TA a, B TB b, C TC c, D TD d);
tuple!(A TA a, B TB b, C TC c, D TD d, E TE e);
tuple!(A TA a, B TB b, C TC c, D TD d, E TE e, F TF f);
tuple!(A TA a, B TB b, C TC c, D TD d, E TE e, F TF f, G TG g);
tuple!(A TA a, B TB b, C TC c, D TD d, E TE e, F TF f, G TG g, H TH h);
