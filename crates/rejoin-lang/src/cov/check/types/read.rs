//! Type strings: `Int`, `T?`, `T[]`, `List<T>`, `Map<K, V>`, `Enum::Variant`, `A | B`, functions and tuples.

use std::rc::Rc;

use super::Type;

/// How deep types may nest.
const MAX_DEPTH: usize = 32;

/// The type, and every name in it that is no part of the language.
pub(super) fn read(text: &str) -> Option<(Type, Vec<&str>)> {
    let mut reader = Reader { text, pos: 0, names: Vec::new() };
    let kind = reader.union(0)?;
    reader.skip();
    (reader.pos == text.len()).then_some((kind, reader.names))
}

struct Reader<'t> {
    text: &'t str,
    pos: usize,
    names: Vec<&'t str>,
}

impl<'t> Reader<'t> {
    fn skip(&mut self) {
        let rest = &self.text[self.pos..];
        self.pos += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.skip();
        let is = self.text[self.pos..].starts_with(sign);
        self.pos += if is { sign.len() } else { 0 };
        is
    }

    fn name(&mut self) -> Option<&'t str> {
        self.skip();
        let rest = &self.text[self.pos..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let mut length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        while rest[length..].starts_with("::") {
            let tail = &rest[length + 2..];
            length += 2 + tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        }
        let name = &rest[..length];
        self.pos += length;
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(name)
    }

    fn union(&mut self, depth: usize) -> Option<Type> {
        let mut members = vec![self.single(depth)?];
        while self.eat("|") {
            members.push(self.single(depth)?);
        }
        Some(Type::union(members))
    }

    fn single(&mut self, depth: usize) -> Option<Type> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut kind = self.base(depth)?;
        loop {
            if self.eat("?") {
                kind = kind.optional();
            } else if self.eat("[]") {
                kind = Type::List(Rc::new(kind));
            } else {
                return Some(kind);
            }
        }
    }

    /// Types behind an opening sign, up to the closing one.
    fn list(&mut self, closing: &str, depth: usize) -> Option<Vec<Type>> {
        let mut all = Vec::new();
        while !self.eat(closing) {
            all.push(self.union(depth + 1)?);
            if !self.eat(",") && !self.text[self.pos..].trim_start().starts_with(closing) {
                return None;
            }
        }
        Some(all)
    }

    fn base(&mut self, depth: usize) -> Option<Type> {
        if self.eat("(") {
            self.list(")", depth)?;
            if self.eat("->") {
                self.union(depth + 1)?;
            }
            return Some(Type::Any);
        }
        if self.eat("{") {
            while !self.eat("}") {
                self.name()?;
                if !self.eat(":") {
                    return None;
                }
                self.union(depth + 1)?;
                self.eat(",");
            }
            return Some(Type::Any);
        }
        let name = self.name()?;
        let mut of = if self.eat("<") { self.list(">", depth)? } else { Vec::new() };
        let last = of.pop();
        Some(match name {
            "Any" | "Fn" | "Function" | "Set" => Type::Any,
            "None" | "Unit" => Type::None,
            "Int" => Type::Int,
            "Float" => Type::Float,
            "Bool" => Type::Bool,
            "String" => Type::Text,
            "List" => Type::List(Rc::new(last.unwrap_or(Type::Any))),
            "Map" => Type::Map(Rc::new(last.unwrap_or(Type::Any))),
            "Optional" => last.unwrap_or(Type::Any).optional(),
            name => {
                self.names.push(name);
                Type::Named(name.into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn types_as_they_are_written() {
        for (text, wanted) in [
            ("Int", "Int"),
            ("Int?", "Int | None"),
            ("Optional<String>[]", "List<String | None>"),
            ("Map<String, List<Int>>", "Map<String, List<Int>>"),
            ("Way::Sea | HttpError", "Way::Sea | HttpError"),
            ("(Int, String) -> Bool", "Any"),
            ("{ a: Int, b: T[] }", "Any"),
        ] {
            assert_eq!(read(text).map(|(kind, _)| kind.to_string()).as_deref(), Some(wanted));
        }
        for text in ["", "Int>", "List<", "List<Int", "A B", "?", "é", "|", "A |", "(Int", "{a}"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"List<".repeat(100_000)), None);
    }
}
