//! Migrations of a PostgreSQL. Those of SQLite are tested with the command.

mod support;

use std::path::PathBuf;

use rejoin_engine::Settings;
use rejoin_steps::migrate::{Migration, Migrator, Standing, read};
use support::postgres;

/// A database of its own, and a directory.
struct Place {
    name: String,
    directory: PathBuf,
}

impl Place {
    async fn new(name: &str) -> Self {
        let name = format!("migrate_{name}_{}", std::process::id());
        let client = connect(&postgres::url()).await;
        client.batch_execute(&format!("drop database if exists {name}")).await.expect("dropped");
        client.batch_execute(&format!("create database {name}")).await.expect("made");
        let directory = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&directory).expect("a directory");
        Self { name, directory }
    }

    fn url(&self) -> String {
        let url = postgres::url();
        let (server, _) = url.rsplit_once('/').expect("an address with a database");
        format!("{server}/{}", self.name)
    }

    fn write(&self, file: &str, up: &str, down: &str) {
        let text = format!("-- UP --\n{up}\n-- DOWN --\n{down}\n");
        std::fs::write(self.directory.join(file), text).expect("written");
    }

    fn migrations(&self) -> Vec<Migration> {
        read(&self.directory).expect("they can be read").migrations
    }

    async fn open(&self) -> Migrator {
        let settings = Settings::of_block("pg", [("url", self.url())].into_iter());
        let opened = Migrator::open(&settings, &|_| None, None, self.migrations()).await;
        opened.expect("it can be opened")
    }

    async fn up(&self) -> Result<usize, String> {
        let mut count = 0;
        let ended = self.open().await.up(usize::MAX, |_| count += 1).await;
        ended.map(|()| count).map_err(|error| error.to_string())
    }

    async fn standings(&self) -> Vec<Standing> {
        let entries = self.open().await.status().await.expect("it answers");
        entries.iter().map(|entry| entry.standing).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, exchange) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(exchange);
    client
}

#[tokio::test]
async fn up_and_down() {
    let place = Place::new("up").await;
    place.write(
        "20260101000000_users.sql",
        "create table users (id serial primary key);\nalter table users add column name text;",
        "drop table users;",
    );
    place.write(
        "20260102000000_kim.sql",
        "insert into users (name) values ('kim'); -- a semicolon; in a comment\ncreate function f() returns int language sql as $$ select 1; $$;",
        "delete from users; drop function f;",
    );
    assert_eq!(place.standings().await, [Standing::Pending, Standing::Pending]);
    assert_eq!(place.up().await, Ok(2));
    assert_eq!(place.up().await, Ok(0));
    assert_eq!(place.standings().await, [Standing::Applied, Standing::Applied]);
    let mut names = Vec::new();
    let down = place.open().await.down(9, |migration| names.push(migration.name.clone())).await;
    assert_eq!(down, Ok(()));
    assert_eq!(names, ["kim", "users"]);
    assert_eq!(place.standings().await, [Standing::Pending, Standing::Pending]);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let place = Place::new("fails").await;
    place.write("20260101000000_a.sql", "create table a (ä int);\n\nselect ö from a;", "");
    let error = place.up().await.expect_err("there is no such column");
    assert!(error.contains("20260101000000_a.sql:4:8: column \"ö\" does not exist"), "{error}");
    place.write("20260101000000_a.sql", "create table a (b int);", "");
    assert_eq!(place.up().await, Ok(1));
    place.write("20260102000000_ends.sql", "create table c (d int); commit;", "");
    let error = place.up().await.expect_err("it ends the transaction");
    assert!(error.contains("it has ended the transaction that it is"), "{error}");
    assert_eq!(place.standings().await, [Standing::Applied, Standing::Pending]);
}

#[tokio::test]
async fn two_at_once_wait_for_each_other() {
    let place = Place::new("two").await;
    place.write("20260101000000_a.sql", "create table a (b int); select pg_sleep(0.2);", "");
    place.write("20260102000000_b.sql", "insert into a values (1);", "");
    let counts = tokio::join!(place.up(), place.up(), place.up());
    let mut counts = [counts.0, counts.1, counts.2].map(|count| count.expect("none fails"));
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 2]);
    let client = connect(&place.url()).await;
    let row = client.query_one("select count(*) from a", &[]).await.expect("a row");
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_table_that_another_program_has_made_is_understood() {
    let place = Place::new("other").await;
    place.write("20260101000000_a.sql", "create table a (b int);", "drop table a;");
    place.write("20260102000000_b.sql", "create table b (b int);", "drop table b;");
    let client = connect(&place.url()).await;
    client
        .batch_execute(
            "create table a (b int);
             create table _wp_migrations (id serial primary key, version varchar(14) unique, name text, applied_at timestamptz default now());
             insert into _wp_migrations (version, name) values ('20260101000000', 'a')",
        )
        .await
        .expect("made");
    assert_eq!(place.standings().await, [Standing::Applied, Standing::Pending]);
    assert_eq!(place.up().await, Ok(1));
    let url: tokio_postgres::Config = postgres::url().parse().expect("an address");
    let env = |name: &str| match name {
        "WP_PG_DATABASE" => Some(place.name.clone()),
        "WP_PG_PORT" => Some(url.get_ports()[0].to_string()),
        "WP_PG_HOST" => Some("127.0.0.1".to_owned()),
        "WP_PG_USER" => url.get_user().map(str::to_owned),
        _ => None,
    };
    let migrator = Migrator::open(&Settings::default(), &env, None, place.migrations()).await;
    let entries = migrator.expect("the variables name it").status().await.expect("it answers");
    assert!(entries.iter().all(|entry| entry.standing == Standing::Applied), "{entries:?}");
}
