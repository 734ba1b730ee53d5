//! Joining a channel: the checks, the work beside the loop, the answer.

use std::sync::Arc;

use base::Secret;
use tokio::time::Instant;

use super::work::Outcome;
use super::{Detail, Socket, count, narrate};
use crate::authz::{Context, Readable};
use crate::bindings::{self, Bound};
use crate::channel::{Channel, ChannelId, Config, Form, Seat, Sink, next_id};
use crate::error::Error;
use crate::frames::{Broadcast, Inbound, Payload, Status, Version};
use crate::hub::{Member, TOPIC_PREFIX, Visibility};
use crate::replay::Replay;
use crate::service::Service;

/// A join that has passed every check.
pub(super) struct Admitted {
    seat: Seat,
    readable: Readable,
    replayed: Vec<Broadcast>,
    /// The bindings, when there are any.
    bound: Option<Bound>,
    sink: Arc<Sink>,
}

/// What the work needs to know.
struct Application {
    id: ChannelId,
    context: Context,
    config: Config,
    version: Version,
    topic: Arc<str>,
    outbox: Arc<super::Outbox>,
}

impl Socket {
    /// `phx_join` on a topic of ours.
    pub(super) fn join(&mut self, inbound: &Inbound) {
        // RT-CH-04: a second join ends the first channel.
        if self.channels.contains_key(inbound.topic.as_str()) {
            self.close(&inbound.topic);
        }
        let Payload::Json(payload) = &inbound.payload else {
            return;
        };
        let config = Config::read(payload, &inbound.topic[TOPIC_PREFIX.len()..]);
        metrics::counter!("realtime_channel_joins").increment(1);
        match self.check(inbound, &config) {
            Ok(channel) => self.apply(inbound, channel),
            Err(error) => self.refuse(inbound, &error),
        }
    }

    /// Everything that needs no database, in the order of RT-JOIN-10.
    fn check(&mut self, inbound: &Inbound, config: &Config) -> Result<Channel, Error> {
        let service = Arc::clone(&self.service);
        let (settings, limits) = (service.settings(), &service.limits);
        let sub_topic = &inbound.topic[TOPIC_PREFIX.len()..];
        if sub_topic.is_empty() {
            return Err(Error::NoTopic);
        }
        if service.tasks.is_stopping() {
            return Err(Error::Restarting);
        }
        if settings.suspended {
            return Err(Error::Suspended);
        }
        if settings.private_only && config.visibility == Visibility::Public {
            return Err(Error::PrivateOnly);
        }
        if !self.is_user && limits.users.is_full() {
            return Err(Error::TooManyUsers);
        }
        if limits.joins.is_reached() {
            return Err(Error::TooManyJoins);
        }
        limits.joins.add(1);
        if settings.max_channels_per_client > 0
            && self.channels.len() >= settings.max_channels_per_client
        {
            return Err(Error::TooManyChannels);
        }
        let token = match &config.token {
            Some(token) if !token.starts_with("sb_") => Secret::new(token.as_str()),
            _ => self.token.clone(),
        };
        let bearer = service
            .tokens()
            .read(token.expose(), service.clock.unix())?;
        if !self.is_user {
            if !limits.users.enter() {
                return Err(Error::TooManyUsers);
            }
            self.is_user = true;
            metrics::gauge!("realtime_connections_connected").increment(1);
        }
        // RT-CH-06.
        let join_ref = if inbound.join_ref.is_null() {
            &inbound.reference
        } else {
            &inbound.join_ref
        };
        let open = config.visibility == Visibility::Public;
        Ok(Channel {
            id: next_id(),
            join_ref: join_ref.clone(),
            reference: inbound.reference.clone(),
            came: Instant::now(),
            sub_topic: sub_topic.into(),
            config: Config {
                presence_key: config
                    .presence_key
                    .clone()
                    .or_else(|| Some(service.random.uuid().to_string())),
                ..config.clone()
            },
            token,
            bearer,
            seat: None,
            readable: Readable {
                broadcasts: open,
                presence: open,
            },
            presence_known: open || config.presence,
            writes_broadcasts: open.then_some(true),
            writes_presence: open.then_some(true),
            calls: crate::channel::Calls::default(),
            call_counted: false,
            busy: None,
            waiting: std::collections::VecDeque::default(),
            binding: None,
            subscription: None,
            sink: None,
        })
    }

    /// Goes to the database where it must, beside the loop.
    fn apply(&mut self, inbound: &Inbound, mut channel: Channel) {
        let topic: Arc<str> = inbound.topic.as_str().into();
        let application = Application {
            id: channel.id,
            context: self.context(&channel),
            config: channel.config.clone(),
            version: self.version,
            topic: Arc::clone(&topic),
            outbox: Arc::clone(&self.outbox),
        };
        let service = Arc::clone(&self.service);
        let work = async move { Outcome::Joined(Box::new(admit(service, application).await)) };
        channel.busy = Some(self.start(&topic, channel.id, work));
        self.channels.insert(topic, channel);
    }

    /// The work has ended: answers, then everything that follows an answer.
    pub(super) fn joined(&mut self, topic: &Arc<str>, result: Result<Admitted, Error>) {
        let admitted = match result {
            Ok(admitted) => admitted,
            Err(error) => return self.join_failed(topic, &error),
        };
        let version = self.version;
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        let response = channel.config.response();
        let (id, join_ref) = (channel.id, channel.join_ref.clone());
        self.outbox.push(version.reply_to(
            &join_ref,
            &channel.reference,
            topic,
            Status::Ok,
            &response,
        ));
        narrate!(
            self,
            Detail::Steps,
            topic = &**topic,
            role = channel.bearer.caller.role,
            private = channel.is_private(),
            "a channel was joined"
        );
        channel.readable = admitted.readable;
        let room = Arc::clone(admitted.seat.room());
        channel.seat = Some(admitted.seat);
        let wants_state = channel.config.presence && channel.readable.presence;

        let replayed = admitted
            .replayed
            .iter()
            .filter_map(Broadcast::stored_id)
            .collect();
        for message in &admitted.replayed {
            if let Some(frame) = message.encode_text(version, topic, &join_ref) {
                self.outbox.push(frame);
            }
        }
        room.release(id, replayed);
        if wants_state {
            room.send_state(id, &join_ref, &self.service.limits);
        }
        admitted.sink.open();
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.sink = Some(admitted.sink);
        }
        if let Some(bound) = admitted.bound {
            self.bound(topic, bound);
        }
        self.await_stream(topic);
        self.set_alarm();
        self.resume(topic);
    }

    fn join_failed(&mut self, topic: &Arc<str>, error: &Error) {
        let Some(channel) = self.remove(topic) else {
            return;
        };
        let response = super::reason_json(&error.reason());
        let frame = self.version.reply_to(
            &channel.join_ref,
            &channel.reference,
            topic,
            Status::Error,
            &response,
        );
        self.refuse_with(topic, frame, error, channel.came);
    }

    fn refuse(&mut self, inbound: &Inbound, error: &Error) {
        let frame = self.refusal(inbound, &error.reason());
        let topic = inbound.topic.as_str().into();
        self.refuse_with(&topic, frame, error, Instant::now());
    }

    /// Answers late, so that a client in a loop is slowed, but no later for work that took its time: clients wait for
    /// so long and no longer (RT-JOIN-11).
    fn refuse_with(
        &self,
        topic: &Arc<str>,
        frame: crate::frames::Frame,
        error: &Error,
        came: Instant,
    ) {
        count(error);
        narrate!(
            self,
            Detail::Warnings,
            code = error.code(),
            topic = &**topic,
            "a join was refused"
        );
        let due = came + self.service.settings().channel_error_backoff;
        let close = *error == Error::TooManyJoins;
        self.start(topic, 0, async move {
            tokio::time::sleep_until(due).await;
            Outcome::Refused { frame, close }
        });
    }

    /// Who asks the database about a channel's rights.
    pub(super) fn context(&self, channel: &Channel) -> Context {
        Context {
            caller: channel.bearer.caller.clone(),
            sub_topic: Arc::clone(&channel.sub_topic),
            headers: Arc::clone(&self.headers),
        }
    }
}

/// Rights, then the seat, then what was said before, then the bindings. The seat is taken before the past is
/// read, and what is said meanwhile is held back: nothing falls between (RT-RPL-07).
async fn admit(service: Arc<Service>, application: Application) -> Result<Admitted, Error> {
    let Application {
        id,
        context,
        config,
        version,
        topic,
        outbox,
    } = application;
    let private = config.visibility == Visibility::Private;
    let readable = if private {
        let readable = service.authority.read(&context, config.presence).await?;
        let enough = readable.broadcasts || (readable.presence && config.replay.is_none());
        if !enough {
            return Err(Error::MayNotRead(context.sub_topic.to_string()));
        }
        readable
    } else {
        Readable {
            broadcasts: true,
            presence: true,
        }
    };
    let replay = match &config.replay {
        Some(_) if !private => return Err(Error::ReplayPublic),
        Some(requested) => Some(Replay::read(requested)?),
        None => None,
    };
    let member = Member {
        outbox: Arc::clone(&outbox),
        version,
        hears_itself: config.hears_itself,
        reads_broadcasts: readable.broadcasts,
        reads_presence: readable.presence,
        replayed: std::collections::HashSet::default(),
        held: Some(Vec::new()),
    };
    let room = service
        .hub
        .enter(config.visibility, &context.sub_topic, id, member);
    let seat = Seat::new(Arc::clone(&service.hub), room, id);
    let replayed = match replay {
        Some(replay) => replay.fetch(&service.authority, &context.sub_topic).await?,
        None => Vec::new(),
    };
    let form = Form {
        version,
        topic,
        is_oldest: config.is_oldest,
    };
    let sink = Arc::new(Sink::new(id, form, outbox, Arc::clone(&service.limits)));
    let bound = if config.bindings.is_empty() {
        None
    } else {
        Some(
            bindings::bind_before_reply(
                &service.engine,
                context.caller,
                &config.bindings,
                Arc::clone(&sink),
            )
            .await,
        )
    };
    Ok(Admitted {
        seat,
        readable,
        replayed,
        bound,
        sink,
    })
}
