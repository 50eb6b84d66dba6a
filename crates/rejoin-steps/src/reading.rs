//! What a text says, as far as it can be read, and all that is wrong with it.

use rejoin_lang::step_spec::TextProblem;

/// A text that was read to its end, or as far as there is any sense in it.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    /// What it says, without what is wrong.
    pub(crate) said: T,
    /// What is wrong, in the order of the text.
    pub(crate) problems: Vec<TextProblem>,
}

impl<T> Reading<T> {
    /// What a text says in which nothing is wrong.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn sound(self) -> Result<T, TextProblem> {
        match self.problems.into_iter().next() {
            None => Ok(self.said),
            Some(problem) => Err(problem),
        }
    }
}
