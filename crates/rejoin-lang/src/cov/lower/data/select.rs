//! `query` with `select`.

use super::super::super::ast::{Block, ValueKind};
use super::super::{Lower, is};
use super::{Named, fields, named};
use crate::plan::{DataTarget, Operand, Request, Select};

impl Lower {
    pub(super) fn select(&mut self, step: &Block) -> Option<(DataTarget, Request<Operand>)> {
        let target = self.target(named(step, "target")?)?;
        let part = |word: &str| step.blocks().find(|block| is(block, word));
        let Some(from) = named(step, "from") else {
            self.cannot(step.word.span, "this query names no collection", "add `from=\"name\"`");
            return None;
        };
        let join = part("join");
        let to = join.and_then(|join| named(join, "to"));
        let names: Vec<Named<'_>> = [from].into_iter().chain(to).collect();
        let tables = self.tables(target, &names);
        let wanted = part("select").map(fields).unwrap_or_default();
        for field in &wanted {
            self.check_field(*field, &tables);
        }
        if let (Some(to), DataTarget::Project | DataTarget::Documents) = (to, target) {
            let help = match target {
                DataTarget::Project => "use `follow` or `traverse`",
                _ => "ask twice, and put the answers together",
            };
            self.cannot(to.span, "`join` is for tables of a database", help);
        } else if let Some(to) = to
            && wanted.is_empty()
            && tables.database().is_none()
        {
            // Which fields there are must be known, so that none hides another of its name.
            let help = "name them: `select field=\"a.x\" field=\"b.y\"`, or declare both tables in a schema";
            self.cannot(to.span, "of all fields of a join it is not known which there are", help);
        }
        let join = join.zip(to).map(|(join, to)| (to.name.into(), self.all(join, &tables)));
        let follow = part("follow").and_then(|follow| {
            let rel = ["rel", "type", "relation"].into_iter().find_map(|name| named(follow, name));
            rel.map(|rel| (follow.word.span, rel))
        });
        if let Some((span, _)) = follow.filter(|_| target != DataTarget::Project) {
            self.cannot(span, "`follow` is for nodes of `project`", "use `join`, or ask twice");
        }
        let filter = self.filter(step, &tables);
        let order = part("order").and_then(|order| {
            let by = named(order, "by")?;
            self.check_field(by, &tables);
            let descending = match order.attribute("dir").map(|dir| &dir.value) {
                None => false,
                Some(dir) => match &dir.kind {
                    ValueKind::Text(word) | ValueKind::Word(word) if **word == *"asc" => false,
                    ValueKind::Text(word) | ValueKind::Word(word) if **word == *"desc" => true,
                    _ => {
                        self.bad(dir, "`asc` or `desc`");
                        false
                    }
                },
            };
            Some((by.name.into(), descending))
        });
        let select = Select {
            fields: wanted.iter().map(|field| field.name.into()).collect(),
            from: from.name.into(),
            join,
            follow: follow.map(|(_, rel)| rel.name.into()),
            filter,
            order,
            limit: self.count(step, "limit"),
            offset: self.count(step, "offset").unwrap_or(0),
        };
        Some((target, Request::Select(select)))
    }
}
