//! With [`Batch`].

use std::num::NonZeroU32;
use std::time::Instant;

use rejoin_http::{Batch, Client, Outcome, RequestSpec};

use super::{Case, Kind, Taken};

pub(super) async fn run(case: &Case) -> Taken {
    let client = Client::new();
    if case.kind == Kind::Any {
        return any(&client, case).await;
    }
    let urls: Vec<String> = (0..case.count).map(|n| case.path(n)).collect();
    let limit = NonZeroU32::new(case.limit).unwrap_or(NonZeroU32::MIN);
    let batch = Batch::new()
        .client(&client)
        .requests(urls.into_iter().map(|url| RequestSpec::get(&url)))
        .limit(limit)
        .per_host(limit);
    let collected = batch.as_completed(async |mut outcomes| {
        let mut taken = Taken::new();
        while let Some(outcome) = outcomes.next().await {
            taken.push(time(&outcome));
        }
        taken
    });
    collected.await.unwrap_or_default()
}

fn time(outcome: &Outcome) -> Option<std::time::Duration> {
    outcome.result.as_ref().ok().filter(|_| outcome.good).map(|response| response.timings.total)
}

async fn any(client: &Client, case: &Case) -> Taken {
    let mut taken = Taken::new();
    for n in 0..case.count {
        let began = Instant::now();
        let mut batch = Batch::new().client(client);
        for url in case.rivals(n) {
            batch = batch.get(&url);
        }
        taken.push(batch.any().await.ok().map(|_| began.elapsed()));
    }
    taken
}
