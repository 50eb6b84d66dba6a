//! Where in a value something lies.

use std::fmt;

#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

/// Shows `rows[0].sku`, `rows[0]["odd key"]`, or `$` for the whole.
pub(super) struct Path<'p, 'a>(pub(super) &'p [Part<'a>]);

impl fmt::Display for Path<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (n, part) in self.0.iter().enumerate() {
            match part {
                Part::Index(index) if n == 0 => write!(f, "$[{index}]")?,
                Part::Index(index) => write!(f, "[{index}]")?,
                Part::Key(key) if is_name(key) && n == 0 => f.write_str(key)?,
                Part::Key(key) if is_name(key) => write!(f, ".{key}")?,
                Part::Key(key) if n == 0 => write!(f, "$[{key:?}]")?,
                Part::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
