//! Numbers: what is kept exactly, how they compare, how they are written.

use std::{cmp::Ordering, fmt, sync::Arc};

/// A JSON number.
///
/// * Whole numbers that fit 64 bits are integers: exact, also through `+ - *` as long as the
///   result fits; beyond that the result is a double.
/// * Longer whole numbers keep the digits they were written with, until arithmetic turns them into
///   doubles. So an identifier of thirty digits passes through untouched.
/// * Everything else is a double, written in the shortest form that reads back as the same double.
///   A literal such as `1.0` keeps its fraction; a double that was computed and is whole is
///   written without one: `10/2` is `5`.
///
/// Comparison is exact between all of these: `1 == 1.0`, and two long integers that differ in
/// their last digit differ. `nan` is equal to nothing and sorts before every other number.
#[derive(Clone)]
pub struct Number(Form);

#[derive(Clone)]
enum Form {
    Int(i64),
    /// A double, written without a fraction if whole.
    Float(f64),
    /// A whole double that was written with the fraction `.0`.
    Decimal(f64),
    /// A whole number beyond 64 bits, as it was written: a sign and digits without leading zeros.
    /// Rare, so what keeps [`Form`] at two words is worth a second pointer.
    Long(Arc<Box<str>>),
}

impl Number {
    /// Reads a number as JSON writes it; also `.5` and `1.`, as jq programs may have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        if digits.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::from_digits(text));
        }
        Self::from_fraction(text)
    }

    /// The number written as an optional minus and digits alone.
    pub(crate) fn from_digits(text: &str) -> Self {
        match text.parse::<i64>() {
            Ok(0) if text.starts_with('-') => Number(Form::Float(-0.0)),
            Ok(n) => Number(Form::Int(n)),
            Err(_) => {
                let (sign, digits) = text.strip_prefix('-').map_or(("", text), |d| ("-", d));
                let exact = format!("{sign}{}", digits.trim_start_matches('0'));
                // What a double prints is that double, so that own text reads as the value it was.
                let double = Number(Form::Float(text.parse().unwrap_or(f64::INFINITY)));
                if double.as_f64().is_finite() && double.to_string() == exact {
                    return double;
                }
                Number(Form::Long(long(exact)))
            }
        }
    }

    /// The number written with a fraction or an exponent.
    pub(crate) fn from_fraction(text: &str) -> Option<Self> {
        let double: f64 = text.parse().ok()?;
        if !double.is_finite() {
            return Some(Number(Form::Float(f64::MAX.copysign(double))));
        }
        if double.fract() != 0.0 {
            return Some(Number(Form::Float(double)));
        }
        if !text.contains(['e', 'E']) {
            return Some(Number(Form::Decimal(double)));
        }
        Some(match whole(double) {
            Some(n) if n != 0 => Number(Form::Int(n)),
            _ => Number(Form::Float(double)),
        })
    }

    /// The number as a 64-bit integer, if it is whole and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Form::Int(n) => Some(*n),
            Form::Float(x) | Form::Decimal(x) => whole(*x),
            Form::Long(_) => None,
        }
    }

    /// The nearest double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Form::Int(n) => *n as f64,
            Form::Float(x) | Form::Decimal(x) => *x,
            Form::Long(digits) => digits.parse().unwrap_or(f64::NAN),
        }
    }

    /// The exact 64-bit integer behind the number, if that is how it is held.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self.0 {
            Form::Int(n) => Some(n),
            _ => None,
        }
    }

    /// True for `nan`, which only computation makes.
    #[must_use]
    pub fn is_nan(&self) -> bool {
        matches!(self.0, Form::Float(x) if x.is_nan())
    }

    /// True for a whole number, however it is held.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Form::Int(_) | Form::Long(_) => true,
            Form::Float(x) | Form::Decimal(x) => x.is_finite() && x.fract() == 0.0,
        }
    }

    /// True for a whole number beyond 64 bits that has every digit with which it was written.
    #[must_use]
    pub fn is_long(&self) -> bool {
        matches!(self.0, Form::Long(_))
    }

    pub(crate) fn negated(&self) -> Self {
        match &self.0 {
            Form::Int(n) => match n.checked_neg() {
                Some(0) => Number(Form::Float(-0.0)),
                Some(n) => Number(Form::Int(n)),
                None => (-self.as_f64()).into(),
            },
            Form::Decimal(x) => Number(Form::Decimal(-x)),
            Form::Long(digits) => Number(Form::Long(long(match digits.strip_prefix('-') {
                Some(digits) => digits.to_owned(),
                None => format!("-{digits}"),
            }))),
            Form::Float(x) => (-x).into(),
        }
    }

    /// Appends the JSON text. `nan` is written as `null`, infinities as the greatest doubles.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Form::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
            Form::Float(x) => write_double(*x, out),
            Form::Decimal(x) => {
                let start = out.len();
                write_double(*x, out);
                if out[start..].iter().all(|b| b.is_ascii_digit() || *b == b'-') {
                    out.extend_from_slice(b".0");
                }
            }
            Form::Long(digits) => out.extend_from_slice(digits.as_bytes()),
        }
    }
}

fn long(digits: String) -> Arc<Box<str>> {
    Arc::new(digits.into_boxed_str())
}

/// The double as an integer, if it is one and survives the way back.
fn whole(x: f64) -> Option<i64> {
    // 2^63 itself is a double, the greatest i64 is not.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (x.fract() == 0.0 && (-BOUND..BOUND).contains(&x)).then_some(x as i64)
}

/// Shortest digits that read back as the same double, laid out as jq does: an exponent only for
/// very small numbers and for those with more than fifteen zeros behind their digits.
fn write_double(x: f64, out: &mut Vec<u8>) {
    if x.is_nan() {
        return out.extend_from_slice(b"null");
    }
    let x = if x.is_finite() { x } else { f64::MAX.copysign(x) };
    if x == 0.0 || (1e-4..1e16).contains(&x.abs()) {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(x);
        return out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
    let text = format!("{x:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    out.extend_from_slice(sign.as_bytes());
    // The decimal point stands behind this many digits.
    let point = exponent + 1;
    let n_digits = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if point <= -4 || point > n_digits + 15 {
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest.as_bytes());
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    } else if let Ok(zeros @ 1..) = usize::try_from(-point) {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(digits.as_bytes());
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend_from_slice(digits.as_bytes());
    } else {
        let point = usize::try_from(point).unwrap_or(0);
        if point >= digits.len() {
            out.extend_from_slice(digits.as_bytes());
            out.resize(out.len() + point - digits.len(), b'0');
        } else {
            out.extend_from_slice(&digits.as_bytes()[..point]);
            out.push(b'.');
            out.extend_from_slice(&digits.as_bytes()[point..]);
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Int(l), Form::Int(r)) => l == r,
            _ => !self.is_nan() && !other.is_nan() && self.cmp(other) == Ordering::Equal,
        }
    }
}

/// `nan`, which differs from itself, is why this is a promise and not quite a law.
impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        use Form::{Decimal, Float, Int, Long};
        match (&self.0, &other.0) {
            (Int(l), Int(r)) => l.cmp(r),
            (Float(l) | Decimal(l), Float(r) | Decimal(r)) => compare_doubles(*l, *r),
            (Int(l), Float(r) | Decimal(r)) => compare_int_double(*l, *r),
            (Float(l) | Decimal(l), Int(r)) => compare_int_double(*r, *l).reverse(),
            (Long(l), Long(r)) => compare_digits(l, r),
            (Long(l), Int(_)) => sign_of(l),
            (Int(_), Long(r)) => sign_of(r).reverse(),
            (Long(l), Float(r) | Decimal(r)) => compare_long_double(l, *r),
            (Float(l) | Decimal(l), Long(r)) => compare_long_double(r, *l).reverse(),
        }
    }
}

fn compare_doubles(l: f64, r: f64) -> Ordering {
    l.partial_cmp(&r).unwrap_or_else(|| r.is_nan().cmp(&l.is_nan()))
}

fn compare_int_double(l: i64, r: f64) -> Ordering {
    if r.is_nan() {
        return Ordering::Greater;
    }
    match (l as f64).partial_cmp(&r) {
        // Rounding may have made them equal: compare as integers, if the double is in range.
        Some(Ordering::Equal) => whole(r).map_or(Ordering::Less, |r| l.cmp(&r)),
        Some(order) => order,
        None => Ordering::Equal,
    }
}

fn sign_of(digits: &str) -> Ordering {
    if digits.starts_with('-') { Ordering::Less } else { Ordering::Greater }
}

fn compare_digits(l: &str, r: &str) -> Ordering {
    match (l.strip_prefix('-'), r.strip_prefix('-')) {
        (Some(l), Some(r)) => (r.len(), r).cmp(&(l.len(), l)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => (l.len(), l).cmp(&(r.len(), r)),
    }
}

fn compare_long_double(l: &str, r: f64) -> Ordering {
    if r.is_nan() {
        Ordering::Greater
    } else if !r.is_finite() {
        if r > 0.0 { Ordering::Less } else { Ordering::Greater }
    } else if whole(r).is_some() || r.abs() < 1.0e18 {
        // Every 64-bit integer is nearer to zero than a long one.
        sign_of(l)
    } else {
        compare_digits(l, &format!("{r:.0}"))
    }
}

/// As JSON writes it.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(std::str::from_utf8(&out).unwrap_or_default())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Number {
            fn from(n: $t) -> Self {
                match i64::try_from(n) {
                    Ok(n) => Number(Form::Int(n)),
                    Err(_) => Number(Form::Long(long(n.to_string()))),
                }
            }
        }
    )*};
}
from_int!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<f64> for Number {
    fn from(x: f64) -> Self {
        Number(Form::Float(x))
    }
}
