//! Walks over parsed terms.

use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Pattern, Term},
    },
    path::Part,
};

/// Calls a function with every direct subterm of a term, in the order of the source.
pub(super) fn children<'t, S>(term: &'t Term<S>, f: &mut dyn FnMut(&'t Term<S>)) {
    match term {
        Term::Id
        | Term::Recurse
        | Term::Num(_)
        | Term::Break(_)
        | Term::Var(_)
        | Term::Arr(None) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    f(term);
                }
            }
        }
        Term::Arr(Some(term)) | Term::Neg(term) | Term::Label(_, term) => f(term),
        Term::Obj(entries) => {
            for (key, value) in entries {
                f(key);
                value.iter().for_each(&mut *f);
            }
        }
        Term::BinOp(left, op, right) => {
            f(left);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                pattern_terms(pattern, f);
            }
            f(right);
        }
        Term::Fold(_, source, pattern, args) => {
            f(source);
            pattern_terms(pattern, f);
            args.iter().for_each(f);
        }
        Term::TryCatch(body, catch) => {
            f(body);
            catch.iter().for_each(|catch| f(catch));
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                f(condition);
                f(then);
            }
            otherwise.iter().for_each(|term| f(term));
        }
        Term::Def(defs, rest) => {
            defs.iter().for_each(|def| f(&def.body));
            f(rest);
        }
        Term::Call(_, args) => args.iter().for_each(f),
        Term::Path(head, path) => {
            f(head);
            for (part, _) in &path.0 {
                match part {
                    Part::Index(term) => f(term),
                    Part::Range(from, to) => {
                        from.iter().for_each(&mut *f);
                        to.iter().for_each(&mut *f);
                    }
                }
            }
        }
    }
}

fn pattern_terms<'t, S>(pattern: &'t Pattern<S>, f: &mut dyn FnMut(&'t Term<S>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| pattern_terms(pattern, f)),
        Pattern::Obj(entries) => {
            for (key, pattern) in entries {
                f(key);
                pattern_terms(pattern, f);
            }
        }
    }
}

/// Calls a function with the name of every filter and format that a term calls.
pub(super) fn calls<S: Copy>(term: &Term<S>, f: &mut dyn FnMut(S)) {
    match term {
        Term::Call(name, _) | Term::Str(Some(name), _) => f(*name),
        _ => {}
    }
    children(term, &mut |child| calls(child, f));
}
