//! The declarations of GraphQL: the schema and what resolves its fields.

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::{Owner, Resolver, Schema};

impl Parser<'_> {
    /// ``graphqlSchema = `SDL` ``
    pub(super) fn parse_schema(&mut self) -> Option<Schema> {
        let start = self.pos;
        self.eat_word("graphqlSchema");
        self.parse_equals(start);
        self.eat_trivia();
        let text = self.parse_declared_text(start, "schema")?;
        Some(Schema { text, span: self.span_from(start) })
    }

    /// `query name = steps`, `mutation name = steps`, `resolver Type.field = steps`
    pub(super) fn parse_resolver(&mut self) -> Option<Resolver> {
        let start = self.pos;
        let (owner, field) = match self.peek_word() {
            "query" => {
                self.eat_word("query");
                (Owner::Query, self.parse_declared_name(start, "the query's name"))
            }
            "mutation" => {
                self.eat_word("mutation");
                (Owner::Mutation, self.parse_declared_name(start, "the mutation's name"))
            }
            _ => {
                self.eat_word("resolver");
                let owner = self.parse_declared_name(start, "the name of the resolver's type");
                self.eat_trivia();
                if self.eat(".") {
                    let field = self.parse_declared_name(start, "the name of the resolver's field");
                    (Owner::Type(owner), field)
                } else {
                    self.report(
                        Diagnostic::new(
                            Code::INVALID_NAME,
                            owner.span,
                            "a resolver is for a field of a type",
                        )
                        .label("a dot and the field are expected after this")
                        .help("write both, as in `resolver User.posts =`"),
                    );
                    (Owner::Type(owner), self.missing_name())
                }
            }
        };
        let steps = self.parse_body(start);
        Some(Resolver { owner, field, steps, span: self.span_from(start) })
    }
}
