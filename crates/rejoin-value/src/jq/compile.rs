//! From the text of a program to jaq's compiled form.

use super::habits;
use super::{
    analyze::{Facts, analyze},
    direct::{self, Node},
    error::{CompileError, CompileErrors},
    natives::{self, Data},
    normalize, surrogates,
};
use jaq_core::{
    compile::Undefined,
    load::{self, Arena, File, Lexer, Loader, lex, lex::Tok, parse, parse::Def},
};
use std::{collections::HashSet, ops::Range, sync::LazyLock};

/// Bytes of source that a program may have.
const LONGEST_SOURCE: usize = 64 << 10;

/// A program that can run, and what its text tells.
pub(super) struct Compiled {
    pub(super) engine: Engine,
    pub(super) facts: Facts,
}

/// What runs a program.
pub(super) enum Engine {
    Direct(Node),
    Jaq(jaq_core::Filter<Data>),
}

/// Which engines may run a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The direct one if it can.
    Fastest,
    /// For comparison.
    #[cfg(test)]
    Jaq,
}

static DEFINITIONS: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
    load::parse(include_str!("defs.jq"), |parser| parser.defs()).expect("our definitions parse")
});

/// Filters that a server has no use for, and why.
const REFUSED: [(&str, &str); 12] = [
    ("halt", "a filter cannot end the server"),
    ("halt_error", "a filter cannot end the server; raise an error with `error(...)`"),
    ("input", "a filter sees one input, `.`"),
    ("inputs", "a filter sees one input, `.`"),
    ("stderr", "a filter cannot write to the server's log"),
    ("env", "the environment holds secrets and is not shown to filters"),
    ("$ENV", "the environment holds secrets and is not shown to filters"),
    ("get_search_list", "modules are not available"),
    ("modulemeta", "modules are not available"),
    ("import", "modules are not available"),
    ("include", "modules are not available"),
    ("$__prog_args", "a filter has no arguments"),
];

/// Words and signs that may nest in a program; parsing recurses with each of them.
const MOST_NESTING: usize = 5_000;
/// Levels of terms within each other.
const DEEPEST_TERM: usize = 1_000;

/// How many words and signs of a source may each begin a level of nesting, at the most.
fn nesting(source: &str) -> usize {
    let signs = source.bytes().filter(|b| b"([{-|,+*/%=<>".contains(b)).count();
    let words = source.split(|c: char| !c.is_alphanumeric());
    let opening = ["try", "if", "def", "label", "reduce", "foreach", "as", "and", "or", "elif"];
    signs + words.filter(|word| opening.contains(word)).count()
}

/// Runs a function that recurses as deep as a program nests.
fn with_stack_for<T>(nesting: usize, f: impl FnOnce() -> T) -> T {
    // A level takes up to some ten KiB where nothing is optimised.
    stacker::maybe_grow((nesting + 16) * (20 << 10), (nesting + 64) * (20 << 10), f)
}

fn is_deeper_than(levels: usize, term: &parse::Term<&str>) -> bool {
    let mut deeper = false;
    super::walk::children(term, &mut |child| {
        deeper = deeper || levels == 0 || is_deeper_than(levels - 1, child);
    });
    deeper
}

/// Compiles a program; `vars` without their dollars.
pub(super) fn compile(
    source: &str,
    vars: &[&str],
    choice: Choice,
) -> Result<Compiled, CompileErrors> {
    if source.len() > LONGEST_SOURCE {
        let message = format!("program of {} bytes, more than {LONGEST_SOURCE}", source.len());
        let hint = "do the work in several jq steps, one after the other".to_owned();
        return Err(one(0..source.len(), message, Some(hint)));
    }
    match surrogates::respelled(source) {
        Some(anew) => anew.as_written(compile_text(&anew.text, vars, choice)),
        None => compile_text(source, vars, choice),
    }
}

fn compile_text(source: &str, vars: &[&str], choice: Choice) -> Result<Compiled, CompileErrors> {
    let nesting = nesting(source);
    if nesting > MOST_NESTING {
        let message = "the program has too many operators and brackets".to_owned();
        return Err(one(0..source.len(), message, None));
    }
    with_stack_for(nesting, || {
        let tokens = Lexer::new(source).lex().map_err(|errors| lex_errors(source, &errors))?;
        let mut words = Words::default();
        words.collect(&tokens);
        words.refuse(source)?;
        let respelled = words.respelled(source);
        let source = respelled.as_deref().unwrap_or(source);
        let term = load::parse(source, |parser| parser.term());
        if let Some(term) = &term {
            if is_deeper_than(DEEPEST_TERM, term) {
                let message = format!("the program nests deeper than {DEEPEST_TERM} levels");
                return Err(one(0..source.len(), message, None));
            }
            let facts = analyze(source, term);
            if choice == Choice::Fastest
                && let Some(node) = direct::compile(term, vars)
            {
                return Ok(Compiled { engine: Engine::Direct(node), facts });
            }
            let anew = normalize::normalized(term);
            // What is wrong is told about the program as it was written.
            if let Ok(jaq) = jaq(anew.as_deref().unwrap_or(source), vars, &words) {
                return Ok(Compiled { engine: Engine::Jaq(jaq), facts });
            }
        }
        let jaq = jaq(source, vars, &words)?;
        Ok(Compiled { engine: Engine::Jaq(jaq), facts: Facts::default() })
    })
}

fn jaq(
    source: &str,
    vars: &[&str],
    words: &Words<'_>,
) -> Result<jaq_core::Filter<Data>, CompileErrors> {
    let arena = Arena::default();
    let file = File { code: source, path: () };
    let modules = Loader::new(words.definitions())
        .load(&arena, file)
        .map_err(|errors| load_errors(source, errors))?;
    let globals: Vec<String> = vars.iter().map(|var| format!("${var}")).collect();
    jaq_core::Compiler::<_, Data>::default()
        .with_funs(natives::functions())
        .with_global_vars(globals.iter().map(String::as_str))
        .compile(modules)
        .map_err(|files| {
            let errors = files.into_iter().flat_map(|(_, errors)| errors);
            CompileErrors::new(
                errors.map(|(name, kind)| undefined(source, vars, name, &kind)).collect(),
            )
        })
}

fn one(span: Range<usize>, message: String, hint: Option<String>) -> CompileErrors {
    CompileErrors::new(vec![CompileError { span, message, hint }])
}

/// The bytes of `part`, if it is a part of the source (the definitions are another text).
pub(super) fn span_in(source: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(source.as_ptr().addr());
    if start <= source.len() { start..(start + part.len()).min(source.len()) } else { 0..0 }
}

fn shown(part: &str) -> String {
    match part.chars().count() {
        0 => "the end of the program".to_owned(),
        1..=24 => format!("`{part}`"),
        _ => format!("`{}…`", part.chars().take(24).collect::<String>()),
    }
}

/// What was expected, and what stands there.
fn expected_but(expected: &str, found: &str) -> String {
    let words: Vec<String> = expected
        .split(' ')
        .map(|word| match word {
            "then" | "else" | "elif" | "end" | "catch" | "as" => format!("`{word}`"),
            word => word.to_owned(),
        })
        .collect();
    let expected = words.join(" ");
    match found {
        "" if expected == "term" => "the program ends where a term is expected".to_owned(),
        "" => format!("the program ends where {expected} is expected"),
        found => format!("expected {expected}, found {}", shown(found)),
    }
}

fn lex_errors(source: &str, errors: &[lex::Error<&str>]) -> CompileErrors {
    let errors = errors.iter().map(|(expected, found)| {
        let span = span_in(source, found);
        let first = found.chars().next();
        let behind_first = span.start + first.map_or(1, char::len_utf8);
        let (message, end) = match expected {
            lex::Expect::Delim(open) => {
                let message = format!("`{}` is never closed", &open[..open.len().min(1)]);
                (message, behind_first)
            }
            lex::Expect::Token => {
                let c = first.map(String::from).unwrap_or_default();
                (format!("`{c}` means nothing here"), behind_first)
            }
            other => (format!("expected {}", other.as_str()), behind_first),
        };
        let hint = habits::hint(source, span.start);
        CompileError { span: span.start..end.min(source.len()), message, hint }
    });
    CompileErrors::new(errors.collect())
}

fn load_errors(source: &str, files: load::Errors<&str, ()>) -> CompileErrors {
    let mut all = Vec::new();
    for (_, error) in files {
        match error {
            load::Error::Io(errors) => {
                all.extend(errors.into_iter().map(|(path, _)| CompileError {
                    span: span_in(source, path),
                    message: "modules are not available".to_owned(),
                    hint: None,
                }))
            }
            load::Error::Lex(errors) => all.extend(lex_errors(source, &errors).iter().cloned()),
            load::Error::Parse(errors) => {
                all.extend(errors.into_iter().map(|(expected, found)| {
                    let span = span_in(source, found);
                    let hint = (found == "?" || found == "//").then(|| {
                        "alternatives in destructuring (`?//`) are not available".to_owned()
                    });
                    let hint = habits::hint(source, span.start).or(hint);
                    CompileError {
                        message: expected_but(expected.as_str(), found),
                        span: span.start..source.floor_char_boundary(span.end.min(span.start + 64)),
                        hint,
                    }
                }))
            }
        }
    }
    CompileErrors::new(all)
}

fn undefined(source: &str, vars: &[&str], name: &str, kind: &Undefined) -> CompileError {
    let span = span_in(source, name);
    let (message, hint) = match kind {
        Undefined::Filter(arity) => {
            let arities = known().filter(|(known, _)| *known == name).map(|(_, n)| n);
            let arities: Vec<String> = arities.map(|n| format!("`{name}/{n}`")).collect();
            let hint = if arities.is_empty() {
                nearest(name, known().map(|(name, _)| name))
            } else {
                Some(format!("there is {}", arities.join(", ")))
            };
            (format!("`{name}/{arity}` is not defined"), hint)
        }
        Undefined::Var => {
            let vars: Vec<String> = vars.iter().map(|var| format!("${var}")).collect();
            (format!("`{name}` is not defined"), nearest(name, vars.iter().map(String::as_str)))
        }
        other => (format!("{} `{name}` is not defined", other.as_str()), None),
    };
    CompileError { span, message, hint }
}

/// The filters that a program may call, with their numbers of arguments.
fn known() -> impl Iterator<Item = (&'static str, usize)> {
    let natives = natives::NATIVES.iter().map(|(name, arity, _)| (*name, *arity));
    let others = natives::MATHEMATICS.iter().map(|name| (*name, 0));
    let definitions = DEFINITIONS.iter().map(|def| (def.name, def.args.len()));
    let own = [("path", 1), ("range", 3)].into_iter();
    natives.chain(others).chain(definitions).chain(own).filter(|(name, _)| !name.starts_with("__"))
}

/// The known name that is spelled most like this one.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let most = name.len().div_ceil(3).max(1);
    let near = known.map(|known| (distance(name, known), known)).filter(|(d, _)| *d <= most);
    near.min().map(|(_, known)| format!("did you mean `{known}`?"))
}

/// Letters to change, add or leave out to get from one name to the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The names that a program mentions.
#[derive(Default)]
struct Words<'s> {
    names: HashSet<&'s str>,
    found: Vec<&'s str>,
    locations: Vec<&'s str>,
    /// The dots of numbers such as `.5`, which jaq reads as a path and a number.
    dots: Vec<&'s str>,
}

impl<'s> Words<'s> {
    fn collect(&mut self, tokens: &[lex::Token<&'s str>]) {
        for (n, lex::Token(text, token)) in tokens.iter().enumerate() {
            match token {
                Tok::Word | Tok::Fmt | Tok::Var => {
                    self.names.insert(text);
                    self.found.push(text);
                    if *text == "$__loc__" {
                        self.locations.push(text);
                    }
                }
                Tok::Str(parts) => parts.iter().for_each(|part| {
                    if let lex::StrPart::Term(token) = part {
                        self.collect(std::slice::from_ref(token));
                    }
                }),
                Tok::Block(tokens) => self.collect(tokens),
                Tok::Sym if *text == "." => {
                    let ends = |part: &str| part.as_ptr().addr() + part.len();
                    let is_number = matches!(tokens.get(n + 1), Some(lex::Token(next, Tok::Num)) if next.as_ptr().addr() == ends(text));
                    let before = n.checked_sub(1).map(|n| &tokens[n]);
                    // Behind a term a dot goes on with its path.
                    let goes_on = before.is_some_and(|lex::Token(part, token)| {
                        ends(part) == text.as_ptr().addr()
                            && (!matches!(token, Tok::Sym) || part.starts_with(['.', '?']))
                    });
                    if is_number && !goes_on {
                        self.dots.push(text);
                    }
                }
                Tok::Num | Tok::Sym => {}
            }
        }
    }

    /// Refuses what has no place in a server, unless the name is a key as in `{env: 1}`, or the
    /// program's own.
    fn refuse(&self, source: &str) -> Result<(), CompileErrors> {
        let mut errors = Vec::new();
        for word in &self.found {
            let Some((name, why)) = REFUSED.iter().find(|(name, _)| name == word) else { continue };
            let span = span_in(source, word);
            let before = source[..span.start].trim_end();
            let after = source[span.end..].trim_start();
            let is_key = before.ends_with(['{', ','])
                && after.starts_with([':', ',', '}'])
                && is_in_object(source, span.start);
            let is_own = before.ends_with("def") || source.contains(&format!("def {name}"));
            if !is_key && !is_own {
                let message = format!("`{name}` is not available: {why}");
                errors.push(CompileError { span, message, hint: None });
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(CompileErrors::new(errors)) }
    }

    /// The source with `$__loc__` replaced by the place where it stands, and `.5` by `0.5`.
    fn respelled(&self, source: &str) -> Option<String> {
        if self.locations.is_empty() && self.dots.is_empty() {
            return None;
        }
        let words = self.locations.iter().chain(&self.dots);
        let mut spans: Vec<_> = words.map(|word| span_in(source, word)).collect();
        spans.sort_by_key(|span| span.start);
        let (mut out, mut at) = (String::new(), 0);
        for span in spans {
            if &source[span.clone()] == "." {
                out.push_str(&source[at..span.start]);
                out.push('0');
                at = span.start;
                continue;
            }
            let line = source[..span.start].matches('\n').count() + 1;
            let before = source[..span.start].trim_end();
            let place = format!("{{file: \"<top-level>\", line: {line}}}");
            out.push_str(&source[at..span.start]);
            // `{$__loc__}` names its key.
            let is_entry = (before.ends_with('{') || before.ends_with(','))
                && source[span.end..].trim_start().starts_with(['}', ',']);
            if is_entry && is_in_object(source, span.start) {
                out.push_str("__loc__: ");
            }
            out.push_str(&format!("({place})"));
            at = span.end;
        }
        out.push_str(&source[at..]);
        Some(out)
    }

    /// The definitions that the program may need, found by name: compiling all of them for every
    /// program would cost more than most programs do.
    fn definitions(&self) -> impl Iterator<Item = Def<&'static str>> + use<> {
        let mut wanted: HashSet<&str> = self.names.clone();
        // `empty`, `not` and their like stand behind syntax, too.
        wanted.extend(["empty", "error", "__modify", "__assign"]);
        let mut kept = vec![false; DEFINITIONS.len()];
        // A definition uses earlier ones only, so one pass from the end finds all.
        for (at, def) in DEFINITIONS.iter().enumerate().rev() {
            if wanted.contains(def.name) {
                kept[at] = true;
                names_in(def, &mut wanted);
            }
        }
        let kept: Vec<_> = DEFINITIONS
            .iter()
            .zip(kept)
            .filter(|(_, kept)| *kept)
            .map(|(d, _)| d.clone())
            .collect();
        kept.into_iter()
    }
}

/// Adds the names that a definition mentions.
fn names_in(def: &Def<&'static str>, names: &mut HashSet<&str>) {
    super::walk::calls(&def.body, &mut |name| {
        names.insert(name);
    });
}

/// Whether the innermost bracket that is open at a place is a brace.
fn is_in_object(source: &str, at: usize) -> bool {
    let mut open = 0;
    for c in source[..at].bytes().rev() {
        match c {
            b')' | b']' | b'}' => open += 1,
            b'(' | b'[' | b'{' if open > 0 => open -= 1,
            b'{' => return true,
            b'(' | b'[' => return false,
            _ => {}
        }
    }
    false
}
