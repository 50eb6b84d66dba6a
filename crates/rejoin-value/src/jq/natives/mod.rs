//! The functions that are not definitions: a name, how many arguments, and what it does.

mod regex;
mod time;

use super::{
    limits::{Kept, tick},
    ops::{self, Outcome},
    val::{Val, lift, raise},
};
use crate::Value;
use jaq_core::{
    Ctx, Cv, DataT, Exn, RunPtr, ValXs,
    box_iter::box_once,
    data::HasLut,
    native::{Filter, Fun, run, v},
};
use jiff::tz::TimeZone;

/// What jaq's evaluator runs on.
pub(super) struct Data;

pub(super) type Lut = jaq_core::Lut<Data>;

/// The table of terms; handing it out is what every step of jaq's evaluator does, so this is where
/// steps are counted. Whatever the evaluator keeps for later keeps a clone of this: those are counted, too.
#[derive(Clone)]
pub(super) struct Counted<'a> {
    lut: &'a Lut,
    _kept: Kept,
}

impl DataT for Data {
    type V<'a> = Val;
    type Data<'a> = Counted<'a>;
}

impl<'a> HasLut<'a, Data> for Counted<'a> {
    #[inline]
    fn lut(&self) -> &'a Lut {
        tick();
        self.lut
    }
}

/// A function from an input and the values of its arguments.
pub(super) type Native = fn(Value, &[Value]) -> Outcome;

macro_rules! natives {
    ($($name:literal / $arity:literal => $function:expr;)*) => {
        /// Every function of values: name, number of arguments, function.
        pub(super) const NATIVES: &[(&str, usize, Native)] = &[$(($name, $arity, $function)),*];

        fn wrapped() -> Vec<Filter<RunPtr<Data>>> {
            vec![$(($name, v($arity), |cv| call(cv, $arity, $function))),*]
        }
    };
}

fn call(mut cv: Cv<'_, Data>, arity: usize, native: Native) -> ValXs<'_, Val> {
    let mut args = [Value::Null, Value::Null, Value::Null];
    for slot in args[..arity].iter_mut().rev() {
        *slot = cv.0.pop_var().0;
    }
    box_once(lift(native(cv.1.0, &args[..arity])).map_err(Exn::from))
}

natives! {
    "length" / 0 => |v, _| ops::length(&v);
    "utf8bytelength" / 0 => |v, _| ops::utf8bytelength(&v);
    "not" / 0 => |v, _| Ok((!v.is_truthy()).into());
    "type" / 0 => |v, _| Ok(v.type_name().into());
    "keys" / 0 => |v, _| ops::keys(&v, true);
    "keys_unsorted" / 0 => |v, _| ops::keys(&v, false);
    "has" / 1 => |v, a| ops::has(&v, &a[0]).map(Value::from);
    "contains" / 1 => |v, a| ops::contains(&v, &a[0]).map(Value::from);
    "inside" / 1 => |v, a| ops::contains(&a[0], &v).map(Value::from);
    "in" / 1 => |v, a| ops::has(&a[0], &v).map(Value::from);
    "add" / 0 => |v, _| ops::add_all(v);
    "reverse" / 0 => |v, _| ops::reverse(v);
    "sort" / 0 => |v, _| ops::sort(v);
    "unique" / 0 => |v, _| {
        let sorted = match &v {
            Value::Array(items) => ops::sorted_by(v.clone(), items.to_vec(), "sorted"),
            _ => ops::sorted_by(v, Vec::new(), "sorted"),
        };
        sorted.map(ops::firsts)
    };
    "min" / 0 => |v, _| ops::min_max(v, false);
    "max" / 0 => |v, _| ops::min_max(v, true);
    "__sort_by" / 1 => |v, a| {
        let keyed = ops::sorted_by(v, keys_of(&a[0]), "sorted")?;
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    };
    "__group_by" / 1 => |v, a| ops::sorted_by(v, keys_of(&a[0]), "grouped").map(ops::groups);
    "__unique_by" / 1 => |v, a| ops::sorted_by(v, keys_of(&a[0]), "grouped").map(ops::firsts);
    "__min_by" / 1 => |v, a| Ok(ops::extreme(ops::children(v)?, keys_of(&a[0]), false));
    "__max_by" / 1 => |v, a| Ok(ops::extreme(ops::children(v)?, keys_of(&a[0]), true));
    "flatten" / 0 => |v, _| ops::flatten(v, f64::INFINITY);
    "flatten" / 1 => |v, a| match a[0].as_f64() {
        Some(depth) => ops::flatten(v, depth),
        None => ops::fail("flatten depth must not be negative"),
    };
    "transpose" / 0 => |v, _| ops::transpose(v);
    "indices" / 1 => |v, a| ops::indices(&v, &a[0]);
    "index" / 1 => |v, a| at_end(&ops::indices(&v, &a[0])?, false);
    "rindex" / 1 => |v, a| at_end(&ops::indices(&v, &a[0])?, true);
    "bsearch" / 1 => |v, a| ops::bsearch(&v, &a[0]);
    "join" / 1 => |v, a| ops::join(v, &a[0]);
    "toarray" / 0 => |v, _| Ok(ops::toarray(v));
    "to_entries" / 0 => |v, _| ops::to_entries(&v);
    "from_entries" / 0 => |v, _| ops::from_entries(v);
    "__stream" / 0 => |v, _| Ok(ops::stream_events(&v).into());
    "setpath" / 2 => |v, a| ops::setpath(v, &a[0], a[1].clone());
    "delpaths" / 1 => |v, a| ops::delpaths(v, &a[0]);
    "__del" / 1 => |v, a| {
        // The path must lead somewhere, or the error is that of reading it.
        ops::getpath(&v, &a[0])?;
        ops::delpaths(v, &vec![a[0].clone()].into())
    };
    "__getpath" / 1 => |v, a| ops::getpath(&v, &a[0]);
    "tojson" / 0 => |v, _| Ok(ops::tojson(&v));
    "fromjson" / 0 => |v, _| ops::fromjson(&v);
    "tostring" / 0 => |v, _| Ok(ops::tostring(v));
    "tonumber" / 0 => |v, _| ops::tonumber(v);
    "toboolean" / 0 => |v, _| ops::toboolean(&v);
    "ascii_downcase" / 0 => |v, _| ops::ascii_case(&v, false);
    "ascii_upcase" / 0 => |v, _| ops::ascii_case(&v, true);
    "ascii" / 0 => |v, _| ops::implode(&vec![v].into());
    "explode" / 0 => |v, _| ops::explode(&v);
    "implode" / 0 => |v, _| ops::implode(&v);
    "split" / 1 => |v, a| ops::split_values(&v, &a[0]);
    "startswith" / 1 => |v, a| ops::starts_or_ends(&v, &a[0], false);
    "endswith" / 1 => |v, a| ops::starts_or_ends(&v, &a[0], true);
    "ltrimstr" / 1 => |v, a| Ok(ops::trim_part(v, &a[0], false));
    "rtrimstr" / 1 => |v, a| Ok(ops::trim_part(v, &a[0], true));
    "trimstr" / 1 => |v, a| Ok(ops::trim_part(ops::trim_part(v, &a[0], false), &a[0], true));
    "trim" / 0 => |v, _| ops::trim(&v, |s| s.trim_matches(is_space));
    "ltrim" / 0 => |v, _| ops::trim(&v, |s| s.trim_start_matches(is_space));
    "rtrim" / 0 => |v, _| ops::trim(&v, |s| s.trim_end_matches(is_space));
    "__format" / 1 => |v, a| ops::format(a[0].as_str().unwrap_or_default(), v);
    "format" / 1 => |v, a| match &a[0] {
        Value::String(name) => ops::format(name, v),
        other => ops::fail(format!("{} is not a valid format", ops::shown(other))),
    };
    "floor" / 0 => |v, _| ops::rounded(v, f64::floor);
    "ceil" / 0 => |v, _| ops::rounded(v, f64::ceil);
    "round" / 0 => |v, _| ops::rounded(v, f64::round);
    "trunc" / 0 => |v, _| ops::rounded(v, f64::trunc);
    "rint" / 0 => |v, _| ops::rounded(v, f64::round_ties_even);
    "nearbyint" / 0 => |v, _| ops::rounded(v, f64::round_ties_even);
    "fabs" / 0 => |v, _| Ok(ops::double(&v)?.abs().into());
    "abs" / 0 => |v, _| ops::abs(v);
    "sqrt" / 0 => |v, _| Ok(ops::whole(ops::double(&v)?.sqrt()));
    "pow" / 2 => |_, a| Ok(ops::whole(ops::double(&a[0])?.powf(ops::double(&a[1])?)));
    "significand" / 0 => |v, _| Ok(significand(ops::double(&v)?).into());
    "logb" / 0 => |v, _| Ok(logb(ops::double(&v)?).into());
    "infinite" / 0 => |_, _| Ok(f64::INFINITY.into());
    "nan" / 0 => |_, _| Ok(f64::NAN.into());
    "isnan" / 0 => |v, _| Ok(ops::double(&v)?.is_nan().into());
    "isinfinite" / 0 => |v, _| Ok(ops::double(&v)?.is_infinite().into());
    "isnormal" / 0 => |v, _| Ok(ops::double(&v)?.is_normal().into());
    "__regex" / 3 => |v, a| regex::matches(&v, &a[0], &a[1], a[2].is_truthy());
    "mktime" / 0 => |v, _| time::mktime(&v);
    "gmtime" / 0 => |v, _| time::gmtime(&v, TimeZone::UTC, "gmtime");
    "localtime" / 0 => |v, _| time::gmtime(&v, TimeZone::system(), "localtime");
    "strftime" / 1 => |v, a| time::strftime(&v, &a[0], TimeZone::UTC, "strftime/1");
    "strflocaltime" / 1 => |v, a| time::strftime(&v, &a[0], TimeZone::system(), "strflocaltime/1");
    "strptime" / 1 => |v, a| time::strptime(&v, &a[0]);
    "now" / 0 => |_, _| Ok(time::now().into());
    "input_line_number" / 0 => |_, _| Ok(0.into());
    "input_filename" / 0 => |_, _| Ok(Value::Null);
    "have_literal_numbers" / 0 => |_, _| Ok(true.into());
    "have_decnum" / 0 => |_, _| Ok(false.into());
}

/// The keys that the definitions of `sort_by` and its kin have computed.
fn keys_of(keys: &Value) -> Vec<Value> {
    keys.as_array().map(|keys| keys.to_vec()).unwrap_or_default()
}

fn at_end(indices: &Value, last: bool) -> Outcome {
    let found =
        indices.as_array().and_then(|array| if last { array.last() } else { array.first() });
    Ok(found.cloned().unwrap_or_default())
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C')
}

fn significand(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() { x } else { x / logb(x).exp2() }
}

fn logb(x: f64) -> f64 {
    if x == 0.0 {
        f64::NEG_INFINITY
    } else if x.is_infinite() {
        f64::INFINITY
    } else {
        x.abs().log2().floor()
    }
}

/// `range($from; $to; $by)`, counted step by step.
fn range(mut cv: Cv<'_, Data>) -> ValXs<'_, Val> {
    let mut next = || cv.0.pop_var().0;
    let (by, to, from) = (next(), next(), next());
    match ops::range(&from, &to, &by) {
        Ok(numbers) => Box::new(numbers.map(|value| Ok(Val(value)))),
        Err(fail) => box_once(Err(Exn::from(raise(fail)))),
    }
}

/// Functions of jaq's core under names of our own, where a definition wraps them.
fn renamed(name: &'static str) -> Option<&'static str> {
    Some(match name {
        "path" => "path",
        "path_value" => "__path_value",
        "first" => "__first",
        "last" => "__last",
        "limit" => "__limit",
        "skip" => "__skip",
        "error_empty" => "__error",
        _ => return None,
    })
}

/// Functions of mathematics that are taken as they are.
pub(super) const MATHEMATICS: &[&str] = &[
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "exp",
    "exp10",
    "exp2",
    "expm1",
    "frexp",
    "j0",
    "j1",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "modf",
    "sin",
    "sinh",
    "tan",
    "tanh",
    "tgamma",
    "y0",
    "y1",
    "atan2",
    "copysign",
    "fdim",
    "fmax",
    "fmin",
    "fmod",
    "hypot",
    "jn",
    "ldexp",
    "nextafter",
    "remainder",
    "scalbln",
    "yn",
    "fma",
    "erf",
    "erfc",
    "ilogb",
];

/// All functions for jaq's compiler.
pub(super) fn functions() -> Vec<Fun<Data>> {
    let core = jaq_core::funs::<Data>()
        .filter_map(|(name, args, function)| Some((renamed(name)?, args, function)));
    let mathematics = jaq_std::extra_funs::<Data>().filter(|(name, ..)| MATHEMATICS.contains(name));
    let own = wrapped().into_iter().map(|filter| run::<Data>(filter));
    let range = std::iter::once(run::<Data>(("range", v(3), |cv| range(cv))));
    core.chain(mathematics).chain(own).chain(range).collect()
}

/// The context of a run.
pub(super) fn context<'a>(lut: &'a Lut, vars: impl IntoIterator<Item = Value>) -> Ctx<'a, Data> {
    Ctx::new(Counted { lut, _kept: Kept::new() }, jaq_core::Vars::new(vars.into_iter().map(Val)))
}
