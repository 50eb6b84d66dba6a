//! `T` in signatures of the library: what is in the lists and maps that are handed over is in what comes back.

use std::rc::Rc;

use super::Type;

/// Adds to `found` what `T` is where `wanted` has it and `given` is known.
pub(super) fn bind(wanted: &Type, given: &Type, found: &mut Vec<Type>) {
    match (wanted, given) {
        (Type::Named(name), given) if &**name == "T" => found.push(given.clone()),
        (Type::List(wanted), Type::List(given)) | (Type::Map(wanted), Type::Map(given)) => {
            bind(wanted, given, found);
        }
        // `T | List<T>`: what is in an element that is a list, and else the element itself.
        (Type::Union(wanted), given) => {
            for given in given.members() {
                let same =
                    |wanted: &&Type| matches!((wanted, given), (Type::List(_), Type::List(_)));
                let own = |wanted: &&Type| matches!(wanted, Type::Named(_));
                let chosen = wanted.iter().find(same).or_else(|| wanted.iter().find(own));
                chosen.iter().for_each(|wanted| bind(wanted, given, found));
            }
        }
        // Nothing is known of it, so nothing is of what is in it.
        (Type::List(_) | Type::Map(_), _) => found.push(Type::Any),
        _ => {}
    }
}

/// The type with `T` replaced.
pub(super) fn filled(kind: &Type, element: &Type) -> Type {
    match kind {
        Type::Named(name) if &**name == "T" => element.clone(),
        Type::List(item) => Type::List(Rc::new(filled(item, element))),
        Type::Map(value) => Type::Map(Rc::new(filled(value, element))),
        Type::Union(members) => Type::union(members.iter().map(|member| filled(member, element))),
        other => other.clone(),
    }
}
