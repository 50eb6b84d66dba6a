//! The client of the program that was loaded last, which all of its calls share.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rejoin_http::{Client, ClientBuilder};

use super::settings::ClientSettings;

/// Makes clients, and keeps the last one: a reload with the same settings keeps its connections.
pub(crate) struct Clients {
    begin: Box<dyn Fn() -> ClientBuilder + Send + Sync>,
    current: Mutex<Option<(ClientSettings, Client)>>,
}

impl Clients {
    pub(super) fn new(begin: impl Fn() -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self { begin: Box::new(begin), current: Mutex::new(None) }
    }

    /// The client with these settings, or what is wrong with them.
    pub(crate) fn get(&self, settings: ClientSettings) -> Result<Client, String> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = &*current
            && *known == settings
        {
            return Ok(client.clone());
        }
        let client = settings.apply((self.begin)()).map_err(|error| error.to_string())?.build();
        *current = Some((settings, client.clone()));
        Ok(client)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}
