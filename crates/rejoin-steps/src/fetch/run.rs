//! A call of `fetch`.

use rejoin_engine::{Called, Input, Prepared};
use rejoin_http::Client;

use super::request::{self, TextUrl};
use super::response;
use super::settings::Defaults;

pub(super) struct PreparedFetch {
    pub(super) url: TextUrl,
    pub(super) client: Client,
    pub(super) defaults: Defaults,
}

impl Prepared for PreparedFetch {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let request = match request::build(&self.url, &input, self.defaults) {
            Ok(request) => request,
            Err(problem) => return Called::Ready(Err(response::not_asked(problem))),
        };
        Called::pending(async move {
            let method = request.method().clone();
            match self.client.send(request).await {
                Ok(answer) => {
                    let host = input.context.host();
                    Ok(response::payload(host, &method, &answer).await?.into())
                }
                Err(error) => Err(response::failed(&method, &error)),
            }
        })
    }
}
