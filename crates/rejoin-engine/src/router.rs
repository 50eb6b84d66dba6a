//! From a method and a path to a route. Literal segments beat captures, captures beat rests, segment by segment.
//!
//! Paths arrive percent-encoded, programs are written as people read. So literals are compared decoded, after the
//! path was split: an encoded slash separates nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rejoin_lang::plan::{Method, PathPattern, Segment};

use crate::program::RouteId;

/// What a method and a path lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A route, with its captures as they stand in the path, still percent-encoded.
    Route {
        /// The route.
        route: RouteId,
        /// Names and captured text.
        params: Vec<(Arc<str>, String)>,
    },
    /// The path exists, for these methods only.
    WrongMethod {
        /// The methods, sorted.
        allowed: Vec<Method>,
    },
    /// No route has this path.
    NotFound,
}

/// One tree of segments for all methods.
#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Branch,
}

#[derive(Debug, Default)]
struct Branch {
    /// By their decoded text.
    literals: BTreeMap<Box<str>, Branch>,
    capture: Option<Box<Branch>>,
    /// Routes that end here.
    ends: BTreeMap<Method, End>,
    /// Routes that take everything from here on.
    rests: BTreeMap<Method, End>,
}

#[derive(Debug)]
struct End {
    route: RouteId,
    /// Names of the captures on the way, in order.
    names: Vec<Arc<str>>,
}

impl Router {
    /// Adds a route; of two with the same shape and method the first stays.
    pub(crate) fn add(&mut self, method: Method, pattern: &PathPattern, route: RouteId) {
        let mut names = Vec::new();
        let mut branch = &mut self.root;
        for segment in &pattern.segments {
            match segment {
                Segment::Literal(text) => {
                    branch = branch.literals.entry(decoded(text).into()).or_default();
                }
                Segment::Param(name) => {
                    names.push(name.clone());
                    branch = branch.capture.get_or_insert_default();
                }
                Segment::Rest(name) => {
                    names.push(name.clone());
                    branch.rests.entry(method).or_insert(End { route, names });
                    return;
                }
            }
        }
        branch.ends.entry(method).or_insert(End { route, names });
    }

    pub(crate) fn find(&self, method: Method, path: &str) -> Found {
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(found) = self.root.find(method, Some(path), &mut Vec::new()) {
            return found;
        }
        // `HEAD` is `GET` without the body.
        if method == Method::Head
            && let Some(found) = self.root.find(Method::Get, Some(path), &mut Vec::new())
        {
            return found;
        }
        let mut allowed: Vec<Method> = Method::ALL
            .into_iter()
            .filter(|other| self.root.find(*other, Some(path), &mut Vec::new()).is_some())
            .collect();
        if allowed.is_empty() {
            return Found::NotFound;
        }
        if allowed.contains(&Method::Get) && !allowed.contains(&Method::Head) {
            allowed.push(Method::Head);
        }
        allowed.sort();
        Found::WrongMethod { allowed }
    }
}

impl Branch {
    /// `rest` is what follows the last slash that was taken; `None` when the path is used up. The recursion is
    /// as deep as the deepest pattern, whatever the path.
    fn find<'p>(
        &self,
        method: Method,
        rest: Option<&'p str>,
        captured: &mut Vec<&'p str>,
    ) -> Option<Found> {
        let Some(rest) = rest else {
            return self.ends.get(&method).map(|end| end.found(captured));
        };
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        if let Some(branch) = self.literals.get(&*decoded(segment))
            && let Some(found) = branch.find(method, after, captured)
        {
            return Some(found);
        }
        if let Some(branch) = &self.capture
            && !segment.is_empty()
        {
            captured.push(segment);
            if let Some(found) = branch.find(method, after, captured) {
                return Some(found);
            }
            captured.pop();
        }
        let end = self.rests.get(&method)?;
        captured.push(rest);
        Some(end.found(captured))
    }
}

/// A segment as a person reads it. What decodes to no UTF-8 stands for itself.
fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment))
}

impl End {
    fn found(&self, captured: &[&str]) -> Found {
        let params = self.names.iter().cloned().zip(captured.iter().map(|s| (*s).to_owned()));
        Found::Route { route: self.route, params: params.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(patterns: &[(Method, &str)]) -> Router {
        let mut router = Router::default();
        for (n, (method, text)) in patterns.iter().enumerate() {
            let segments = text[1..]
                .split('/')
                .map(|s| match s.as_bytes().first() {
                    Some(b':') => Segment::Param(s[1..].into()),
                    Some(b'*') => Segment::Rest(s[1..].into()),
                    _ => Segment::Literal(s.into()),
                })
                .collect();
            let pattern = PathPattern { text: (*text).into(), segments };
            router.add(*method, &pattern, RouteId(n as u32));
        }
        router
    }

    #[track_caller]
    fn leads_to(router: &Router, method: Method, path: &str, route: u32, params: &[(&str, &str)]) {
        let params = params.iter().map(|(k, v)| ((*k).into(), (*v).to_owned())).collect();
        assert_eq!(router.find(method, path), Found::Route { route: RouteId(route), params });
    }

    #[test]
    fn literals_beat_captures_beat_rests() {
        let r = router(&[
            (Method::Get, "/users/*rest"),
            (Method::Get, "/users/:id"),
            (Method::Get, "/users/me"),
            (Method::Get, "/users/:id/orders"),
            (Method::Get, "/"),
        ]);
        leads_to(&r, Method::Get, "/users/me", 2, &[]);
        leads_to(&r, Method::Get, "/users/7", 1, &[("id", "7")]);
        leads_to(&r, Method::Get, "/users/me/orders", 3, &[("id", "me")]);
        leads_to(&r, Method::Get, "/users/7/x/y", 0, &[("rest", "7/x/y")]);
        leads_to(&r, Method::Get, "/", 4, &[]);
    }

    #[test]
    fn a_trailing_slash_counts() {
        let r = router(&[(Method::Get, "/a"), (Method::Get, "/b/")]);
        leads_to(&r, Method::Get, "/a", 0, &[]);
        leads_to(&r, Method::Get, "/b/", 1, &[]);
        assert_eq!(r.find(Method::Get, "/a/"), Found::NotFound);
        assert_eq!(r.find(Method::Get, "/b"), Found::NotFound);
        assert_eq!(r.find(Method::Get, "//a"), Found::NotFound);
    }

    #[test]
    fn literals_match_however_they_are_encoded() {
        let r = router(&[
            (Method::Get, "/größe/:n"),
            (Method::Get, "/a%20b"),
            (Method::Get, "/lit/x"),
            (Method::Get, "/:any"),
        ]);
        leads_to(&r, Method::Get, "/gr%C3%B6%c3%9fe/%C3%A4", 0, &[("n", "%C3%A4")]);
        leads_to(&r, Method::Get, "/größe/1", 0, &[("n", "1")]);
        leads_to(&r, Method::Get, "/a%20b", 1, &[]);
        leads_to(&r, Method::Get, "/l%69t/x", 2, &[]);
        leads_to(&r, Method::Get, "/lit%2Fx", 3, &[("any", "lit%2Fx")]);
        leads_to(&r, Method::Get, "/%FF", 3, &[("any", "%FF")]);
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let r = router(&[(Method::Get, "/a"), (Method::Post, "/a"), (Method::Patch, "/b")]);
        leads_to(&r, Method::Head, "/a", 0, &[]);
        leads_to(&r, Method::Patch, "/b", 2, &[]);
        let allowed = vec![Method::Get, Method::Post, Method::Head];
        assert_eq!(r.find(Method::Delete, "/a"), Found::WrongMethod { allowed });
    }

    #[test]
    fn the_first_of_two_equal_routes_stays() {
        let r = router(&[(Method::Get, "/x/:a"), (Method::Get, "/x/:b")]);
        leads_to(&r, Method::Get, "/x/1", 0, &[("a", "1")]);
    }
}
