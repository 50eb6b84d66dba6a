//! `#[rejoin::process::function]`: the function stays what it is, and an entry in the registry of
//! functions is put beside it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Error, FnArg, GenericParam, ItemFn, Result, Type};

/// As many arguments as `rejoin::process::Function` is there for.
const MOST_ARGUMENTS: usize = 8;

pub(crate) fn expand(options: &TokenStream, item: &ItemFn) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "this attribute takes no options"));
    }
    check(item)?;
    let name = &item.sig.ident;
    // Errors about arguments or results that serde does not know point at the function.
    let entry = quote_spanned! { name.span() =>
        const _: () = {
            use ::rejoin::process::for_macros as rejoin_process;

            #[rejoin_process::linkme::distributed_slice(rejoin_process::REGISTRY)]
            #[linkme(crate = rejoin_process::linkme)]
            static ENTRY: rejoin_process::Entry = rejoin_process::Entry::new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                || rejoin_process::id_of(&#name),
                |arguments, limit| rejoin_process::answer(#name, arguments, limit),
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

fn check(item: &ItemFn) -> Result<()> {
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
    if sig.inputs.len() > MOST_ARGUMENTS {
        let text = format!(
            "a registered function takes at most {MOST_ARGUMENTS} arguments: put them into a struct"
        );
        return Err(Error::new_spanned(&sig.inputs, text));
    }
    sig.inputs.iter().try_for_each(check_argument)
}

fn check_argument(argument: &FnArg) -> Result<()> {
    match argument {
        FnArg::Receiver(_) => {
            let text = "a method cannot be registered: make it a function that takes the value as an argument";
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

    use super::expand;

    fn refusal(item: &syn::ItemFn) -> String {
        expand(&TokenStream::new(), item).unwrap_err().to_string()
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
        assert!(expand(&options, &item).unwrap_err().to_string().contains("no options"));
    }

    #[test]
    fn the_function_stays_as_it_was() {
        let item: syn::ItemFn = parse_quote!(
            /// Doubles.
            pub fn f(n: u8) -> u8 {
                n * 2
            }
        );
        let expanded: syn::File = syn::parse2(expand(&TokenStream::new(), &item).unwrap()).unwrap();
        assert_eq!(expanded.items[0], syn::Item::Fn(item));
        assert_eq!(expanded.items.len(), 2);
    }
}
