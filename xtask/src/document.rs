//! The fenced blocks of a Markdown document, and the session in the head of an example.

/// One fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its first line of text, from 1.
    pub(crate) line: usize,
    /// What stands behind the fence, cut at spaces and commas: the language first.
    pub(crate) info: Vec<String>,
    pub(crate) text: String,
}

impl Block {
    /// Its language.
    pub(crate) fn language(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    /// Whether this word stands behind the fence.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.info.iter().skip(1).any(|info| info == word)
    }
}

/// All fenced blocks of a document. A fence that is never closed is an error.
pub(crate) fn blocks(markdown: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (n, line) in markdown.lines().enumerate() {
        let fence = line.trim_start().bytes().take_while(|&byte| byte == b'`').count();
        match &mut open {
            None if fence >= 3 => {
                let info = line.trim_start().trim_start_matches('`').trim();
                let info = info.split([' ', ',']).filter(|word| !word.is_empty());
                let info = info.map(str::to_owned).collect();
                open = Some((fence, Block { line: n + 2, info, text: String::new() }));
            }
            None => {}
            Some((ticks, _)) if fence >= *ticks && line.trim().len() == fence => {
                blocks.extend(open.take().map(|(_, block)| block));
            }
            Some((_, block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
    }
    match open {
        Some((_, block)) => Err(format!("line {}: this block is never closed", block.line - 1)),
        None => Ok(blocks),
    }
}

/// The session in the comment that a program starts with: its lines that are indented by two or more. `sign` begins comments.
pub(crate) fn head_session(program: &str, sign: &str) -> Block {
    let mut text = String::new();
    let mut first = 0;
    for (n, line) in program.lines().enumerate() {
        let Some(comment) = line.strip_prefix(sign) else { break };
        let indented = comment.strip_prefix("   ");
        if text.is_empty() {
            if indented.is_none() {
                continue;
            }
            first = n + 1;
        }
        // Prose between two commands keeps its lines, as empty ones, so that places stay right.
        text.push_str(indented.unwrap_or_default());
        text.push('\n');
    }
    Block { line: first, info: vec!["console".into()], text }
}

#[cfg(test)]
mod tests {
    use super::{blocks, head_session};

    #[test]
    fn blocks_know_their_language_words_and_lines() {
        let found = blocks("a\n```wp,fails x.wp\nGET /\n```\n\n````md\n```\n````\n").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].language(), found[0].line), ("wp", 3));
        assert!(found[0].is("fails") && found[0].is("x.wp"));
        assert_eq!(found[1].text, "```\n");
    }

    #[test]
    fn an_open_fence_is_an_error() {
        assert!(blocks("text\n```wp\nGET /").unwrap_err().contains("line 2"));
    }

    #[test]
    fn the_session_of_an_example_is_its_indented_comment() {
        let session = head_session(
            "# A title\n#\n#   $ curl x\n#   {}\n# More.\n#   $ y\n\nGET /x\n#   not\n",
            "#",
        );
        assert_eq!((session.text.as_str(), session.line), ("$ curl x\n{}\n\n$ y\n", 3));
    }
}
