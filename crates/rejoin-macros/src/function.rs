//! `#[rejoin::process::function]` and its kin: the function stays what it is, and an entry in the
//! registry of functions is put beside it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Error, FnArg, GenericParam, ItemFn, Result, Type};

/// As many parameters as `rejoin::process::Function` and `Method` are there for.
const MOST_PARAMETERS: usize = 8;

/// What the function is registered as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For child processes.
    Function,
    /// As what makes the state of a worker.
    State,
    /// As what is done with the state of a worker: its first parameter is the state, borrowed.
    Method,
}

pub(crate) fn expand(kind: Kind, options: &TokenStream, item: &ItemFn) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "this attribute takes no options"));
    }
    check(kind, item)?;
    let (kind, answer) = match kind {
        Kind::Function => (quote!(Function), quote!(answer)),
        Kind::State => (quote!(State), quote!(make)),
        Kind::Method => (quote!(Method), quote!(answer_with)),
    };
    let name = &item.sig.ident;
    // Errors about arguments or results that serde does not know point at the function.
    let entry = quote_spanned! { name.span() =>
        const _: () = {
            use ::rejoin::process::for_macros as rejoin_process;

            #[rejoin_process::linkme::distributed_slice(rejoin_process::REGISTRY)]
            #[linkme(crate = rejoin_process::linkme)]
            static ENTRY: rejoin_process::Entry = rejoin_process::Entry::new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                rejoin_process::Kind::#kind,
                || rejoin_process::id_of(&#name),
                |state, arguments, limit| rejoin_process::#answer(#name, state, arguments, limit),
            );
        };
    };
    Ok(quote! { #item #entry })
}

/// The error, with the function beside it, so that whoever calls it gets no second error.
pub(crate) fn refuse(error: &Error, item: &ItemFn) -> TokenStream {
    let error = error.to_compile_error();
    quote! { #item #error }
}

fn check(kind: Kind, item: &ItemFn) -> Result<()> {
    let sig = &item.sig;
    if let Some(token) = &sig.asyncness {
        let text = "an async function cannot run in a child process: make it an ordinary one, which may block \
                    (`rejoin::bridge::block_on` runs async code in it)";
        return Err(Error::new_spanned(token, text));
    }
    for parameter in &sig.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let text = "a generic function cannot be registered: its instances are different functions; \
                        register a function that calls the instance which you need";
            return Err(Error::new_spanned(parameter, text));
        }
    }
    if let Some(token) = &sig.variadic {
        return Err(Error::new_spanned(token, "a variadic function cannot be registered"));
    }
    if sig.inputs.len() > MOST_PARAMETERS {
        let text = format!(
            "a registered function takes at most {MOST_PARAMETERS} arguments: put them into a struct"
        );
        return Err(Error::new_spanned(&sig.inputs, text));
    }
    let mut arguments = sig.inputs.iter();
    if kind == Kind::Method {
        check_state(arguments.next(), item)?;
    }
    arguments.try_for_each(check_argument)
}

fn check_state(first: Option<&FnArg>, item: &ItemFn) -> Result<()> {
    let text = "the first parameter is the state of the worker: write it as `state: &mut State`";
    match first {
        Some(receiver @ FnArg::Receiver(_)) => check_argument(receiver),
        Some(FnArg::Typed(typed)) => match &*typed.ty {
            Type::Reference(reference) if reference.mutability.is_some() => Ok(()),
            other => Err(Error::new_spanned(other, text)),
        },
        None => Err(Error::new_spanned(&item.sig, text)),
    }
}

fn check_argument(argument: &FnArg) -> Result<()> {
    match argument {
        FnArg::Receiver(_) => {
            let text = "what takes `self` cannot be registered: make it a function that takes the value as an argument";
            Err(Error::new_spanned(argument, text))
        }
        FnArg::Typed(typed) => match &*typed.ty {
            Type::Reference(reference) => {
                let text = "the argument comes from another process, so the function must own it: \
                            take `String` for `&str`, `Vec<T>` for `&[T]`";
                Err(Error::new_spanned(reference, text))
            }
            Type::ImplTrait(generic) => {
                let text = "a generic function cannot be registered: name the type of the argument";
                Err(Error::new_spanned(generic, text))
            }
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use syn::parse_quote;

    use super::{Kind, expand};

    fn refusal(item: &syn::ItemFn) -> String {
        expand(Kind::Function, &TokenStream::new(), item).unwrap_err().to_string()
    }

    #[test]
    fn a_method_has_the_state_first_and_owns_the_rest() {
        let refusal = |item: &syn::ItemFn| {
            expand(Kind::Method, &TokenStream::new(), item).unwrap_err().to_string()
        };
        let first = "write it as `state: &mut State`";
        assert!(
            refusal(&parse_quote!(
                fn f() {}
            ))
            .contains(first)
        );
        assert!(
            refusal(&parse_quote!(
                fn f(_: u8) {}
            ))
            .contains(first)
        );
        assert!(
            refusal(&parse_quote!(
                fn f(_: &u8) {}
            ))
            .contains(first)
        );
        assert!(
            refusal(&parse_quote!(
                fn f(&mut self) {}
            ))
            .contains("takes the value")
        );
        assert!(
            refusal(&parse_quote!(
                fn f(_: &mut u8, _: &str) {}
            ))
            .contains("must own it")
        );
        assert!(
            expand(
                Kind::Method,
                &TokenStream::new(),
                &parse_quote!(
                    fn f(_: &mut u8, _: u8) {}
                )
            )
            .is_ok()
        );
    }

    #[test]
    fn what_cannot_be_registered_is_told_how_to_mend_it() {
        assert!(
            refusal(&parse_quote!(
                async fn f() {}
            ))
            .contains("make it an ordinary one")
        );
        assert!(
            refusal(&parse_quote!(
                fn f<T>(_: T) {}
            ))
            .contains("calls the instance")
        );
        assert!(
            refusal(&parse_quote!(
                fn f<const N: usize>() {}
            ))
            .contains("calls the instance")
        );
        assert!(
            refusal(&parse_quote!(
                fn f(_: impl Copy) {}
            ))
            .contains("name the type")
        );
        assert!(
            refusal(&parse_quote!(
                fn f(&self) {}
            ))
            .contains("takes the value as an argument")
        );
        assert!(
            refusal(&parse_quote!(
                fn f(_: &str) {}
            ))
            .contains("take `String` for `&str`")
        );
        let nine = parse_quote!(
            fn f(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}
        );
        assert!(refusal(&nine).contains("put them into a struct"));
    }

    #[test]
    fn options_are_refused() {
        let item = parse_quote!(
            fn f() {}
        );
        let options: TokenStream = parse_quote!(name = "x");
        assert!(
            expand(Kind::State, &options, &item).unwrap_err().to_string().contains("no options")
        );
    }

    #[test]
    fn the_function_stays_as_it_was() {
        let item: syn::ItemFn = parse_quote!(
            /// Doubles.
            pub fn f(n: u8) -> u8 {
                n * 2
            }
        );
        let expanded: syn::File =
            syn::parse2(expand(Kind::Function, &TokenStream::new(), &item).unwrap()).unwrap();
        assert_eq!(expanded.items[0], syn::Item::Fn(item));
        assert_eq!(expanded.items.len(), 2);
    }
}
