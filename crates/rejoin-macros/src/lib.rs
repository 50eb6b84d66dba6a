//! The attributes of Rejoin. Use them through `rejoin`, which says what they do.

mod function;

use proc_macro::TokenStream;
use syn::parse_macro_input;

use self::function::Kind;

/// Registers a function, so that it can run in a child process. See `rejoin::process`.
#[proc_macro_attribute]
pub fn function(options: TokenStream, item: TokenStream) -> TokenStream {
    register(Kind::Function, options, item)
}

/// Registers a function that makes the state of a worker. See `rejoin::worker`.
#[proc_macro_attribute]
pub fn state(options: TokenStream, item: TokenStream) -> TokenStream {
    register(Kind::State, options, item)
}

/// Registers a function that has the state of a worker. See `rejoin::worker`.
#[proc_macro_attribute]
pub fn method(options: TokenStream, item: TokenStream) -> TokenStream {
    register(Kind::Method, options, item)
}

fn register(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    let expanded = function::expand(kind, &options.into(), &item);
    expanded.unwrap_or_else(|error| function::refuse(&error, &item)).into()
}
