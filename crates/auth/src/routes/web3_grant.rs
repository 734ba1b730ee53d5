//! `POST /token?grant_type=web3`

use axum::response::Response;
use serde::Deserialize;

use super::ok;
use crate::ask::Ask;
use crate::body::Text;
use crate::external::{self, Arrival};
use crate::letters::Journey;
use crate::service::Inner;
use crate::web3::{self, Chain};
use crate::{Error, bearer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    chain: Text,
    message: Text,
    signature: Text,
}

/// The name of the provider in identities.
const PROVIDER: &str = "web3";

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let settings = &service.settings;
    if !settings.web3_solana_enabled && !settings.web3_ethereum_enabled {
        return Err(Error::Web3Disabled(""));
    }
    let body: Body = ask.json()?;
    let chain = Chain::of(&body.chain).ok_or(Error::Web3Chain)?;
    let enabled = match chain {
        Chain::Solana => settings.web3_solana_enabled,
        Chain::Ethereum => settings.web3_ethereum_enabled,
    };
    if !enabled {
        return Err(Error::Web3Disabled(chain.title()));
    }
    let (_, profile) = web3::verify(service, chain, &body.message, &body.signature)?;
    let journey = Journey::of(service, ask, None);
    let audience = bearer::audience(service, ask);
    let arrival = Arrival {
        provider: PROVIDER,
        profile: &profile,
        audience: &audience,
        journey: &journey,
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let settled = external::settle(service, &tx, &arrival).await?;
    Ok(ok(&settled.enter(service, tx, ask, PROVIDER).await?))
}
