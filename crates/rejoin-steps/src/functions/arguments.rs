//! The arguments of a call, by the positions of the function's parameters. What is of another kind than the parameter is a
//! fault of the program.

use rejoin_engine::Datum;
use rejoin_lang::cov;
use rejoin_lang::plan::LibraryFunction;

pub(super) struct Arguments {
    function: &'static LibraryFunction,
    values: Vec<Datum>,
}

impl Arguments {
    /// Nothing for a function that the library does not have.
    pub(super) fn new(function: &str, values: Vec<Datum>) -> Option<Self> {
        Some(Self { function: cov::library(function)?, values })
    }

    pub(super) fn id(&self) -> &'static str {
        self.function.id
    }

    pub(super) fn get(&self, at: usize) -> &Datum {
        self.values.get(at).unwrap_or(&Datum::None)
    }

    pub(super) fn text(&self, at: usize) -> Result<&str, Datum> {
        self.get(at).as_text().ok_or_else(|| self.wrong(at, "a text"))
    }

    pub(super) fn optional_text(&self, at: usize) -> Result<Option<&str>, Datum> {
        self.optional(at, |arguments| arguments.text(at))
    }

    pub(super) fn int(&self, at: usize) -> Result<i64, Datum> {
        match self.get(at) {
            Datum::Int(number) => Ok(*number),
            _ => Err(self.wrong(at, "a whole number")),
        }
    }

    /// A number of milliseconds, if there is one.
    pub(super) fn optional_time(&self, at: usize) -> Result<Option<u64>, Datum> {
        self.optional(at, |arguments| {
            u64::try_from(arguments.int(at)?).map_err(|_| arguments.wrong(at, "not negative"))
        })
    }

    pub(super) fn optional_int(&self, at: usize) -> Result<Option<i64>, Datum> {
        self.optional(at, |arguments| arguments.int(at))
    }

    /// The texts of a list; none at all without one.
    pub(super) fn texts(&self, at: usize) -> Result<Vec<&str>, Datum> {
        let wrong = || self.wrong(at, "a list of texts");
        match self.get(at) {
            Datum::None => Ok(Vec::new()),
            Datum::List(items) => {
                items.iter().map(|item| item.as_text().ok_or_else(wrong)).collect()
            }
            _ => Err(wrong()),
        }
    }

    fn optional<'a, T>(
        &'a self,
        at: usize,
        read: impl FnOnce(&'a Self) -> Result<T, Datum>,
    ) -> Result<Option<T>, Datum> {
        match self.get(at) {
            Datum::None => Ok(None),
            _ => read(self).map(Some),
        }
    }

    /// The fault that an argument is not what it must be.
    pub(super) fn wrong(&self, at: usize, wanted: &str) -> Datum {
        let param = self.function.params.get(at);
        let name = param.and_then(|param| param.names.first()).copied().unwrap_or_default();
        let given = self.get(at).type_name();
        let message = format!("`{}`: `{name}` must be {wanted}, and is {given}", self.function.id);
        Datum::record(
            "RuntimeError",
            [("code", Datum::text("E-TYPE-006")), ("message", Datum::text(message))],
        )
    }
}
