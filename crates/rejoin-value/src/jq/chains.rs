//! Whether a run may leave a long chain behind: closures that each hold on to the one before, however flat the calls are on
//! the stack, or a path that grows with every turn of a loop. To drop a chain is a recursion over it.

use std::collections::BTreeSet;

use jaq_core::load::parse::{BinaryOp, Def, Term};

use super::walk;

type Tm<'s> = Term<&'s str>;

/// Definitions that go on for as long as their argument lets them.
const LOOPS: [&str; 4] = ["recurse", "repeat", "until", "while"];
/// Functions that ask for the paths of their argument.
const ASK_PATHS: [&str; 3] = ["del", "path", "pick"];

/// A chain that a run may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// How many links one step of the program may add to it.
    pub(super) links: usize,
    /// Whether each of those takes stack while the program runs, so that the chain is no longer than the program's recursion is deep.
    pub(super) takes_stack: bool,
}

/// The chain that a program makes, if one gets long.
pub(super) fn chain(term: &Tm<'_>) -> Option<Chain> {
    let mut defs = Vec::new();
    all_defs(term, &mut defs);
    let filters =
        |def: &Def<&str, Tm<'_>>| def.args.iter().filter(|arg| !arg.starts_with('$')).count();
    let calls_itself = |def: &Def<&str, Tm<'_>>| calls_any(&def.body, &|name| name == def.name);
    let closures = match defs.iter().any(|def| filters(def) > 0 && calls_itself(def)) {
        true => defs.iter().map(|def| filters(def)).max().unwrap_or(0),
        false => 0,
    };
    let has_paths = grows_paths(term, &defs);
    let links = closures.max(usize::from(has_paths));
    let is_flat = |def: &&Def<&str, Tm<'_>>| filters(def) > 0 && ends_with(&def.body, def.name);
    let takes_stack = !has_paths && !defs.iter().any(is_flat);
    (links > 0).then_some(Chain { links, takes_stack })
}

/// True if outputs of a term may be those of a call of `name` as they are: the evaluator leaves the caller before such a call.
fn ends_with(term: &Tm<'_>, name: &str) -> bool {
    match term {
        Term::Call(called, _) => *called == name,
        Term::BinOp(left, BinaryOp::Comma, right) => {
            ends_with(left, name) || ends_with(right, name)
        }
        Term::BinOp(_, BinaryOp::Alt | BinaryOp::Pipe(_), right) => ends_with(right, name),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().any(|(_, then)| ends_with(then, name))
                || otherwise.iter().any(|term| ends_with(term, name))
        }
        // What `foreach` gives at the end of each turn.
        Term::Fold("foreach", _, _, args) => args.iter().skip(2).any(|term| ends_with(term, name)),
        Term::Def(defs, rest) => {
            ends_with(rest, name) || defs.iter().any(|def| ends_with(&def.body, name))
        }
        _ => false,
    }
}

/// True if paths are asked for of something that may loop.
fn grows_paths(term: &Tm<'_>, defs: &[&Def<&str, Tm<'_>>]) -> bool {
    let mut looping: BTreeSet<&str> = LOOPS.into();
    loop {
        let more = defs.iter().filter(|def| {
            !looping.contains(def.name)
                && calls_any(&def.body, &|name| name == def.name || looping.contains(name))
        });
        let more: Vec<&str> = more.map(|def| def.name).collect();
        if more.is_empty() {
            break;
        }
        looping.extend(more);
    }
    let loops = |name: &str| looping.contains(name);
    // What is handed to a definition may be any filter of the program.
    let handed: BTreeSet<&str> = defs.iter().flat_map(|def| def.args.iter().copied()).collect();
    let has_loop = calls_any(term, &loops);
    has_loop && asks_paths_of(term, &|name| looping.contains(name) || handed.contains(name))
}

fn asks_paths_of(term: &Tm<'_>, is_meant: &dyn Fn(&str) -> bool) -> bool {
    let places: &[Tm<'_>] = match term {
        Term::Call(name, args) if ASK_PATHS.contains(name) => args,
        Term::BinOp(
            place,
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt,
            _,
        ) => std::slice::from_ref(place),
        _ => &[],
    };
    let mut found = places.iter().any(|place| calls_any(place, is_meant));
    walk::children(term, &mut |child| found = found || asks_paths_of(child, is_meant));
    found
}

fn calls_any(term: &Tm<'_>, is_meant: &dyn Fn(&str) -> bool) -> bool {
    let mut found = false;
    walk::calls(term, &mut |name| found = found || is_meant(name));
    found
}

/// Those of the program, those within others too.
fn all_defs<'t, 's>(term: &'t Tm<'s>, all: &mut Vec<&'t Def<&'s str, Tm<'s>>>) {
    if let Term::Def(defs, _) = term {
        all.extend(defs);
    }
    walk::children(term, &mut |child| all_defs(child, all));
}

#[cfg(test)]
mod tests {
    use jaq_core::load;

    fn links(source: &str) -> usize {
        chain(source).map_or(0, |chain| chain.links)
    }

    fn chain(source: &str) -> Option<super::Chain> {
        super::chain(&load::parse(source, |parser| parser.term()).expect(source))
    }

    #[test]
    fn chains_that_are_no_longer_than_the_stack() {
        for (source, takes_stack) in [
            ("def w(f): if . then map(w(f)) else . end | f; w(.)", true),
            ("def w(f): reduce .[] as $x ([]; . + [$x | w(f)]) | f; w(.)", true),
            ("def w(f): [.[] | w(f)] | f; w(.)", true),
            ("def w(f): 1 + w(f | f); w(.)", true),
            ("def w(f): def h: w(f | f) | .; h; w(.)", true),
            ("def w(f): def h: w(f | f); h; w(.)", false),
            ("def w(f): ., (.a | w(f)); w(.)", false),
            ("def w(f): if . then 1 elif f then w(f) else 2 end; w(.)", false),
            ("def w(f): .a // w(f); w(.)", false),
            ("def w(f): foreach .[] as $x (0; 1; w(f)); w(.)", false),
            ("def w(f): [w(f)]; def v(f): . as $x | v(f); v(w(.))", false),
            ("def w(f): [w(f)]; path(w(recurse(.a)))", false),
        ] {
            let chain = chain(source).expect(source);
            assert_eq!(chain.takes_stack, takes_stack, "{source}");
        }
    }

    #[test]
    fn closures_that_hold_on_to_each_other() {
        for (source, expected) in [
            ("def f(g): f(g | g); f(.)", 1),
            ("def f(a; $b; c): def h(x; y; z): f(x; 1; z); h(a; a; c); f(1; 2; 3)", 3),
            ("def f($a): f($a + 1); f(0)", 0),
            ("def f: .a | f; f", 0),
            ("def f(g): map(g); f(.a)", 0),
        ] {
            assert_eq!(links(source), expected, "{source}");
        }
    }

    #[test]
    fn paths_that_grow() {
        for source in [
            "path(def f: .a | f; f)",
            "def f: .a | f; f |= 1",
            "def f: .a | f; def g: f; del(first(g))",
            "path(until(false; .a))",
            "last(recurse(.a)) = 1",
            "def p(f): path(f); p(recurse(.a))",
            "pick(.x, (repeat(.a)))",
        ] {
            assert_eq!(links(source), 1, "{source}");
        }
        for source in [
            "[recurse(.a?)] | .[0].x |= 1",
            "def f: if .x then .x |= 1 | f else . end; f",
            "path(..), [paths], del(.a, .b[])",
            "def p(f): path(f); p(.a)",
        ] {
            assert_eq!(links(source), 0, "{source}");
        }
    }
}
