//! How large values are. Each list and record knows it, so that asking costs nothing: values share their parts, and a few steps make one
//! of more parts than any memory holds, or one that is nested deeper than a thread can follow.

use super::Datum;

/// The deepest nesting of a value.
pub(super) const MAX_DEPTH: u32 = 512;

/// The most parts of a value that is written out.
const MOST_WRITTEN: u32 = 1_000_000;

/// The most parts of a value that a step makes.
const MOST_MADE: u32 = 16_000_000;

/// So many bytes of a text weigh as much as one part.
const BYTES_OF_A_PART: usize = 64;

/// The parts of a value, those that are shared counted each time, and how deep they are nested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    parts: u32,
    depth: u32,
}

impl Size {
    pub(super) fn of<'d>(inner: impl Iterator<Item = &'d Datum>) -> Self {
        let mut size = Self::default();
        inner.for_each(|value| size.add(value));
        Self { parts: size.parts.saturating_add(1), depth: size.depth.saturating_add(1) }
    }

    /// With one more value in it.
    pub(super) fn add(&mut self, value: &Datum) {
        let size = value.size();
        self.parts = self.parts.saturating_add(size.parts);
        self.depth = self.depth.max(size.depth);
    }

    /// With one more value one level within.
    pub(super) fn with_inner(self, value: &Datum) -> Self {
        let Self { parts, depth } = value.size();
        Self {
            parts: self.parts.saturating_add(parts),
            depth: self.depth.max(depth.saturating_add(1)),
        }
    }

    /// With one value one level within in place of another, unless all that is within must be looked at for that.
    pub(super) fn with_other_inner(self, old: &Datum, new: &Datum) -> Option<Self> {
        let (old, new) = (old.size(), new.size());
        let was_deepest = old.depth.saturating_add(1) == self.depth && new.depth < old.depth;
        if was_deepest || self.parts == u32::MAX {
            return None;
        }
        Some(Self {
            parts: self.parts.saturating_sub(old.parts).saturating_add(new.parts),
            depth: self.depth.max(new.depth.saturating_add(1)),
        })
    }

    /// With `none` in place of a value one level within, as deep at most, unless it is not known.
    pub(super) fn without_inner(self, value: &Datum) -> Option<Self> {
        let parts = self.parts.checked_sub(value.size().parts)?.saturating_add(1);
        (self.parts != u32::MAX).then_some(Self { parts, ..self })
    }

    pub(super) fn of_bytes(count: usize) -> Self {
        let parts = u32::try_from(count / BYTES_OF_A_PART).unwrap_or(u32::MAX);
        Self { parts: parts.saturating_add(1), depth: 1 }
    }

    /// Why a step may not make a value of this size, if it may not.
    pub(super) fn overgrown(self) -> Option<String> {
        let Size { parts, depth } = self;
        match (depth > MAX_DEPTH, parts > MOST_MADE) {
            (true, _) => Some(format!("a value that is nested more than {MAX_DEPTH} deep")),
            (_, true) => Some(format!(
                "a value of more than {MOST_MADE} parts, {BYTES_OF_A_PART} bytes of a text being one"
            )),
            _ => None,
        }
    }
}

impl Datum {
    pub(super) fn size(&self) -> Size {
        match self {
            Self::List(list) => list.size(),
            Self::Record(record) => record.size,
            Self::Text(text) => Size::of_bytes(text.len()),
            Self::Bytes(bytes) => Size::of_bytes(bytes.len()),
            _ => Size { parts: 1, depth: 1 },
        }
    }

    /// Whether it has more parts than are written out, or is nested deeper.
    pub(super) fn is_too_large(&self) -> bool {
        self.size().parts > MOST_WRITTEN || self.size().depth > MAX_DEPTH
    }

    /// Why a step may not make it, if it may not.
    pub(super) fn overgrown(&self) -> Option<String> {
        self.size().overgrown()
    }

    /// The failure in place of a value that is too large to be written out.
    pub(super) fn too_large() -> Self {
        let message = format!(
            "a value of more than {MOST_WRITTEN} parts, {BYTES_OF_A_PART} bytes of a text being one, or nested more than {MAX_DEPTH} deep, cannot leave its function"
        );
        Self::record(
            "RuntimeError",
            [("code", Self::text("E-RT-SIZE")), ("message", Self::text(message))],
        )
    }
}
