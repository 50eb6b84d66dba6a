//! What can be registered as a method of a worker's state: functions that have it, and up to seven
//! arguments.

use super::function::Arity;

/// A function that has the state of a [worker](crate::worker), in whatever process that is: an
/// ordinary `fn` with [`#[method]`](macro@crate::worker::method) on it, whose first parameter is
/// `&mut S`.
///
/// `Args` is what is passed on: `()` for no further argument, the argument itself for one, a tuple for
/// more. `Arity` tells these apart, and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a method of the state `{S}` with the arguments `{Args}`",
    note = "its first parameter is `&mut {S}`; pass `()` for no further argument, the argument itself for one, a tuple for more",
    note = "what it returns must not borrow from the state"
)]
pub trait Method<S, Args, Arity>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// Calls it, here.
    fn call(self, state: &mut S, arguments: Args) -> Self::Output;
}

impl<F, S, R> Method<S, (), Arity<0>> for F
where
    F: Fn(&mut S) -> R + Copy + Send + Sync + 'static,
{
    type Output = R;

    fn call(self, state: &mut S, (): ()) -> R {
        self(state)
    }
}

impl<F, S, R, A> Method<S, A, Arity<1>> for F
where
    F: Fn(&mut S, A) -> R + Copy + Send + Sync + 'static,
{
    type Output = R;

    fn call(self, state: &mut S, argument: A) -> R {
        self(state, argument)
    }
}

macro_rules! methods {
    ($($arity:literal: $($argument:ident)+;)+) => {
        $(
            impl<F, S, R, $($argument),+> Method<S, ($($argument),+), Arity<$arity>> for F
            where
                F: Fn(&mut S, $($argument),+) -> R + Copy + Send + Sync + 'static,
            {
                type Output = R;

                #[expect(non_snake_case, reason = "the arguments are named as their types")]
                fn call(self, state: &mut S, ($($argument),+): ($($argument),+)) -> R {
                    self(state, $($argument),+)
                }
            }
        )+
    };
}

methods! {
    2: A1 A2;
    3: A1 A2 A3;
    4: A1 A2 A3 A4;
    5: A1 A2 A3 A4 A5;
    6: A1 A2 A3 A4 A5 A6;
    7: A1 A2 A3 A4 A5 A6 A7;
}
