//! What can be registered: functions of up to eight arguments.

/// A function that may run in a child process: an ordinary `fn` with
/// [`#[function]`](macro@crate::process::function) on it.
///
/// `Args` is what is passed on: `()` for no argument, the argument itself for one, a tuple for more.
/// `Arity` tells these apart, and is inferred. Closures have the same shape, but cannot be
/// registered, so a call with one fails with
/// [`NotRegistered`](crate::process::ProcessError::NotRegistered).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function of `{Args}`",
    note = "pass `()` to a function without arguments, the argument itself to one with one, a tuple to one with more"
)]
pub trait Function<Args, Arity>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// Calls it, here.
    fn call(self, arguments: Args) -> Self::Output;
}

/// The arity of a function, from 0 to 8.
#[derive(Debug)]
pub struct Arity<const N: usize>(());

impl<F, R> Function<(), Arity<0>> for F
where
    F: Fn() -> R + Copy + Send + Sync + 'static,
{
    type Output = R;

    fn call(self, (): ()) -> R {
        self()
    }
}

impl<F, R, A> Function<A, Arity<1>> for F
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    type Output = R;

    fn call(self, argument: A) -> R {
        self(argument)
    }
}

macro_rules! functions {
    ($($arity:literal: $($argument:ident)+;)+) => {
        $(
            impl<F, R, $($argument),+> Function<($($argument),+), Arity<$arity>> for F
            where
                F: Fn($($argument),+) -> R + Copy + Send + Sync + 'static,
            {
                type Output = R;

                #[expect(non_snake_case, reason = "the arguments are named as their types")]
                fn call(self, ($($argument),+): ($($argument),+)) -> R {
                    self($($argument),+)
                }
            }
        )+
    };
}

functions! {
    2: A1 A2;
    3: A1 A2 A3;
    4: A1 A2 A3 A4;
    5: A1 A2 A3 A4 A5;
    6: A1 A2 A3 A4 A5 A6;
    7: A1 A2 A3 A4 A5 A6 A7;
    8: A1 A2 A3 A4 A5 A6 A7 A8;
}
