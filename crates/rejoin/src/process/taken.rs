//! A process that is in use, and what its use holds.

use super::process::Process;

/// Dropped with a process in it, the process is ended in the background, and what is held is held
/// until it has gone: nobody can have a cancelled call's place, or see its scope end, before.
pub(super) struct Taken<H: Send + 'static> {
    process: Option<Process>,
    held: Option<H>,
}

impl<H: Send + 'static> Taken<H> {
    pub(super) fn new(process: Process, held: H) -> Self {
        Taken { process: Some(process), held: Some(held) }
    }

    pub(super) fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it is taken out last")
    }

    /// Lets the process drop its state and end. What is held is held until it has gone.
    pub(super) fn dismiss(mut self) {
        if let Some(process) = self.process.take() {
            process.dismiss_in_background(self.held.take());
        }
    }

    /// Takes both apart: the process is well.
    pub(super) fn into_parts(mut self) -> (Process, H) {
        let whole = "it is taken out once";
        (self.process.take().expect(whole), self.held.take().expect(whole))
    }
}

impl<H: Send + 'static> Drop for Taken<H> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end_in_background(self.held.take());
        }
    }
}
