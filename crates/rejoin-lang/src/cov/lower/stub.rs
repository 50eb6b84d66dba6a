//! Declarations of functions that the library has: their signature holds, and the library's function is called.

use crate::plan::{FunctionParam, LibraryFunction};

/// For each parameter of a declaration the one of the library's function that it is: that of the same name, or else that in the
/// same place. One that is none of them is nothing to the function.
pub(super) fn places(own: &[FunctionParam], function: &LibraryFunction) -> Vec<Option<usize>> {
    let named = |param: &FunctionParam| {
        function.params.iter().position(|known| known.names.contains(&&*param.name))
    };
    let taken: Vec<Option<usize>> = own.iter().map(named).collect();
    let free = |at: &usize| *at < function.params.len() && !taken.contains(&Some(*at));
    (0..).zip(&taken).map(|(at, named)| named.or(Some(at).filter(free))).collect()
}

/// The names of each parameter of a declaration, and whether it may be left out. What shipped programs call a parameter of the
/// library otherwise is a name of it here, too.
pub(super) fn names<'n>(
    own: &'n [FunctionParam],
    places: &[Option<usize>],
    function: &LibraryFunction,
) -> Vec<(Vec<&'n str>, bool)> {
    let names = |(param, place): (&'n FunctionParam, &Option<usize>)| {
        let known = place.and_then(|place| function.params.get(place)).map(|known| known.names);
        let others = known.filter(|known| known.contains(&&*param.name)).unwrap_or_default();
        let others = others.iter().copied().filter(|name| *name != &*param.name);
        (std::iter::once(&*param.name).chain(others).collect(), param.optional)
    };
    own.iter().zip(places).map(names).collect()
}
