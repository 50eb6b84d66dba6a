//! Places in a program as answers name them: clients see them, so they say nothing of where the server keeps its files.

/// `location` as seen from the directory of the file `main`; of a file elsewhere only its name.
pub(super) fn relative<'l>(main: &str, location: &'l str) -> &'l str {
    let directory = main.rfind('/').map_or("", |at| &main[..=at]);
    match location.strip_prefix(directory) {
        Some(inside) if !inside.starts_with('/') && !inside.starts_with("../") => inside,
        _ => location.rfind('/').map_or(location, |at| &location[at + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn files_are_seen_from_the_directory_of_the_program() {
        for (main, location, expected) in [
            ("/srv/shop/app.wp", "/srv/shop/app.wp:7", "app.wp:7"),
            ("/srv/shop/app.wp", "/srv/shop/lib/auth.wp:3-5", "lib/auth.wp:3-5"),
            ("/srv/shop/app.wp", "/srv/lib/auth.wp:3", "auth.wp:3"),
            ("/app.wp", "/app.wp:1", "app.wp:1"),
            ("app.wp", "app.wp:1", "app.wp:1"),
            ("app.wp", "lib/auth.wp:1", "lib/auth.wp:1"),
            ("app.wp", "../lib/auth.wp:1", "auth.wp:1"),
            ("app.wp", "/srv/auth.wp:1", "auth.wp:1"),
            ("../app.wp", "../app.wp:1", "app.wp:1"),
        ] {
            assert_eq!(relative(main, location), expected, "{main} {location}");
        }
    }
}
