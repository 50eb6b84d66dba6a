//! Lists with variables in them where any JSON may stand.
//!
//! The validator takes the elements of such a list for values of the scalar itself, so that a variable in it would have to
//! be declared as one, while it takes any variable in an object there. For its judgement lists are put into objects.

use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::{Node, Schema, name};

/// Puts the lists that are arguments of scalars of the schema's own into objects.
pub(super) fn hide(types: &Schema, document: &mut ExecutableDocument) {
    for operation in document.operations.named.values_mut() {
        of_set(types, &mut operation.make_mut().selection_set);
    }
    if let Some(operation) = &mut document.operations.anonymous {
        of_set(types, &mut operation.make_mut().selection_set);
    }
    for fragment in document.fragments.values_mut() {
        of_set(types, &mut fragment.make_mut().selection_set);
    }
}

fn of_set(types: &Schema, set: &mut SelectionSet) {
    for selection in &mut set.selections {
        match selection {
            Selection::Field(field) => {
                let field = field.make_mut();
                for argument in &mut field.arguments {
                    let declared = field.definition.argument_by_name(&argument.name);
                    let is_any = declared.is_some_and(|declared| {
                        let named = types.types.get(declared.ty.inner_named_type());
                        !declared.ty.is_list()
                            && named.is_some_and(|ty| ty.is_scalar() && !ty.is_built_in())
                    });
                    if is_any && matches!(&*argument.value, Value::List(_)) {
                        let list = argument.value.clone();
                        argument.make_mut().value =
                            Node::new(Value::Object(vec![(name!("list"), list)]));
                    }
                }
                of_set(types, &mut field.selection_set);
            }
            Selection::InlineFragment(inline) => {
                of_set(types, &mut inline.make_mut().selection_set);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
