//! The attributes of Rejoin. Use them through `rejoin`, which says what they do.

mod function;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Registers a function, so that it can run in a child process. See `rejoin::process`.
#[proc_macro_attribute]
pub fn function(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    let expanded = function::expand(&options.into(), &item);
    expanded.unwrap_or_else(|error| function::refuse(&error, &item)).into()
}
