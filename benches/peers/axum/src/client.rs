//! The two clients under the hand-written routes.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

#[derive(Clone)]
pub enum Client {
    Reqwest(reqwest::Client),
    /// Boxed, as it is many times the size of the other.
    HyperUtil(Box<legacy::Client<HttpConnector, Empty<Bytes>>>),
}

impl Client {
    pub fn named(name: &str) -> Option<Client> {
        match name {
            "reqwest" => Some(Client::Reqwest(reqwest::Client::new())),
            "hyper-util" => {
                let mut connector = HttpConnector::new();
                connector.set_nodelay(true);
                Some(Client::HyperUtil(Box::new(
                    legacy::Client::builder(TokioExecutor::new()).build(connector),
                )))
            }
            _ => None,
        }
    }

    /// The JSON at `url`, or why there is none.
    pub async fn get<T: DeserializeOwned>(&self, url: String) -> Result<T, String> {
        let bytes = match self {
            Client::Reqwest(client) => {
                let response = client.get(url).send().await.map_err(|e| e.to_string())?;
                let response = response.error_for_status().map_err(|e| e.to_string())?;
                response.bytes().await.map_err(|e| e.to_string())?
            }
            Client::HyperUtil(client) => {
                let uri = url.parse().map_err(|_| format!("not an address: {url}"))?;
                let response = client.get(uri).await.map_err(|e| e.to_string())?;
                if !response.status().is_success() {
                    return Err(format!("upstream answered {}", response.status()));
                }
                response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes()
            }
        };
        serde_json::from_slice(&bytes).map_err(|e| e.to_string())
    }
}
