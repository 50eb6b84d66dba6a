//! Snippets of kind `database`, and the structs that rows are read as.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::super::aliases::Aliases;
use super::super::super::ast::{Block, File};
use super::super::operand::literal;
use super::super::shapes::may_be_none;
use super::super::{is, section};
use crate::plan::{Database, Table, TableField};

/// The databases of a file, in the order written.
pub(in super::super) fn databases(file: &File) -> Arc<[Database]> {
    let snippets = file.blocks.iter().filter(|block| is(block, "snippet"));
    snippets
        .filter(|snippet| snippet.text("kind") == Some("database"))
        .filter_map(|snippet| {
            let id = snippet.attribute("id")?;
            let metadata = |key| section(snippet, "metadata").and_then(|block| block.text(key));
            Some(Database {
                id: snippet.text("id")?.into(),
                span: id.value.span,
                dialect: metadata("dialect").map(Arc::from),
                connection: metadata("connection").map(Arc::from),
                tables: tables(snippet),
            })
        })
        .collect()
}

/// The tables of `schema`, or the structs of `types`.
fn tables(snippet: &Block) -> Option<Arc<[Table]>> {
    let (blocks, word) = match (section(snippet, "schema"), section(snippet, "types")) {
        (Some(schema), _) => (schema, "table"),
        (None, Some(types)) => (types, "struct"),
        (None, None) => return None,
    };
    let tables = blocks.blocks().filter(|block| is(block, word));
    Some(
        tables
            .map(|table| Table {
                name: table.text("name").unwrap_or_default().into(),
                fields: table.blocks().filter(|block| is(block, "field")).map(field).collect(),
            })
            .collect(),
    )
}

fn field(field: &Block) -> TableField {
    let kind = field.text("type").unwrap_or("Any");
    let primary = field.has_flag("primary") || field.has_flag("primary_key");
    TableField {
        name: field.text("name").unwrap_or_default().into(),
        kind: kind.into(),
        nullable: field.has_flag("optional") || field.has_flag("nullable") || kind.ends_with('?'),
        primary,
        auto: field.has_flag("auto") || field.has_flag("auto_increment"),
        unique: primary || field.has_flag("unique"),
        default: field.attribute("default").map(|default| literal(&default.value.kind)),
    }
}

/// The fields that a value of each struct of the file must have.
pub(in super::super) fn structs(
    file: &File,
    aliases: &Aliases,
) -> HashMap<Arc<str>, Vec<Arc<str>>> {
    let mut structs = HashMap::new();
    for snippet in file.blocks.iter().filter(|block| is(block, "snippet")) {
        let sections = ["signature", "types"].into_iter().filter_map(|name| section(snippet, name));
        for block in sections.flat_map(Block::blocks).filter(|block| is(block, "struct")) {
            let fields = block.blocks().filter(|block| is(block, "field")).map(self::field);
            let needed = fields.filter(|field| {
                let may_be_none = field.nullable || may_be_none(&aliases.meant(&field.kind));
                !may_be_none && field.default.is_none()
            });
            let name = block.text("name").unwrap_or_default().into();
            structs.insert(name, needed.map(|field| field.name).collect());
        }
    }
    structs
}
