//! Long files, listed for whoever looks for something to split. Length alone breaks no rule.

use super::Tree;

const LONG: usize = 600;

pub(super) fn list(tree: &Tree) {
    for source in tree.shipped().filter(|source| source.lines() > LONG) {
        println!("note: {} has {} lines; most files have 80 to 250", source.path, source.lines());
    }
}
