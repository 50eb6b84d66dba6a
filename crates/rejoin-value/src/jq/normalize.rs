//! Where jaq goes a way of its own, a program is written anew so that it means the same as in jq:
//!
//! * `l // r` passes over errors of `l`;
//! * of an operator the right side runs first, and outside if there are several outputs:
//!   `(1, 2) + (10, 20)` begins with `11, 12`;
//! * `l |= f` works on every `l` that has paths, as in `first(.[]) |= f`.

use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Def, Pattern, Term},
    },
    path::{Opt, Part},
};
use std::fmt::Write;

/// The program written anew, or `None` if it can stay as it is.
pub(super) fn normalized(term: &Term<&str>) -> Option<String> {
    let mut printer = Printer { out: String::new(), changed: false };
    printer.term(term);
    printer.changed.then_some(printer.out)
}

struct Printer {
    out: String,
    changed: bool,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A term in parentheses, so that nothing depends on how tightly operators bind.
    fn group(&mut self, term: &Term<&str>) {
        self.put("(");
        self.term(term);
        self.put(")");
    }

    fn list(&mut self, terms: &[Term<&str>], separator: &str) {
        for (n, term) in terms.iter().enumerate() {
            self.put(if n > 0 { separator } else { "" });
            self.term(term);
        }
    }

    fn args(&mut self, args: &[Term<&str>]) {
        if !args.is_empty() {
            self.put("(");
            self.list(args, "; ");
            self.put(")");
        }
    }

    fn term(&mut self, term: &Term<&str>) {
        match term {
            Term::Id => self.put("."),
            Term::Recurse => self.put(".."),
            Term::Num(text) | Term::Var(text) => self.put(text),
            Term::Str(format, parts) => self.string(*format, parts),
            Term::Arr(None) => self.put("[]"),
            Term::Arr(Some(term)) => {
                self.put("[");
                self.term(term);
                self.put("]");
            }
            Term::Obj(entries) => {
                self.put("{");
                for (n, (key, value)) in entries.iter().enumerate() {
                    self.put(if n > 0 { ", " } else { "" });
                    match (key, value) {
                        (Term::Var(_) | Term::Str(..), None) => self.term(key),
                        (Term::Str(..), Some(_)) => self.term(key),
                        _ => self.group(key),
                    }
                    if let Some(value) = value {
                        self.put(": ");
                        self.group(value);
                    }
                }
                self.put("}");
            }
            Term::Neg(term) => {
                self.put("-");
                self.group(term);
            }
            Term::BinOp(left, op, right) => self.operator(left, op, right),
            Term::Label(name, term) => {
                let _ = write!(self.out, "label {name} | ");
                self.term(term);
            }
            Term::Break(name) => {
                let _ = write!(self.out, "break {name}");
            }
            Term::Fold(fold, source, pattern, args) => {
                let _ = write!(self.out, "{fold} ");
                self.group(source);
                self.put(" as ");
                self.pattern(pattern);
                self.put(" ");
                self.args(args);
            }
            Term::TryCatch(body, catch) => {
                self.put("try ");
                self.group(body);
                if let Some(catch) = catch {
                    self.put(" catch ");
                    self.group(catch);
                }
            }
            Term::IfThenElse(branches, otherwise) => {
                for (n, (condition, then)) in branches.iter().enumerate() {
                    self.put(if n > 0 { " elif " } else { "if " });
                    self.term(condition);
                    self.put(" then ");
                    self.term(then);
                }
                if let Some(otherwise) = otherwise {
                    self.put(" else ");
                    self.term(otherwise);
                }
                self.put(" end");
            }
            Term::Def(defs, rest) => {
                defs.iter().for_each(|def| self.def(def));
                self.term(rest);
            }
            Term::Call(name, args) => {
                self.put(name);
                self.args(args);
            }
            Term::Path(head, path) => {
                self.group(head);
                for (part, opt) in &path.0 {
                    match part {
                        Part::Index(term) => {
                            self.put("[");
                            self.term(term);
                        }
                        Part::Range(from, to) => {
                            self.put("[");
                            from.iter().for_each(|term| self.term(term));
                            self.put(if from.is_some() || to.is_some() { ":" } else { "" });
                            to.iter().for_each(|term| self.term(term));
                        }
                    }
                    self.put("]");
                    self.put(if matches!(opt, Opt::Optional) { "?" } else { "" });
                }
            }
        }
    }

    fn def(&mut self, def: &Def<&str>) {
        let _ = write!(self.out, "def {}", def.name);
        if !def.args.is_empty() {
            let _ = write!(self.out, "({})", def.args.join("; "));
        }
        self.put(": ");
        self.term(&def.body);
        self.put("; ");
    }

    fn string(&mut self, format: Option<&str>, parts: &[StrPart<&str, Term<&str>>]) {
        if let Some(format) = format {
            let _ = write!(self.out, "{format} ");
        }
        self.put("\"");
        for part in parts {
            match part {
                StrPart::Str(text) => self.put(text),
                StrPart::Char(c) => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        let _ = write!(self.out, "\\u{unit:04x}");
                    }
                }
                StrPart::Term(term) => {
                    self.put("\\");
                    self.group(term);
                }
            }
        }
        self.put("\"");
    }

    fn pattern(&mut self, pattern: &Pattern<&str>) {
        match pattern {
            Pattern::Var(name) => self.put(name),
            Pattern::Arr(patterns) => {
                for (n, pattern) in patterns.iter().enumerate() {
                    self.put(if n > 0 { ", " } else { "[" });
                    self.pattern(pattern);
                }
                self.put("]");
            }
            Pattern::Obj(entries) => {
                for (n, (key, pattern)) in entries.iter().enumerate() {
                    self.put(if n > 0 { ", " } else { "{" });
                    self.group(key);
                    self.put(": ");
                    self.pattern(pattern);
                }
                self.put("}");
            }
        }
    }

    fn operator(&mut self, left: &Term<&str>, op: &BinaryOp<&str>, right: &Term<&str>) {
        let symbol = match op {
            BinaryOp::Pipe(None) => "|",
            BinaryOp::Pipe(Some(pattern)) => {
                self.group(left);
                self.put(" as ");
                self.pattern(pattern);
                self.put(" | ");
                return self.term(right);
            }
            BinaryOp::Comma => ",",
            BinaryOp::Alt => {
                self.changed |= !cannot_fail(left);
                self.put("(try ");
                self.group(left);
                self.put(") // ");
                return self.group(right);
            }
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Math(op) => return self.multiply(left, op.as_str(), right),
            BinaryOp::Cmp(op) => return self.multiply(left, op.as_str(), right),
            BinaryOp::Assign if !updates_alike(left) => {
                return self.update(left, right, "__assign", "$__right");
            }
            BinaryOp::Update if !updates_alike(left) => {
                self.changed = true;
                self.put("__modify(");
                self.list(&[left.clone(), right.clone()], "; ");
                return self.put(")");
            }
            BinaryOp::UpdateMath(op) if !updates_alike(left) => {
                let change = format!(". {} $__right", op.as_str());
                return self.update(left, right, "__modify", &change);
            }
            BinaryOp::UpdateAlt if !updates_alike(left) => {
                return self.update(left, right, "__modify", ". // $__right");
            }
            BinaryOp::Assign => "=",
            BinaryOp::Update => "|=",
            BinaryOp::UpdateMath(op) => {
                self.group(left);
                let _ = write!(self.out, " {}= ", op.as_str());
                return self.group(right);
            }
            BinaryOp::UpdateAlt => "//=",
        };
        self.group(left);
        let _ = write!(self.out, " {symbol} ");
        self.group(right);
    }

    /// An operator, its right side evaluated first and, if it has several outputs, outside.
    fn multiply(&mut self, left: &Term<&str>, op: &str, right: &Term<&str>) {
        if is_plain(left) || is_plain(right) {
            self.group(left);
            let _ = write!(self.out, " {op} ");
            return self.group(right);
        }
        self.changed = true;
        self.put("(");
        self.group(right);
        self.put(" as $__right | ");
        self.group(left);
        let _ = write!(self.out, " {op} $__right)");
    }

    fn update(&mut self, left: &Term<&str>, right: &Term<&str>, with: &str, change: &str) {
        self.changed = true;
        self.put("(");
        self.group(right);
        let _ = write!(self.out, " as $__right | {with}(");
        self.term(left);
        let _ = write!(self.out, "; {change}))");
    }
}

/// Variables, literals and keys of what cannot be anything but an object: never an error.
fn cannot_fail(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => true,
        Term::Path(head, path) => {
            cannot_fail(head) && path.0.iter().all(|(_, opt)| matches!(opt, Opt::Optional))
        }
        Term::TryCatch(_, None) => true,
        Term::BinOp(left, BinaryOp::Comma | BinaryOp::Alt, right) => {
            cannot_fail(left) && cannot_fail(right)
        }
        _ => false,
    }
}

/// True if a term has exactly one output and never fails, so that it does not matter when it runs.
fn is_plain(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => true,
        Term::Str(_, parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))),
        _ => false,
    }
}

/// True if jaq updates such a place as jq does.
fn updates_alike(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Recurse => true,
        Term::Path(head, _) => updates_alike(head),
        Term::BinOp(left, BinaryOp::Pipe(None) | BinaryOp::Comma, right) => {
            updates_alike(left) && updates_alike(right)
        }
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().all(|(_, then)| updates_alike(then))
                && otherwise.as_ref().is_none_or(|term| updates_alike(term))
        }
        Term::Call(name, args) => matches!(
            (*name, args.len()),
            ("select", 1)
                | ("getpath", 1)
                | (
                    "empty"
                        | "values"
                        | "objects"
                        | "arrays"
                        | "strings"
                        | "numbers"
                        | "booleans"
                        | "nulls"
                        | "scalars"
                        | "iterables",
                    0
                )
        ),
        _ => false,
    }
}
