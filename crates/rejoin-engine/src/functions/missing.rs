//! What a function needs and this version or its host does not have: said before anything runs.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use rejoin_lang::cov;
use rejoin_lang::plan::{
    Action, DataTarget, Function, FunctionCallee, FunctionStep, Functions, Request,
};
use rejoin_lang::source::Span;

use super::{FunctionHost, Grants, library};

/// What each function of a program needs, found when it is called first.
#[derive(Clone, Debug)]
pub(super) struct Known(Arc<[OnceLock<Needs>]>);

/// What a function and all that it calls need.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// The databases that they use.
    pub(super) databases: Vec<usize>,
    /// Functions that the host must have, and where a step calls one of the library.
    host: Vec<(Arc<str>, Option<Span>)>,
    /// Effects, each with the first that has it.
    effects: Vec<(Arc<str>, Arc<str>)>,
    /// What nobody can run.
    impossible: Option<String>,
}

impl Known {
    pub(super) fn new(program: &Functions) -> Self {
        Self(program.functions.iter().map(|_| OnceLock::new()).collect())
    }

    /// The databases that the function of that index uses.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub(super) fn databases(
        &self,
        program: &Functions,
        host: &dyn FunctionHost,
        grants: &Grants,
        index: usize,
    ) -> Result<&[usize], String> {
        let entry = &program.functions[index];
        let needs = self.0[index].get_or_init(|| Needs::of(program, entry, false));
        needs.met_by(program, host)?;
        needs.granted_by(grants).map_err(|what| format!("`{}` {what}", entry.id))?;
        Ok(&needs.databases)
    }
}

impl Needs {
    /// What a function needs; in a test what stands in for others does so.
    pub(super) fn of(program: &Functions, entry: &Function, is_test: bool) -> Self {
        let mut walk = Walk {
            program,
            is_test,
            needs: Self::default(),
            seen: HashSet::from([&*entry.id]),
            open: vec![entry],
        };
        while let Some(function) = walk.open.pop() {
            let Some(body) = &function.body else {
                walk.needs.host.push((function.id.clone(), None));
                walk.effects(function);
                continue;
            };
            if let Err(what) = walk.steps(body) {
                walk.needs.impossible = Some(what);
                break;
            }
        }
        walk.needs
    }

    /// # Errors
    /// The first thing that is missing.
    pub(super) fn met_by(
        &self,
        program: &Functions,
        host: &dyn FunctionHost,
    ) -> Result<(), String> {
        if let Some(what) = &self.impossible {
            return Err(what.clone());
        }
        let missing = self.host.iter().find(|(id, _)| !host.knows(id));
        match missing {
            None => Ok(()),
            Some((id, None)) => {
                Err(format!("`{id}` is supplied by the host, and this one does not have it"))
            }
            Some((id, Some(span))) => Err(refused(program, *span, &format!("the function `{id}`"))),
        }
    }
}

impl Needs {
    /// # Errors
    /// The first effect that is not among them.
    fn granted_by(&self, grants: &Grants) -> Result<(), String> {
        match self.effects.iter().find(|(effect, _)| !grants.allows(effect)) {
            None => Ok(()),
            Some((effect, who)) => Err(format!(
                "needs the effect `{effect}`, because of `{who}`, and this run does not allow it: allow `{effect}`"
            )),
        }
    }
}

struct Walk<'p> {
    program: &'p Functions,
    is_test: bool,
    needs: Needs,
    seen: HashSet<&'p str>,
    open: Vec<&'p Function>,
}

impl<'p> Walk<'p> {
    fn steps(&mut self, body: &'p [FunctionStep]) -> Result<(), String> {
        let mut lists = vec![body];
        while let Some(steps) = lists.pop() {
            for step in steps {
                self.step(step).map_err(|what| refused(self.program, step.span, &what))?;
                step.inner(|steps| lists.push(steps));
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &'p FunctionStep) -> Result<(), String> {
        match &step.action {
            Action::Absent(kind) => return Err(format!("a step of kind `{kind}`")),
            Action::Call(call) => match call.callee {
                FunctionCallee::Function(callee) => {
                    let function = &self.program.functions[callee];
                    self.calls(self.stand_in(&function.id).unwrap_or(function));
                }
                FunctionCallee::Library(function) if function.is_for_tests() => {
                    if !self.is_test {
                        return Err(format!("`{}` outside of a test", function.id));
                    }
                }
                FunctionCallee::Library(function) => match self.stand_in(function.id) {
                    Some(stand_in) => self.calls(stand_in),
                    None if library::knows(function.id) => {}
                    None => {
                        self.needs.host.push((function.id.into(), Some(step.span)));
                        self.effect(function.effect, function.id);
                    }
                },
                FunctionCallee::Unknown => {}
            },
            Action::Data(data) => match (data.target, &data.request) {
                (DataTarget::Database(at), Request::Sql(_))
                    if self.program.databases[at].connection.is_none() =>
                {
                    return Err(
                        "SQL on tables in memory: give the database a `connection`".to_owned()
                    );
                }
                (DataTarget::Database(at), _) => {
                    self.needs.databases.push(at);
                    self.effect(Some("database"), &self.program.databases[at].id);
                }
                (DataTarget::Documents, request) => {
                    for function in documents(request).iter().copied() {
                        match self.stand_in(function) {
                            Some(stand_in) => self.calls(stand_in),
                            None => {
                                self.needs.host.push((function.into(), Some(step.span)));
                                self.effect(Some("std.storage"), "std.storage");
                            }
                        }
                    }
                }
                (DataTarget::Project, _) => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// Those of a function that the host supplies.
    fn effects(&mut self, function: &Function) {
        self.effect(cov::library(&function.id).and_then(|known| known.effect), &function.id);
        for (effect, _) in &function.effects {
            self.effect(Some(effect), &function.id);
        }
    }

    fn effect(&mut self, effect: Option<&str>, of: &str) {
        let known = &mut self.needs.effects;
        if let Some(effect) = effect.filter(|new| known.iter().all(|(effect, _)| **effect != **new))
        {
            known.push((effect.into(), of.into()));
        }
    }

    fn stand_in(&self, id: &str) -> Option<&'p Function> {
        if self.is_test { super::stand_in(self.program, id) } else { None }
    }

    fn calls(&mut self, function: &'p Function) {
        if self.seen.insert(&function.id) {
            self.open.push(function);
        }
    }
}

/// The functions of the library that a step on documents is made of.
fn documents<V>(request: &Request<V>) -> &'static [&'static str] {
    const QUERY: &str = "std.storage.doc.query";
    match request {
        Request::Insert(..) => &[QUERY, "std.storage.doc.get", "std.storage.doc.put"],
        Request::Update(..) => &[QUERY, "std.storage.doc.put"],
        Request::Delete(..) => &[QUERY, "std.storage.doc.delete"],
        Request::Select(_) | Request::Sql(_) => &[QUERY],
    }
}

fn refused(program: &Functions, span: Span, what: &str) -> String {
    format!("{}: this version does not run {what}", program.sources.location(span))
}
