//! The start of a session: who we are, and proof of it.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio_postgres::config::{ChannelBinding, TargetSessionAttrs};

use super::{Connection, State, Target};
use crate::{Error, ServerError};

impl Connection {
    pub(super) async fn log_in(&mut self, target: &Target) -> Result<(), Error> {
        let config = target.endpoint.config();
        let mut params = vec![
            ("user", target.endpoint.user()),
            ("database", target.endpoint.database()),
            ("client_encoding", "UTF8"),
            ("application_name", &target.application_name),
        ];
        if let Some(options) = config.get_options() {
            params.push(("options", options));
        }
        frontend::startup_message(params, &mut self.output).map_err(impossible)?;
        self.prove(target).await?;
        self.await_ready(config.get_target_session_attrs()).await?;
        self.state = State::Idle;
        Ok(())
    }

    async fn prove(&mut self, target: &Target) -> Result<(), Error> {
        let config = target.endpoint.config();
        let password = || {
            config.get_password().ok_or_else(|| {
                Error::Connect("the server asks for a password and none is set".into())
            })
        };
        match self.message().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword if !self.stream.is_private() => {
                return Err(Error::Connect(
                    "the server asks for the password in the clear, without TLS".into(),
                ));
            }
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(password()?, &mut self.output).map_err(impossible)?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(target.endpoint.user().as_bytes(), password()?, body.salt());
                frontend::password_message(hash.as_bytes(), &mut self.output)
                    .map_err(impossible)?;
            }
            Message::AuthenticationSasl(body) => {
                let offered = body
                    .mechanisms()
                    .any(|mechanism| Ok(mechanism == sasl::SCRAM_SHA_256))
                    .map_err(impossible)?;
                if !offered || config.get_channel_binding() == ChannelBinding::Require {
                    return Err(Error::Connect(
                        "the server offers no way to log in that we can use".into(),
                    ));
                }
                self.prove_by_scram(password()?).await?;
            }
            _ => {
                return Err(Error::Connect(
                    "the server asks for a login that is not supported".into(),
                ));
            }
        }
        match self.message().await? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(Error::Connect(
                "the server did not confirm the login".into(),
            )),
        }
    }

    async fn prove_by_scram(&mut self, password: &[u8]) -> Result<(), Error> {
        let refused = |error: std::io::Error| Error::Connect(format!("SCRAM: {error}"));
        let mut scram = ScramSha256::new(password, sasl::ChannelBinding::unsupported());
        frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut self.output)
            .map_err(impossible)?;
        let Message::AuthenticationSaslContinue(body) = self.message().await? else {
            return Err(Error::Connect("SCRAM: the server broke off".into()));
        };
        scram.update(body.data()).map_err(refused)?;
        frontend::sasl_response(scram.message(), &mut self.output).map_err(impossible)?;
        let Message::AuthenticationSaslFinal(body) = self.message().await? else {
            return Err(Error::Connect("SCRAM: the server broke off".into()));
        };
        // Proves that the server knows the password too.
        scram.finish(body.data()).map_err(refused)
    }

    async fn await_ready(&mut self, wanted: TargetSessionAttrs) -> Result<(), Error> {
        let mut read_only = false;
        loop {
            match self.message().await? {
                Message::BackendKeyData(body) => {
                    self.cancel.process = body.process_id();
                    self.cancel.secret = body.secret_key();
                }
                // Both are reported since PostgreSQL 14, the oldest release supported.
                Message::ParameterStatus(body) => {
                    let name = body.name().unwrap_or_default();
                    if matches!(name, "in_hot_standby" | "default_transaction_read_only") {
                        read_only |= body.value().unwrap_or_default() == "on";
                    }
                }
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        match wanted {
            TargetSessionAttrs::ReadWrite if read_only => {
                Err(Error::Connect("the server is read-only".into()))
            }
            TargetSessionAttrs::ReadOnly if !read_only => {
                Err(Error::Connect("the server is not read-only".into()))
            }
            _ => Ok(()),
        }
    }

    /// The next message of the login; a refusal is [`Error::Connect`] with the server's words.
    async fn message(&mut self) -> Result<Message, Error> {
        loop {
            if let Some((tag, length)) = self.next_frame(64 * 1024)? {
                let mut frame = self.input.split_to(length);
                return match tag {
                    b'N' => continue,
                    b'E' => Err(refusal(&mut frame)),
                    _ => match Message::parse(&mut frame) {
                        Ok(Some(message)) => Ok(message),
                        Ok(None) => Err(Error::Connect("this is not a PostgreSQL server".into())),
                        Err(error) => Err(Error::Connect(error.to_string())),
                    },
                };
            }
            self.turn()
                .await
                .map_err(|error| Error::Connect(error.to_string()))?;
        }
    }
}

fn refusal(frame: &mut BytesMut) -> Error {
    let error = match Message::parse(frame) {
        Ok(Some(Message::ErrorResponse(body))) => {
            ServerError::read(body.fields()).unwrap_or_default()
        }
        _ => ServerError::default(),
    };
    Error::Connect(format!("{} ({})", error.message, error.code))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn impossible(error: std::io::Error) -> Error {
    Error::Connect(format!("the connection string cannot be used: {error}"))
}
