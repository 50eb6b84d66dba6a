//! The library of `.cov` programs on real files, programs and tables.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use support::functions::{call, list, value};

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rejoin-cov-{}-{test}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

const RETURN: &str = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n";

async fn of(function: &str, arguments: &str) -> String {
    value(&(call("x", function, arguments) + RETURN), &[]).await
}

#[tokio::test]
async fn files_are_written_read_and_removed() {
    let folder = Folder::new("files");
    let at = |name: &str| format!("lit=\"{}\"", folder.at(name));
    let steps = [
        call(
            "a",
            "fs.mkdir",
            &format!("arg name=\"path\" {} arg name=\"recursive\" lit=true", at("d/e")),
        ),
        call(
            "b",
            "fs.write_file",
            &format!("arg name=\"path\" {} arg name=\"content\" lit=\"one\"", at("d/f.txt")),
        ),
        call(
            "c",
            "fs.append_file",
            &format!("arg name=\"path\" {} arg name=\"content\" lit=\" two\"", at("d/f.txt")),
        ),
        call("d", "fs.read_file", &format!("arg name=\"path\" {}", at("d/f.txt"))),
        call(
            "e",
            "fs.copy",
            &format!("arg name=\"src\" {} arg name=\"dest\" {}", at("d/f.txt"), at("d/g.txt")),
        ),
        call(
            "f",
            "fs.rename",
            &format!("arg name=\"src\" {} arg name=\"dst\" {}", at("d/f.txt"), at("d/h.txt")),
        ),
        call("g", "fs.read_dir", &format!("arg name=\"path\" {}", at("d"))),
        call("h", "fs.exists", &format!("arg name=\"path\" {}", at("d/f.txt"))),
        call("i", "fs.stat", &format!("arg name=\"path\" {}", at("d/g.txt"))),
        "step id=\"i2\" kind=\"bind\" from=\"i.size\" as=\"size\" end\n".to_owned(),
        call(
            "j",
            "fs.remove",
            &format!("arg name=\"path\" {} arg name=\"recursive\" lit=true", at("d")),
        ),
        call("k", "fs.exists", &format!("arg name=\"path\" {}", at("d"))),
    ]
    .concat()
        + &list(&["a", "b", "c", "d", "e", "f", "g", "h", "size", "j", "k"]);
    assert_eq!(
        value(&steps, &[]).await,
        r#"[null,null,null,"one two",null,null,["e","g.txt","h.txt"],false,7,null,false]"#
    );
}

#[tokio::test]
async fn a_handle_reads_and_writes_behind_what_is_there() {
    let folder = Folder::new("handles");
    let at = |name: &str| format!("arg name=\"path\" lit=\"{}\"", folder.at(name));
    let open = |id: &str, mode: &str| {
        call(id, "fs.open", &format!("{} arg name=\"mode\" lit=\"{mode}\"", at("f")))
    };
    let write = |id: &str, to: &str, text: &str| {
        call(
            id,
            "fs.write_bytes",
            &format!("arg name=\"handle\" from=\"{to}\" arg name=\"content\" lit=\"{text}\""),
        )
    };
    let read = |id: &str, from: &str| {
        call(id, "fs.read_bytes", &format!("arg name=\"handle\" from=\"{from}\""))
            + &format!(
                "step id=\"{id}t\" kind=\"compute\" op=bytes_to_string input var=\"{id}\" as=\"{id}t\" end\n"
            )
    };
    let steps = [
        open("w", "w"),
        write("w1", "w", "one"),
        write("w2", "w", ", two"),
        open("a", "a"),
        write("a1", "a", ", three"),
        call("c", "fs.close", "arg name=\"handle\" from=\"a\""),
        call("m", "fs.chmod", &format!("{} arg name=\"mode\" lit=384", at("f"))),
        call("h", "fs.open", &at("f")),
        read("b", "h"),
        write("x", "h", "four"),
        "step id=\"x2\" kind=\"match\" on=\"x\" case variant type=\"IoError\" bindings=(\"e\")\nstep id=\"x3\" kind=\"bind\" from=\"e.message\" as=\"why\" end\nend\ncase wildcard\nstep id=\"x4\" kind=\"bind\" lit=\"none\" as=\"why\" end\nend\nas=\"_\" end\n".to_owned(),
    ]
    .concat()
        + &list(&["w1", "c", "m", "bt", "why"]);
    let why = format!("`{}`: was opened for reading", folder.at("f"));
    assert_eq!(value(&steps, &[]).await, format!(r#"[null,null,null,"one, two, three","{why}"]"#));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.at("f")).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    for (arguments, kind) in [
        (at("none"), "NotFound"),
        (format!("{} arg name=\"mode\" lit=\"rw\"", at("f")), "InvalidData"),
    ] {
        let value = of("fs.open", &arguments).await;
        assert!(value.contains(&format!("IoError::{kind}")), "{value}");
    }
}

#[tokio::test]
async fn a_path_is_resolved_from_here() {
    let here = std::env::current_dir().expect("a folder");
    let here = here.display();
    for (given, wanted) in [
        ("a/./b/../c", format!("{here}/a/c")),
        ("/a/../../b", "/b".to_owned()),
        ("", here.to_string()),
    ] {
        let value = of("path.resolve", &format!("arg name=\"path\" lit=\"{given}\"")).await;
        assert_eq!(value, format!("\"{wanted}\""));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_nobody_waits_for_may_not_write_without_an_end() {
    let steps = call("p", "process.spawn", "arg name=\"command\" lit=\"yes\"")
        + "step id=\"n\" kind=\"compute\" op=to_string input var=\"p.pid\" as=\"pid\" end\n"
        // Killed and not waited for, it stays as a zombie.
        + "step id=\"k\" kind=\"construct\" collection item lit=\"-c\" item lit=\"until grep -q ' Z ' /proc/$0/stat; do sleep 0.02; done; echo gone\" item from=\"pid\" end as=\"args\" end\n"
        + &call("x", "process.exec", "arg name=\"command\" lit=\"sh\" arg name=\"args\" from=\"args\" arg name=\"timeout\" lit=60000")
        + &call("w", "process.wait", "arg name=\"handle\" from=\"p\"")
        + "step id=\"m\" kind=\"match\" on=\"w\" case variant type=\"ProcessError\" bindings=(\"e\")\nstep id=\"m1\" kind=\"bind\" from=\"e.message\" as=\"why\" end\nend\ncase wildcard\nstep id=\"m2\" kind=\"bind\" lit=\"ended well\" as=\"why\" end\nend\nas=\"_\" end\n"
        + "step id=\"o\" kind=\"bind\" from=\"x.stdout\" as=\"seen\" end\n"
        + &list(&["seen", "why"]);
    assert_eq!(value(&steps, &[]).await, r#"["gone\n","it wrote more than 16777216 bytes"]"#);
}

#[tokio::test]
async fn what_cannot_be_done_with_a_file_is_a_value() {
    let folder = Folder::new("wrong");
    std::fs::write(folder.at("bytes"), [0xff, 0xfe]).expect("it is written");
    for (function, arguments, kind) in [
        ("fs.read_file", format!("arg name=\"path\" lit=\"{}\"", folder.at("none")), "NotFound"),
        (
            "fs.read_file",
            format!("arg name=\"path\" lit=\"{}\"", folder.at("bytes")),
            "InvalidData",
        ),
        ("fs.read_file", format!("arg name=\"path\" lit=\"{}\"", folder.at("")), "IsDirectory"),
        ("fs.read_file", "arg name=\"path\" lit=\"/dev/zero\"".to_owned(), "InvalidData"),
        ("fs.read_file", "arg name=\"path\" lit=\"\"".to_owned(), "InvalidPath"),
        ("fs.mkdir", format!("arg name=\"path\" lit=\"{}\"", folder.at("")), "AlreadyExists"),
        ("fs.remove", format!("arg name=\"path\" lit=\"{}\"", folder.at("")), "NotEmpty"),
        (
            "fs.write_file",
            "arg name=\"path\" lit=\"/dev/null\" arg name=\"content\" lit=\"x\"".to_owned(),
            "InvalidData",
        ),
        (
            "fs.write_file",
            format!(
                "arg name=\"path\" lit=\"{}\" arg name=\"content\" lit=\"x\"",
                folder.at("no/such")
            ),
            "NotFound",
        ),
    ] {
        let value = of(function, &arguments).await;
        assert!(value.contains(&format!("IoError::{kind}")), "{function} {arguments}: {value}");
    }
    assert!(Path::new("/dev/null").exists());
    let left = std::fs::read_dir(&folder.0).expect("it is there").count();
    assert_eq!(left, 1, "a part of a file was left behind");
}

#[cfg(unix)]
#[tokio::test]
async fn a_function_keeps_to_the_folders_of_its_effect() {
    let folder = Folder::new("confined");
    for name in ["in", "inner", "in/sub"] {
        std::fs::create_dir(folder.0.join(name)).expect("a folder");
    }
    std::fs::write(folder.at("inner/secret"), "secret").expect("it is written");
    std::fs::write(folder.at("in/open"), "open").expect("it is written");
    std::os::unix::fs::symlink(folder.at("inner"), folder.at("in/link")).expect("a link");
    std::os::unix::fs::symlink(folder.at("inner/new"), folder.at("in/dangling")).expect("a link");
    let program = |function: &str, path: &str| {
        let content =
            if function.ends_with("read_file") { "" } else { "arg name=\"content\" lit=\"x\"" };
        // Bound to a name first: what is written out is looked at by the checker already.
        format!(
            "snippet id=\"t.main\" kind=\"fn\"\neffects effect filesystem(path=\"{}\") end\nsignature fn name=\"main\" returns type=\"Any\" end end\nbody\nstep id=\"p\" kind=\"bind\" lit=\"{}\" as=\"p\" end\n{}{RETURN}end\nend\n",
            folder.at("in"),
            folder.at(path),
            call("x", function, &format!("arg name=\"path\" from=\"p\" {content}")),
        )
    };
    assert_eq!(value(&program("fs.read_file", "in/open"), &[]).await, "\"open\"");
    assert_eq!(value(&program("fs.read_file", "in/sub/../open"), &[]).await, "\"open\"");
    assert_eq!(value(&program("fs.write_file", "in/sub/new"), &[]).await, "null");
    for (function, path) in [
        ("fs.read_file", "inner/secret"),
        ("fs.read_file", "in/../inner/secret"),
        ("fs.read_file", "in/link/secret"),
        ("fs.write_file", "in/link/new"),
        ("fs.write_file", "in/dangling"),
        ("fs.append_file", "in/dangling"),
        ("fs.write_file", "in/none/../../inner/new"),
        ("fs.write_file", "beside"),
    ] {
        let value = value(&program(function, path), &[]).await;
        assert!(value.contains("IoError::PermissionDenied"), "{function} {path}: {value}");
    }
    assert!(!folder.0.join("inner/new").exists() && !folder.0.join("beside").exists());
    // What limits a function limits what it calls, wherever that says its own folder is.
    let callee = |path: &str| {
        format!(
            "snippet id=\"t.main\" kind=\"fn\"\neffects effect filesystem(path=\"{0}\") end\nsignature fn name=\"main\" returns type=\"Any\" end end\nbody\n{1}{RETURN}end\nend\nsnippet id=\"t.read\" kind=\"fn\"\neffects effect filesystem(path=\"{0}/link\") end\nsignature fn name=\"read\" param name=\"path\" type=\"String\" returns type=\"Any\" end end\nbody\n{2}{RETURN}end\nend\n",
            folder.at("in"),
            call("x", "t.read", &format!("arg name=\"path\" lit=\"{}\"", folder.at(path))),
            call("x", "fs.read_file", "arg name=\"path\" from=\"path\""),
        )
    };
    for path in ["in/link/secret", "inner/secret", "in/open"] {
        let value = value(&callee(path), &[]).await;
        assert!(value.contains("IoError::PermissionDenied"), "{path}: {value}");
    }
}

#[tokio::test]
async fn a_program_runs_beside() {
    let exec = "arg name=\"command\" lit=\"sh\" arg name=\"args\" lit=[\"-c\", \"echo $GREETING; echo oh >&2; exit 3\"] arg name=\"env\" lit={\"GREETING\": \"hi\"}";
    assert_eq!(
        of("process.exec", exec).await,
        r#"{"exit_code":3,"stdout":"hi\n","stderr":"oh\n"}"#
    );
    let none = of("process.exec", "arg name=\"command\" lit=\"rejoin-no-such-program\"").await;
    assert!(none.contains("ProcessError::NotFound"), "{none}");
    let steps = call(
        "s",
        "os.env_set",
        "arg name=\"name\" lit=\"REJOIN_SAID\" arg name=\"value\" lit=\"so\"",
    ) + &call(
        "x",
        "process.exec",
        "arg name=\"command\" lit=\"sh\" arg name=\"args\" lit=[\"-c\", \"printf $REJOIN_SAID\"]",
    ) + "step id=\"r\" kind=\"return\" from=\"x.stdout\" as=\"_\" end\n";
    assert_eq!(value(&steps, &[]).await, "\"so\"");
    let endless = "arg name=\"command\" lit=\"yes\"";
    let endless = of("process.exec", endless).await;
    assert!(endless.contains("ProcessError::TooLarge"), "{}", &endless[..200.min(endless.len())]);
}

/// A shell that starts another program and writes the numbers of both into a file before it waits.
fn sleepers(file: &str) -> String {
    format!(
        "arg name=\"command\" lit=\"sh\" arg name=\"args\" lit=[\"-c\", \"sleep 60 & echo $$ $! > {file}.part; mv {file}.part {file}; wait\"]"
    )
}

/// Whether a program of this number still runs; one that nobody has waited for yet does not.
fn runs(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    !matches!(state, None | Some('Z' | 'X'))
}

#[track_caller]
fn are_gone(file: &str) {
    let pids = std::fs::read_to_string(file).expect("it was started");
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert_eq!(pids.len(), 2, "{pids:?}");
    // A killed program goes in its own time, which is short.
    let ends = Instant::now() + Duration::from_secs(5);
    while pids.iter().any(|pid| runs(pid)) {
        assert!(Instant::now() < ends, "a program outlives its scope: {pids:?}");
        std::thread::yield_now();
    }
}

/// Steps that wait until a file is there.
fn started(file: &str) -> String {
    let wait = format!(
        "arg name=\"command\" lit=\"sh\" arg name=\"args\" lit=[\"-c\", \"while ! test -e {file}; do sleep 0.01; done\"]"
    );
    call("started", "process.exec", &wait)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_program_outlives_what_started_it() {
    let folder = Folder::new("programs");
    // The end of the run.
    let file = folder.at("run");
    let steps = call("x", "process.spawn", &sleepers(&file))
        + &started(&file)
        + "step id=\"r\" kind=\"return\" lit=1 as=\"_\" end\n";
    assert_eq!(value(&steps, &[]).await, "1");
    are_gone(&file);

    // The end of a branch, whose handle is of no use behind it.
    let file = folder.at("branch");
    let steps = format!(
        "step id=\"p\" kind=\"parallel\"\nbranch id=\"a\"\n{}{}step id=\"b\" kind=\"bind\" from=\"x\" as=\"y\" end\nend\nas=\"p\" end\n{}step id=\"r\" kind=\"return\" from=\"w\" as=\"_\" end\n",
        call("x", "process.spawn", &sleepers(&file)),
        started(&file),
        call("w", "process.wait", "arg name=\"handle\" from=\"p.a\""),
    );
    let late = value(&steps, &[]).await;
    assert!(late.contains("the program ended with what started it"), "{late}");
    are_gone(&file);

    // A lost race, while it is waited for.
    let file = folder.at("race");
    let steps = format!(
        "step id=\"p\" kind=\"race\"\nbranch id=\"a\"\n{}{}end\nbranch id=\"b\"\n{}end\nas=\"p\" end\nstep id=\"r\" kind=\"return\" lit=1 as=\"_\" end\n",
        call("x", "process.spawn", &sleepers(&file)),
        call("w", "process.wait", "arg name=\"handle\" from=\"x\""),
        started(&file),
    );
    assert_eq!(value(&steps, &[]).await, "1");
    are_gone(&file);

    // A time-out of its own, and one of a block around it.
    let file = folder.at("exec");
    let steps =
        call("x", "process.exec", &format!("{} arg name=\"timeout\" lit=300", sleepers(&file)))
            + RETURN;
    let late = value(&steps, &[]).await;
    assert!(late.contains("ProcessError::TimeoutError"), "{late}");
    are_gone(&file);
    let file = folder.at("block");
    let steps = format!(
        "step id=\"p\" kind=\"parallel\" timeout=300ms\nbranch id=\"a\"\n{}end\nas=\"x\" end\n{RETURN}",
        call("w", "process.exec", &sleepers(&file)),
    );
    let late = value(&steps, &[]).await;
    assert!(late.contains("\"TimeoutError\""), "{late}");
    are_gone(&file);

    // On purpose.
    let file = folder.at("kill");
    let steps = call("x", "process.spawn", &sleepers(&file))
        + &started(&file)
        + &call("k", "process.kill", "arg name=\"handle\" from=\"x\"")
        + &call("w", "process.wait", "arg name=\"handle\" from=\"x\"")
        + "step id=\"c\" kind=\"bind\" from=\"w.exit_code\" as=\"code\" end\n"
        + &call("k2", "process.kill", "arg name=\"handle\" from=\"x\"")
        + &list(&["k", "code", "k2"]);
    assert_eq!(value(&steps, &[]).await, "[true,null,false]");
    are_gone(&file);
}

#[tokio::test]
async fn sums_chance_and_comparison() {
    for (function, arguments, gives) in [
        (
            "crypto.sha256",
            "arg name=\"input\" lit=\"abc\"",
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        ),
        (
            "crypto.sha512",
            "arg name=\"input\" lit=\"abc\"",
            "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\"",
        ),
        // RFC 4231, test case 2.
        (
            "crypto.hmac_sha256",
            "arg name=\"key\" lit=\"Jefe\" arg name=\"input\" lit=\"what do ya want for nothing?\"",
            "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"",
        ),
        ("crypto.equals", "arg name=\"a\" lit=\"same\" arg name=\"b\" lit=\"same\"", "true"),
        ("crypto.equals", "arg name=\"a\" lit=\"same\" arg name=\"b\" lit=\"sane\"", "false"),
        ("crypto.equals", "arg name=\"a\" lit=\"same\" arg name=\"b\" lit=\"sam\"", "false"),
        ("crypto.random_int", "arg name=\"min\" lit=5 arg name=\"max\" lit=5", "5"),
    ] {
        assert_eq!(of(function, arguments).await, gives, "{function} {arguments}");
    }
    for _ in 0..50 {
        let number =
            of("crypto.random_int", "arg name=\"min\" lit=-2 arg name=\"max\" lit=2").await;
        assert!((-2..=2).contains(&number.parse::<i64>().expect("a number")), "{number}");
    }
    let steps = call("x", "crypto.random_bytes", "arg name=\"length\" lit=32")
        + &call("y", "crypto.random_bytes", "arg name=\"length\" lit=32")
        + "step id=\"n\" kind=\"compute\" op=bytes_len input var=\"x\" as=\"size\" end\n"
        + "step id=\"e\" kind=\"compute\" op=equals input var=\"x\" input var=\"y\" as=\"same\" end\n"
        + &list(&["size", "same"]);
    assert_eq!(value(&steps, &[]).await, "[32,false]");
    let many = of("crypto.random_bytes", "arg name=\"length\" lit=99999999").await;
    assert!(many.contains("E-TYPE-006"), "{many}");
}

#[tokio::test]
async fn addresses() {
    assert_eq!(
        of("url.parse", "arg name=\"raw\" lit=\"https://a.example:8443/x y?q=1#top\"").await,
        r##"{"protocol":"https:","host":"a.example","port":8443,"pathname":"/x%20y","search":"?q=1","hash":"#top"}"##
    );
    let none = of("url.parse", "arg name=\"raw\" lit=\"no address\"").await;
    assert!(none.contains("UrlError"), "{none}");
    let resolved = of(
        "url.resolve",
        "arg name=\"base\" lit=\"http://a/b/c\" arg name=\"relative\" lit=\"../d\"",
    );
    assert_eq!(resolved.await, "\"http://a/d\"");
    let steps = call("u", "url.parse", "arg name=\"raw\" lit=\"https://a.example:8443/x?q=1#top\"")
        + &call("x", "url.format", "arg name=\"url\" from=\"u\"")
        + RETURN;
    assert_eq!(value(&steps, &[]).await, "\"https://a.example:8443/x?q=1#top\"");
}

#[tokio::test]
async fn regular_expressions() {
    let on = |pattern: &str, input: &str, rest: &str| {
        format!("arg name=\"pattern\" lit=\"{pattern}\" arg name=\"input\" lit=\"{input}\" {rest}")
    };
    let with = |text: &str| format!("arg name=\"replacement\" lit=\"{text}\"");
    for (function, arguments, gives) in [
        ("regex_test", on("^a+$", "aaa", ""), "true"),
        ("regex_test", on("(", "(", ""), "false"),
        (
            "regex_match",
            on("(l+)(x)?", "éhello", ""),
            r#""{\"matched\":\"ll\",\"index\":3,\"groups\":[\"ll\",null]}""#,
        ),
        ("regex_match", on("x", "abc", ""), "\"\""),
        ("regex_replace", on("(.)b", "abab", &with("$1$1-$$-$&-$9")), "\"aa-$-ab-$9ab\""),
        ("regex_replace_all", on("a", "aba", &with("<$0>")), "\"<a>b<a>\""),
        ("regex_replace_all", on("(", "aba", &with("x")), "\"aba\""),
        ("regex_split", on(", *", "a,b,  c", ""), r#"["a","b","c"]"#),
    ] {
        assert_eq!(
            of(&format!("std.text.{function}"), &arguments).await,
            gives,
            "{function} {arguments}"
        );
    }
    // One that takes exponential time where expressions are tried backwards.
    let long = "a".repeat(50_000);
    let slow = on("^(a+)+$", &format!("{long}b"), "");
    assert_eq!(of("std.text.regex_test", &slow).await, "false");
}

#[tokio::test]
async fn what_is_stored_is_found_again() {
    let folder = Folder::new("storage");
    let kv = |id: &str, name: &str, arguments: &str| {
        call(id, &format!("std.storage.kv.{name}"), arguments)
    };
    let doc = |id: &str, name: &str, arguments: &str| {
        call(
            id,
            &format!("std.storage.doc.{name}"),
            &format!("arg name=\"collection\" lit=\"people\" {arguments}"),
        )
    };
    let put = |id: &str, name: &str, age: i32| {
        doc(
            id,
            "put",
            &format!(
                "arg name=\"id\" lit=\"{name}\" arg name=\"data\" lit={{\"name\": \"{name}\", \"age\": {age}}}"
            ),
        )
    };
    let steps = [
        kv("a", "set", "arg name=\"key\" lit=\"a/1\" arg name=\"value\" lit=\"x\""),
        kv("a2", "set", "arg name=\"key\" lit=\"a/1\" arg name=\"value\" lit=\"y\""),
        kv("a3", "set", "arg name=\"key\" lit=\"b%\" arg name=\"value\" lit=\"z\""),
        kv("b", "get", "arg name=\"key\" lit=\"a/1\""),
        kv("c", "list", "arg name=\"prefix\" lit=\"a/\""),
        kv("d", "has", "arg name=\"key\" lit=\"none\""),
        kv("e", "delete", "arg name=\"key\" lit=\"a/1\""),
        kv("f", "get", "arg name=\"key\" lit=\"a/1\""),
        kv("g", "list", ""),
        kv("h", "clear", ""),
        kv("i", "list", ""),
        put("p1", "ada", 36),
        put("p2", "bob", 20),
        put("p3", "cy", 50),
        doc("q", "query", "arg name=\"filter\" lit={\"age\": {\"$gte\": 30}} arg name=\"order_by\" lit=\"age\" arg name=\"order_dir\" lit=\"desc\" arg name=\"limit\" lit=1"),
        "step id=\"q2\" kind=\"bind\" from=\"q.total\" as=\"total\" end\nstep id=\"q3\" kind=\"bind\" from=\"q.documents.0.data.name\" as=\"oldest\" end\n".to_owned(),
        doc("n", "count", "arg name=\"filter\" lit={\"$or\": [{\"name\": \"bob\"}, {\"name\": {\"$starts_with\": \"c\"}}]}"),
        doc("x", "delete", "arg name=\"id\" lit=\"bob\""),
        doc("y", "get", "arg name=\"id\" lit=\"bob\""),
        doc("z", "count", ""),
    ]
    .concat()
        + &list(&["b", "c", "d", "e", "f", "g", "h", "i", "total", "oldest", "n", "x", "y", "z"]);
    let expected = r#"["y",["a/1"],false,true,null,["b%"],null,[],2,"cy",2,true,null,2]"#;
    assert_eq!(value(&steps, &[]).await, expected, "in memory");
    let file = [("STORAGE_URL", format!("sqlite:{}", folder.at("s.db")))];
    assert_eq!(value(&steps, &file).await, expected, "in a file");
    let again = value(&(doc("x", "count", "") + RETURN), &file).await;
    assert_eq!(again, "2", "the file keeps it");
    let wrong = of(
        "std.storage.doc.count",
        "arg name=\"collection\" lit=\"c\" arg name=\"filter\" lit={\"a\": {\"$near\": 1}}",
    )
    .await;
    assert!(wrong.contains("without `$near`"), "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_day_is_moved_by_the_clock_of_the_program() {
    let steps = call("a", "time.now", "")
        + &call("w", "timers.delay", "arg name=\"ms\" lit=7200000")
        + &call("b", "time.now", "")
        + "step id=\"c\" kind=\"compute\" op=dt_diff input var=\"b\" input var=\"a\" as=\"took\" end\nstep id=\"r\" kind=\"return\" from=\"took\" as=\"_\" end\n";
    assert_eq!(value(&steps, &[]).await, "7200");
}

#[tokio::test]
async fn variables_and_the_machine() {
    let steps = call("a", "os.env_get", "arg name=\"name\" lit=\"WHO\"")
        + &call("b", "os.env_set", "arg name=\"name\" lit=\"WHO\" arg name=\"value\" lit=\"me\"")
        + &call("c", "os.env_get", "arg name=\"name\" lit=\"WHO\"")
        + &call("d", "os.env_get", "arg name=\"name\" lit=\"NOBODY\"")
        + &call("e", "os.platform", "")
        + &list(&["a", "c", "d", "e"]);
    let expected = format!(r#"["you","me",null,"{}"]"#, std::env::consts::OS);
    assert_eq!(value(&steps, &[("WHO", "you".to_owned())]).await, expected);
}

#[tokio::test]
async fn steps_on_data_read_and_change_documents() {
    let insert = |id: &str, fields: &str| {
        format!(
            "step id=\"{id}\" kind=\"insert\" into=\"std.storage.people\" {fields} as=\"{id}\" end\n"
        )
    };
    let query = |id: &str, rest: &str| {
        format!(
            "step id=\"{id}\" kind=\"query\" target=\"std.storage\" from=\"people\" {rest} as=\"{id}\" end\n"
        )
    };
    let steps = [
        insert("a", "set field=\"id\" lit=\"ada\" set field=\"age\" lit=36"),
        insert("b", "set field=\"age\" lit=20 set field=\"home\" lit={\"city\": \"Oslo\"}"),
        insert("twice", "set field=\"id\" lit=\"ada\""),
        "step id=\"m\" kind=\"match\" on=\"twice\" case variant type=\"DbError\" bindings=(\"failure\") \
         step id=\"m1\" kind=\"bind\" from=\"failure.sqlstate\" as=\"sqlstate\" end end case wildcard end as=\"_\" end\n"
            .to_owned(),
        query("old", "select field=\"id\" where greater field=\"age\" lit=30 end"),
        query("city", "select all where equals field=\"home.city\" lit=\"Oslo\" end limit=1"),
        "step id=\"u\" kind=\"update\" target=\"std.storage.people\" set field=\"age\" op=add lit=1 where equals field=\"id\" lit=\"ada\" end as=\"changed\" end\n".to_owned(),
        query("all", "select field=\"age\" order by=\"age\" dir=desc"),
        "step id=\"d\" kind=\"delete\" from=\"std.storage.people\" where less field=\"age\" lit=30 end as=\"gone\" end\n".to_owned(),
        query("left", "select all"),
        query("none", "select all where equals field=\"id\" lit=\"zoe\" end limit=1"),
    ]
    .concat();
    let names = ["a", "b", "sqlstate", "old", "city", "changed", "all", "gone", "left", "none"];
    assert_eq!(
        value(&(steps + &list(&names)), &[]).await,
        r#"[{"id":"ada","age":36},{"id":"1","age":20,"home":{"city":"Oslo"}},"23505",[{"id":"ada"}],{"id":"1","age":20,"home":{"city":"Oslo"}},1,[{"age":37},{"age":20}],1,[{"id":"ada","age":37}],null]"#
    );
}

#[tokio::test]
async fn the_time_of_a_step_ends_its_requests() {
    let up = support::upstream::Upstream::start();
    let url = format!("http://{}/slow", up.address());
    let get = |id: &str, rest: &str| {
        format!(
            "branch id=\"{id}\" step id=\"{id}1\" kind=\"call\" fn=\"http.get\" arg name=\"url\" lit=\"{url}\" {rest} as=\"reply\" end end\n"
        )
    };
    let came_to = async |attributes: &str, branches: String| {
        let steps = format!(
            "step id=\"p\" kind=\"parallel\" timeout=50ms {attributes}\n{branches}as=\"x\" end\n{RETURN}"
        );
        value(&steps, &[]).await
    };
    let late = came_to("", get("a", "")).await;
    assert!(late.starts_with(r#"{"type":"TimeoutError","#), "{late}");
    assert!(late.ends_with(r#""timeout_ms":50,"unfinished":["a"]}"#), "{late}");
    let partial = "on_timeout=\"return_partial\"";
    assert_eq!(came_to(partial, get("a", "")).await, r#"{"a":null}"#);
    // A time of its own is a failure of the call.
    let own = came_to(partial, get("a", "arg name=\"timeout\" lit=5")).await;
    assert!(own.starts_with(r#"{"type":"HttpError::TimeoutError","#), "{own}");
    let none = came_to(partial, get("a", "arg name=\"timeout\" lit=0")).await;
    assert!(
        none.contains("`timeout` is 0: it must be a number of milliseconds from 1 up"),
        "{none}"
    );
}
