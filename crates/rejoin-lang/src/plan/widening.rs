//! Where a type wants numbers with a fraction, so that whole ones become such, and sets, so that nothing is twice in them.

/// What of a value becomes a number with a fraction, if it is a whole one, and which lists lose what is twice in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widening {
    /// The value itself.
    pub number: bool,
    /// A list is a set.
    pub set: bool,
    /// What is in it: the elements of a list, the values of a map.
    pub elements: Option<Box<Widening>>,
}

impl Widening {
    /// What a type says, as written and without aliases. A whole number stays what it is where the type has room for it.
    pub fn of(kind: &str) -> Option<Widening> {
        // Types nest a few levels, those that nest thousands deep were refused.
        let says = kind.contains("Float") || kind.contains("Set");
        (says && kind.len() < 4096).then(|| read(kind)).flatten()
    }
}

fn read(kind: &str) -> Option<Widening> {
    let mut all = Widening::default();
    let (mut whole, mut list, mut whole_elements) = (false, false, false);
    for member in union_members(kind) {
        let member = member.trim();
        let base = member.trim_end_matches('?').trim_end();
        if let Some(item) = base.strip_suffix("[]") {
            list = true;
            whole_elements |= has_whole(item);
            all.elements = all.elements.or(read(item).map(Box::new));
            continue;
        }
        match base.split_once('<').map(|(name, rest)| (name.trim(), rest)) {
            None if base == "Float" => all.number = true,
            None if base == "Set" => all.set = true,
            None => {
                whole |= matches!(base, "Int" | "Any" | "Decimal");
                list |= matches!(base, "List" | "Any");
            }
            Some((name, rest)) => {
                let inside = split(rest.strip_suffix('>')?, ',').last();
                let inner = inside.and_then(read);
                match name {
                    "Optional" => {
                        let inner = inner.unwrap_or_default();
                        all.number |= inner.number;
                        all.set |= inner.set;
                        all.elements = all.elements.or(inner.elements);
                    }
                    "List" | "Set" | "Map" => {
                        all.set |= name == "Set";
                        list |= name == "List";
                        whole_elements |= inside.is_some_and(has_whole);
                        all.elements = all.elements.or(inner.map(Box::new));
                    }
                    _ => {}
                }
            }
        }
    }
    // A list of whole numbers is one of those first, as a whole number is.
    if let Some(elements) = all.elements.as_mut().filter(|_| whole_elements) {
        elements.number = false;
        all.elements = all.elements.filter(|elements| elements.set || elements.elements.is_some());
    }
    all.number &= !whole;
    all.set &= !list;
    (all.number || all.set || all.elements.is_some()).then_some(all)
}

/// Whether a type has room for whole numbers.
fn has_whole(kind: &str) -> bool {
    let whole = |member: &str| matches!(member, "Int" | "Any" | "Decimal");
    union_members(kind).any(|member| whole(member.trim().trim_end_matches('?').trim_end()))
}

/// The members of a union; another type is its own.
pub fn union_members(kind: &str) -> impl Iterator<Item = &str> {
    split(kind, '|')
}

/// The parts between signs that stand in no brackets.
pub(super) fn split(kind: &str, sign: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    kind.split(move |c| {
        match c {
            '<' | '(' | '{' => depth += 1,
            '>' | ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == sign && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::Widening;

    #[test]
    fn what_a_type_widens() {
        let nothing = Widening::default;
        let number = Widening { number: true, ..nothing() };
        let set = Widening { set: true, ..nothing() };
        let list = |inner: Widening| Widening { elements: Some(Box::new(inner)), ..nothing() };
        for (kind, widens) in [
            ("Float", Some(number.clone())),
            ("Float?", Some(number.clone())),
            ("Optional<Float>", Some(number.clone())),
            ("Float | PriceError", Some(number.clone())),
            ("Float[]", Some(list(number.clone()))),
            ("List<Float?>", Some(list(number.clone()))),
            ("Map<String, List<Float>>", Some(list(list(number.clone())))),
            ("Set<Int>", Some(set.clone())),
            ("Set | DepotError", Some(set.clone())),
            ("Optional<Set<String>>", Some(set.clone())),
            ("Map<String, Set<Int>>", Some(list(set.clone()))),
            ("Set<Float>", Some(Widening { set: true, ..list(number.clone()) })),
            ("Set<Int> | List<Int>", None),
            ("Int[] | Float[]", None),
            ("Map<String, Float> | Map<String, Int?>", None),
            ("Float[] | String[]", Some(list(number.clone()))),
            ("Settings", None),
            ("Float | Int", None),
            ("Any | Float", None),
            ("Floating", None),
            ("List<Int | Float>", None),
            ("(Float) -> Float", None),
            ("List<Float", None),
        ] {
            assert_eq!(Widening::of(kind), widens, "{kind}");
        }
    }
}
