//! A progress bar as the hook of a join. Feature `indicatif`.

use indicatif::ProgressBar;

use super::progress::Progress;

/// A hook that shows on `bar` how far a join has come: position, length if the number of items is
/// known, and how many have failed. For [`Map::progress`](super::Map::progress).
///
/// The bar is finished when all have ended, and left standing as it is when the join ends before
/// that. A bar draws on standard error, only on a terminal and at most twenty times a second;
/// looks, places and other targets are set on the bar itself.
///
/// ```
/// use indicatif::ProgressBar;
/// use rejoin::{Map, progress_bar};
/// # async fn fetch(n: u32) -> Result<u32, std::io::Error> { Ok(n) }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let pages = Map::new(1..=40, fetch).progress(progress_bar(ProgressBar::no_length()));
/// assert_eq!(pages.gather().await?.len(), 40);
/// # Ok::<(), rejoin::ScopeError<std::io::Error>>(()) }).unwrap();
/// ```
pub fn progress_bar(bar: ProgressBar) -> impl FnMut(Progress) + Send + 'static {
    let shown = Shown(bar);
    move |progress| shown.show(progress)
}

struct Shown(ProgressBar);

impl Shown {
    fn show(&self, progress: Progress) {
        let Shown(bar) = self;
        if let Some(total) = progress.total {
            bar.set_length(total as u64);
        }
        bar.set_position(progress.done as u64);
        if progress.failed > 0 {
            bar.set_message(format!("{} failed", progress.failed));
        }
        if progress.total == Some(progress.done) {
            bar.finish();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.abandon();
        }
    }
}
