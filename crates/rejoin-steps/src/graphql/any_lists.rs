//! Lists with variables in them where any JSON may stand.
//!
//! The validator takes the elements of such a list for values of the scalar itself, so that a variable in it would have to
//! be declared as one, while it takes any variable in an object there. For its judgement lists are put into objects.

use apollo_compiler::ast::{Type, Value};
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Node, Schema, name};

/// Puts the lists that are values of scalars of the schema's own into objects.
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
                    if let Some(declared) = declared {
                        of_value(types, &declared.ty, &mut argument.make_mut().value);
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

/// Of a value of this type, and of those in it, as lists and input objects have them.
fn of_value(types: &Schema, ty: &Type, value: &mut Node<Value>) {
    if let Type::List(item) | Type::NonNullList(item) = ty {
        match value.make_mut() {
            Value::List(items) => {
                items.iter_mut().for_each(|value| of_value(types, item, value));
            }
            // One alone stands for a list of it.
            _ => of_value(types, item, value),
        }
        return;
    }
    match types.types.get(ty.inner_named_type()) {
        Some(named) if named.is_scalar() && !named.is_built_in() => {
            if matches!(&**value, Value::List(_)) {
                let list = value.clone();
                *value = Node::new(Value::Object(vec![(name!("list"), list)]));
            }
        }
        Some(ExtendedType::InputObject(input)) => {
            if let Value::Object(given) = value.make_mut() {
                for (name, value) in given {
                    if let Some(field) = input.fields.get(name) {
                        of_value(types, &field.ty, value);
                    }
                }
            }
        }
        _ => {}
    }
}
