//! [`Hop`]: a step on the way to an answer.

use http::{Method, StatusCode};

use crate::url::Url;

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The method that was asked with.
    pub method: Method,
    /// The URL that was asked for. Where it led to is the URL of the next one, or of the response.
    pub url: Url,
    /// The status of the answer, such as 302.
    pub status: StatusCode,
}
