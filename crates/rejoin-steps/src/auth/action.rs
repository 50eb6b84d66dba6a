//! The text of `auth`.

use rejoin_lang::diagnostic::nearest;
use rejoin_lang::step_spec::TextProblem;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Register,
    Login,
    Logout,
    Required,
    Optional,
    /// Required, and of this type.
    Type(String),
}

impl Action {
    pub(super) fn parse(text: &str) -> Result<Self, TextProblem> {
        Ok(match text.trim() {
            "register" => Self::Register,
            "login" => Self::Login,
            "logout" => Self::Logout,
            "required" => Self::Required,
            "optional" => Self::Optional,
            other => match other.strip_prefix("type:").map(str::trim) {
                Some(name) if !name.is_empty() => Self::Type(name.to_owned()),
                _ => {
                    let all = ["login", "logout", "register", "required", "optional"];
                    let help = match nearest(other, all) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "write `login`, `logout`, `register`, `required`, `optional` or `type:name`".to_owned(),
                    };
                    return Err(TextProblem {
                        start: 0,
                        end: text.len(),
                        message: format!("`{other}` is nothing that `auth` does"),
                        help: Some(help),
                    });
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(Action::parse(" login "), Ok(Action::Login));
        assert_eq!(Action::parse("type: admin"), Ok(Action::Type("admin".into())));
        for text in ["", "Login", "type:", "types:x", "require"] {
            assert!(Action::parse(text).is_err(), "{text}");
        }
        let near = Action::parse("logn").unwrap_err();
        assert_eq!(near.help.as_deref(), Some("did you mean `login`?"));
    }
}
