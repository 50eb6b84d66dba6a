//! With reqwest and `buffer_unordered`, as one would write it.

use std::time::{Duration, Instant};

use futures::future::select_ok;
use futures::stream::{self, StreamExt};
use reqwest::Client;

use super::{Case, Kind, Taken};

pub(super) async fn run(case: &Case) -> Taken {
    let client = Client::new();
    if case.kind == Kind::Any {
        return any(&client, case).await;
    }
    stream::iter((0..case.count).map(|n| get(&client, case.path(n))))
        .map(async |sending| sending.await.ok())
        .buffer_unordered(case.limit as usize)
        .collect()
        .await
}

async fn get(client: &Client, url: String) -> reqwest::Result<Duration> {
    let began = Instant::now();
    let response = client.get(url).timeout(Duration::from_secs(30)).send().await?;
    response.error_for_status()?.bytes().await?;
    Ok(began.elapsed())
}

async fn any(client: &Client, case: &Case) -> Taken {
    let mut taken = Taken::new();
    for n in 0..case.count {
        let rivals = case.rivals(n).map(|url| Box::pin(get(client, url)));
        taken.push(select_ok(rivals).await.ok().map(|(time, _)| time));
    }
    taken
}
