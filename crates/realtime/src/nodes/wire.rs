//! What nodes say to each other, as bytes in the database's log.
//!
//! A letter is the cluster's seal (16 bytes), the format's number, the sender (16 bytes), its place (u32), what it is
//! about (one byte) and what it says. Numbers are big-endian, texts have a length (u32) in front.

use bytes::{Buf as _, Bytes};
use uuid::Uuid;

use crate::channel::ChannelId;
use crate::frames::{Body, Broadcast, Json};
use crate::hub::{Meta, Visibility};

/// Told from letters of programs that speak another format.
const FORMAT: u8 = 1;

/// What everybody who knows the project's secret puts on its letters, so that nobody else who can write to the log is
/// listened to.
pub(super) type Seal = [u8; 16];

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) node: Uuid,
    /// Its place.
    pub(super) number: u32,
}

/// What a letter says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// I am here; and, if so wished, show me what you have.
    Hello { wants_answer: bool },
    /// I am going.
    Bye,
    /// All that I show follows, up to the end.
    Begin,
    /// What I did not show since the beginning is there no longer.
    End,
    /// Something was said in a room.
    Broadcast {
        visibility: Visibility,
        sub_topic: String,
        broadcast: Broadcast,
    },
    /// A channel shows itself.
    Shown {
        visibility: Visibility,
        sub_topic: String,
        channel: ChannelId,
        meta: Meta,
    },
    /// It does so no longer.
    Hidden {
        visibility: Visibility,
        sub_topic: String,
        channel: ChannelId,
    },
}

const HELLO: u8 = 0;
const BYE: u8 = 1;
const BEGIN: u8 = 2;
const END: u8 = 3;
const BROADCAST: u8 = 4;
const SHOWN: u8 = 5;
const HIDDEN: u8 = 6;

/// A letter being written.
pub(super) struct Letter(Vec<u8>);

impl Letter {
    fn new(seal: &Seal, sender: Sender, about: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(seal);
        bytes.push(FORMAT);
        bytes.extend_from_slice(sender.node.as_bytes());
        bytes.extend_from_slice(&sender.number.to_be_bytes());
        bytes.push(about);
        Self(bytes)
    }

    pub(super) fn hello(seal: &Seal, sender: Sender, wants_answer: bool) -> Vec<u8> {
        let mut letter = Self::new(seal, sender, HELLO);
        letter.0.push(u8::from(wants_answer));
        letter.0
    }

    pub(super) fn bye(seal: &Seal, sender: Sender) -> Vec<u8> {
        Self::new(seal, sender, BYE).0
    }

    pub(super) fn begin(seal: &Seal, sender: Sender) -> Vec<u8> {
        Self::new(seal, sender, BEGIN).0
    }

    pub(super) fn end(seal: &Seal, sender: Sender) -> Vec<u8> {
        Self::new(seal, sender, END).0
    }

    pub(super) fn broadcast(
        seal: &Seal,
        sender: Sender,
        (visibility, sub_topic): (Visibility, &str),
        broadcast: &Broadcast,
    ) -> Vec<u8> {
        let mut letter = Self::new(seal, sender, BROADCAST);
        letter.room(visibility, sub_topic);
        match broadcast {
            Broadcast::Text(json) => {
                letter.0.push(0);
                letter.text(json.bytes());
            }
            Broadcast::User { event, body, .. } => {
                let (kind, data) = match body {
                    Body::Json(data) => (1, data),
                    Body::Binary(data) => (2, data),
                };
                letter.0.push(kind);
                letter.text(event.as_bytes());
                letter.text(data);
            }
        }
        letter.0
    }

    pub(super) fn shown(
        seal: &Seal,
        sender: Sender,
        (visibility, sub_topic): (Visibility, &str),
        channel: ChannelId,
        meta: &Meta,
    ) -> Vec<u8> {
        let mut letter = Self::new(seal, sender, SHOWN);
        letter.room(visibility, sub_topic);
        letter.0.extend_from_slice(&channel.to_be_bytes());
        for part in meta.parts() {
            letter.text(part.as_bytes());
        }
        letter.0
    }

    pub(super) fn hidden(
        seal: &Seal,
        sender: Sender,
        (visibility, sub_topic): (Visibility, &str),
        channel: ChannelId,
    ) -> Vec<u8> {
        let mut letter = Self::new(seal, sender, HIDDEN);
        letter.room(visibility, sub_topic);
        letter.0.extend_from_slice(&channel.to_be_bytes());
        letter.0
    }

    fn room(&mut self, visibility: Visibility, sub_topic: &str) {
        self.0.push(u8::from(visibility == Visibility::Private));
        self.text(sub_topic.as_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        let length = u32::try_from(text.len()).expect("payloads are bounded far below");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text);
    }
}

/// Reads a letter; none if it is not one of ours.
pub(super) fn read(seal: &Seal, content: Bytes) -> Option<(Sender, Said)> {
    let mut rest = Reader(content);
    if !base::constant_time_eq(&rest.take(seal.len())?, seal) || rest.byte()? != FORMAT {
        return None;
    }
    let node = Uuid::from_slice(&rest.take(16)?).ok()?;
    let sender = Sender {
        node,
        number: rest.0.try_get_u32().ok()?,
    };
    let said = match rest.byte()? {
        HELLO => Said::Hello {
            wants_answer: rest.byte()? == 1,
        },
        BYE => Said::Bye,
        BEGIN => Said::Begin,
        END => Said::End,
        about @ (BROADCAST | SHOWN | HIDDEN) => rest.about_a_room(about)?,
        _ => return None,
    };
    Some((sender, said))
}

struct Reader(Bytes);

impl Reader {
    fn take(&mut self, bytes: usize) -> Option<Bytes> {
        (self.0.len() >= bytes).then(|| self.0.split_to(bytes))
    }

    fn byte(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    fn counted(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.0.try_get_u32().ok()?).ok()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.counted()?.into()).ok()
    }

    fn about_a_room(&mut self, about: u8) -> Option<Said> {
        let visibility = Visibility::of(self.byte()? == 1);
        let sub_topic = self.text()?;
        if about == BROADCAST {
            let broadcast = match self.byte()? {
                0 => Broadcast::Text(Json::written(self.counted()?.into())),
                kind => Broadcast::User {
                    event: self.text()?,
                    body: if kind == 1 {
                        Body::Json(self.counted()?)
                    } else {
                        Body::Binary(self.counted()?)
                    },
                    metadata: None,
                },
            };
            return Some(Said::Broadcast {
                visibility,
                sub_topic,
                broadcast,
            });
        }
        let channel = self.0.try_get_u64().ok()?;
        if about == HIDDEN {
            return Some(Said::Hidden {
                visibility,
                sub_topic,
                channel,
            });
        }
        let parts = [self.text()?, self.text()?, self.text()?, self.text()?];
        Some(Said::Shown {
            visibility,
            sub_topic,
            channel,
            meta: Meta::of_parts(parts)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = [7; 16];

    fn sender() -> Sender {
        Sender {
            node: Uuid::from_u128(5),
            number: 3,
        }
    }

    #[test]
    fn letters_are_read_as_they_were_written() {
        let room = (Visibility::Private, "r é");
        let check = |letter: Vec<u8>, said: Said| {
            assert_eq!(read(&SEAL, letter.into()), Some((sender(), said)));
        };
        check(
            Letter::hello(&SEAL, sender(), true),
            Said::Hello { wants_answer: true },
        );
        check(Letter::bye(&SEAL, sender()), Said::Bye);
        check(Letter::begin(&SEAL, sender()), Said::Begin);
        check(Letter::end(&SEAL, sender()), Said::End);
        for broadcast in [
            Broadcast::Text(Json::written(b"{\"a\":1}".to_vec())),
            Broadcast::User {
                event: String::new(),
                body: Body::Json("[]".into()),
                metadata: None,
            },
            Broadcast::User {
                event: "é".into(),
                body: Body::Binary(vec![0, 255].into()),
                metadata: None,
            },
        ] {
            check(
                Letter::broadcast(&SEAL, sender(), room, &broadcast),
                Said::Broadcast {
                    visibility: room.0,
                    sub_topic: room.1.into(),
                    broadcast,
                },
            );
        }
        let meta = Meta::new("k", "ref".into(), b"{\"n\":12345678901234567890}").unwrap();
        check(
            Letter::shown(&SEAL, sender(), room, 9, &meta),
            Said::Shown {
                visibility: room.0,
                sub_topic: room.1.into(),
                channel: 9,
                meta,
            },
        );
        check(
            Letter::hidden(&SEAL, sender(), room, 9),
            Said::Hidden {
                visibility: room.0,
                sub_topic: room.1.into(),
                channel: 9,
            },
        );
    }

    #[test]
    fn letters_of_others_and_broken_ones_are_not_read() {
        let good = Letter::hello(&SEAL, sender(), false);
        assert_eq!(read(&[8; 16], good.clone().into()), None);
        for length in 0..good.len() {
            assert_eq!(read(&SEAL, good[..length].to_vec().into()), None);
        }
        let mut newer = good;
        newer[16] = FORMAT + 1;
        assert_eq!(read(&SEAL, newer.into()), None);
    }
}
