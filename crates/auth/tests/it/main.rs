//! The service through its router, on a real PostgreSQL.

// So marked that `unwrap` may be used in their helpers, too.
#[cfg(test)]
mod admin;
#[cfg(test)]
mod bearer;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod cleanup;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod custom;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod house;
#[cfg(test)]
mod id_token;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod input;
#[cfg(test)]
mod legacy;
#[cfg(test)]
mod linking;
#[cfg(test)]
mod links;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod oauth_clients;
#[cfg(test)]
mod oauth_codes;
#[cfg(test)]
mod oauth_server;
#[cfg(test)]
mod otp;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod pkce;
#[cfg(test)]
mod post;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod signup;
#[cfg(test)]
mod users;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod web3;
