//! A new token for a channel.

use std::sync::Arc;
use std::time::Duration;

use base::Secret;
use serde_json::Value;

use super::work::Outcome;
use super::{Detail, Socket, narrate};
use crate::authz::Readable;
use crate::bindings;
use crate::error::Error;
use crate::frames::Json;
use crate::token::Bearer;

impl Socket {
    /// `access_token`: no reply when it is good, the end when it is not (RT-TOK-04 to 06).
    pub(super) fn refresh(&mut self, topic: &Arc<str>, payload: &Json) {
        let payload: Value = serde_json::from_slice(payload.bytes()).unwrap_or_default();
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let token = match payload.get("access_token") {
            None | Some(Value::Null) => return,
            Some(Value::String(token))
                if token.starts_with("sb_") || token == channel.token.expose() =>
            {
                return;
            }
            Some(Value::String(token)) => token.clone(),
            Some(other) => other.to_string(),
        };
        let bearer = match self
            .service
            .tokens()
            .read(&token, self.service.clock.unix())
        {
            Ok(bearer) => bearer,
            Err(error) => return self.end(topic, &error.into()),
        };
        // RT-TOK-09: a public channel asks no policy.
        if !channel.is_private() {
            let readable = channel.readable;
            return self.refreshed(topic, token, bearer, Ok(readable));
        }
        let mut context = self.context(channel);
        context.caller = bearer.caller.clone();
        let (service, with_presence, id) = (
            Arc::clone(&self.service),
            channel.presence_known,
            channel.id,
        );
        let handle = self.start(topic, id, async move {
            let readable = service.authority.read(&context, with_presence).await;
            Outcome::Refreshed {
                token,
                bearer: Box::new(bearer),
                readable,
            }
        });
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.busy = Some(handle);
        }
    }

    pub(super) fn refreshed(
        &mut self,
        topic: &Arc<str>,
        token: String,
        bearer: Bearer,
        readable: Result<Readable, Error>,
    ) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        let readable = match readable
            .and_then(|new| still_enough(channel.readable, new, &channel.sub_topic))
        {
            Ok(readable) => readable,
            Err(error) => return self.end(topic, &error),
        };
        narrate!(
            self,
            Detail::Steps,
            topic = &**topic,
            role = bearer.caller.role,
            "a channel has a new token"
        );
        channel.token = Secret::new(token);
        channel.bearer = bearer;
        channel.readable = readable;
        if channel.is_private() {
            (channel.writes_broadcasts, channel.writes_presence) = (None, None);
        }
        let id = channel.id;
        if let Some(room) = channel.room() {
            room.update(id, |member| {
                member.reads_broadcasts = readable.broadcasts;
                member.reads_presence = readable.presence;
            });
        }
        // What is under way was asked with the old claims and must not become live with them (RT-RLS-07): dropped,
        // it leaves nothing behind, and it is asked again.
        let pending = channel.binding.take();
        if let Some(pending) = &pending {
            pending.abort();
        }
        if let Some(subscription) = channel.subscription.clone() {
            let caller = channel.bearer.caller.clone();
            let work =
                async move { Outcome::Rebound(bindings::replace(subscription, caller).await) };
            let handle = self.start(topic, id, work);
            if let Some(channel) = self.channels.get_mut(topic) {
                channel.binding = Some(handle);
            }
        } else if pending.is_some() {
            self.bind_again(topic, Duration::ZERO);
        }
        self.set_alarm();
        self.resume(topic);
    }
}

/// Rights that were there must stay; there must be one at all.
fn still_enough(old: Readable, new: Readable, sub_topic: &str) -> Result<Readable, Error> {
    if !new.broadcasts && !new.presence {
        return Err(Error::MayNotRead(sub_topic.to_owned()));
    }
    if (old.broadcasts && !new.broadcasts) || (old.presence && !new.presence) {
        return Err(Error::LostRead(sub_topic.to_owned()));
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_may_not_lose_a_right() {
        // RT-SYS-20.
        let readable = |broadcasts, presence| Readable {
            broadcasts,
            presence,
        };
        let check = |old, new| still_enough(old, new, "x");
        assert_eq!(
            check(readable(true, false), readable(true, true)),
            Ok(readable(true, true))
        );
        assert_eq!(
            check(readable(true, true), readable(false, false)),
            Err(Error::MayNotRead("x".into()))
        );
        assert_eq!(
            check(readable(true, true), readable(true, false)),
            Err(Error::LostRead("x".into()))
        );
        assert_eq!(
            check(readable(true, false), readable(false, true)),
            Err(Error::LostRead("x".into()))
        );
    }
}
