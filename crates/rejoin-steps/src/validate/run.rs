//! A call of `validate`.

use rejoin_engine::{Called, DomainError, Input, Prepared};
use rejoin_value::{Object, Value};

use super::rules::{Kind, Rule};
use crate::text_rule::is_email;

pub(super) struct PreparedValidate {
    pub(super) rules: Vec<Rule>,
}

impl Prepared for PreparedValidate {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let fields = match input.state {
            Value::Object(state) => state.get("body").unwrap_or(input.state),
            other => other,
        };
        let Value::Object(fields) = fields else {
            let message = format!("the body must be an object, not {}", fields.type_name());
            return Called::Ready(Err(broken("body", "required", message).into()));
        };
        Called::Ready(match self.rules.iter().find_map(|rule| rule.broken_by(fields)) {
            Some(error) => Err(error.into()),
            None => Ok(input.state.clone().into()),
        })
    }
}

fn broken(field: &str, rule: &str, message: String) -> DomainError {
    DomainError::new("validationError", message)
        .field("field", field)
        .field("context", field)
        .field("rule", rule)
}

impl Rule {
    fn broken_by(&self, fields: &Object) -> Option<DomainError> {
        let value = match fields.get(&self.field) {
            None | Some(Value::Null) if self.optional => return None,
            None | Some(Value::Null) => {
                return Some(self.break_with("required", "is required"));
            }
            Some(value) => value,
        };
        match (self.kind, value) {
            (Kind::Text(bounds), Value::String(text)) => {
                let least = bounds.and_then(|bounds| bounds.min).unwrap_or(1);
                if text.as_str().is_empty() && least > 0 && bounds.is_none_or(|b| b.min.is_none()) {
                    return Some(self.break_with("required", "must not be empty"));
                }
                let bounds = bounds?;
                let length = text.as_str().chars().count() as u64;
                if bounds.is_below(length) {
                    let what = format!("must have at least {}", characters(bounds.min?));
                    return Some(self.break_with("minLength", &what));
                }
                if bounds.is_above(length) {
                    let what = format!("must have at most {}", characters(bounds.max?));
                    return Some(self.break_with("maxLength", &what));
                }
                None
            }
            (Kind::Text(_), _) => Some(self.break_with("required", "must be a string")),
            (Kind::Email, Value::String(text)) if is_email(text) => None,
            (Kind::Email, _) => Some(self.break_with("email", "must be an e-mail address")),
            (Kind::Number(bounds), Value::Number(number)) => {
                let bounds = bounds?;
                let number = number.as_f64();
                if bounds.is_below(number) {
                    let what = format!("must be at least {}", bounds.min?);
                    return Some(self.break_with("minimum", &what));
                }
                if bounds.is_above(number) {
                    let what = format!("must be at most {}", bounds.max?);
                    return Some(self.break_with("maximum", &what));
                }
                None
            }
            (Kind::Number(_), _) => Some(self.break_with("required", "must be a number")),
            (Kind::Bool, Value::Bool(_)) => None,
            (Kind::Any, _) => None,
            (Kind::Bool, _) => Some(self.break_with("required", "must be true or false")),
        }
    }

    fn break_with(&self, rule: &str, what: &str) -> DomainError {
        broken(&self.field, rule, format!("`{}` {what}", self.field))
    }
}

fn characters(n: u64) -> String {
    match n {
        1 => "1 character".to_owned(),
        n => format!("{n} characters"),
    }
}
