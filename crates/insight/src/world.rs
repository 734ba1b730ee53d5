//! Who there is and who owns which row: everything that more than one table must agree about.

use uuid::Uuid;

use crate::dice::{Dice, Stream};
use crate::moment::Moment;
use crate::people::{COLLIDING, CORE, DRIFTED, HEAVY, Person, SHARED};
use crate::size::Scale;
use crate::{Account, Size, Variant};

const FIRST_NAMES: [&str; 16] = [
    "Alba", "Bruno", "Chiara", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kenza",
    "Liam", "Maya", "Nils", "Olga", "Pablo",
];
const LAST_NAMES: [&str; 16] = [
    "Abbey", "Brook", "Castle", "Dale", "Elm", "Field", "Grove", "Hill", "Isle", "Knoll", "Lake",
    "Mill", "North", "Orchard", "Pond", "Ridge",
];
const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// Users that the earlier attempt did carry over, in variant B.
pub(crate) const MAPPED: [i32; 9] = [1, 2, 4, 5, 12, 13, 17, 18, 23];
/// Ids that the earlier attempt invented, "one more than the highest mapped one": the first is really [`COLLIDING`]'s.
pub(crate) const INVENTED: [i32; 4] = [COLLIDING, 25, 26, 27];

/// The invariable part of one generated database.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) variant: Variant,
    pub(crate) scale: Scale,
    pub(crate) people: Vec<Person>,
    size: Size,
    seed: u64,
    /// Known people with a history.
    known: Vec<i32>,
    first_bulk: i32,
    bulk: u64,
}

/// One user of the bulk.
#[derive(Debug)]
pub(crate) struct Anybody {
    pub(crate) address: String,
    pub(crate) full_name: String,
    pub(crate) password: &'static str,
    pub(crate) hash: &'static str,
    pub(crate) is_admin: bool,
    pub(crate) is_active: bool,
}

impl World {
    pub(crate) fn new(variant: Variant, size: Size, seed: u64) -> Self {
        let mut people = CORE.to_vec();
        let first_bulk = match variant {
            Variant::A => 6,
            Variant::B => {
                people.extend(DRIFTED);
                40
            }
        };
        let scale = size.scale();
        let known = people.iter().filter(|person| person.has_history);
        Self {
            variant,
            scale,
            known: known.map(|person| person.id).collect(),
            size,
            seed,
            first_bulk,
            bulk: u64::try_from(scale.users).expect("a count") - CORE.len() as u64,
            people,
        }
    }

    pub(crate) fn drifted(&self) -> bool {
        self.variant == Variant::B
    }

    pub(crate) fn stream(&self, name: &str) -> Stream {
        Stream::new(self.seed, name)
    }

    pub(crate) fn bulk_ids(&self) -> std::ops::Range<i32> {
        let count = i32::try_from(self.bulk).expect("fewer than two thousand million users");
        self.first_bulk..self.first_bulk + count
    }

    /// The user of the bulk with this id. The first few are active, so that they can be accounts.
    pub(crate) fn anybody(&self, id: i32) -> Anybody {
        let rank = u64::try_from(id - self.first_bulk).expect("an id of the bulk");
        let mut dice = self.stream("users").dice(rank);
        let first = dice.pick(&FIRST_NAMES);
        let last = dice.pick(&LAST_NAMES);
        let domain = dice.pick(&DOMAINS);
        let (password, hash) = dice.pick(&SHARED);
        Anybody {
            address: format!(
                "{}.{}{id}@{domain}",
                first.to_lowercase(),
                last.to_lowercase()
            ),
            full_name: format!("{first} {last}"),
            password,
            hash,
            is_admin: dice.once_in(100),
            is_active: !dice.once_in(50) || rank < BULK_ACCOUNTS,
        }
    }

    /// The address of any user that exists, as it is stored.
    pub(crate) fn address(&self, id: i32) -> String {
        match self.people.iter().find(|person| person.id == id) {
            Some(person) => person.address.stored(),
            None => self.anybody(id).address,
        }
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        let known = self.people.iter().map(|person| Account {
            legacy_id: person.id,
            email: person.address.stored().trim().to_lowercase(),
            password: person.password.to_owned(),
            note: person.note,
            signs_in: person.signs_in,
        });
        let few = usize::try_from(BULK_ACCOUNTS).expect("a few");
        let bulk = self.bulk_ids().take(few).map(|id| {
            let user = self.anybody(id);
            Account {
                legacy_id: id,
                email: user.address,
                password: user.password.to_owned(),
                note: "bulk",
                signs_in: true,
            }
        });
        known.chain(bulk).collect()
    }

    /// The UUID that the earlier attempt gave to an id, whether the id is a user's or invented.
    pub(crate) fn mapped(&self, id: i32) -> Option<Uuid> {
        let mapped = self.drifted() && (MAPPED.contains(&id) || INVENTED.contains(&id));
        mapped.then(|| {
            let row = u64::try_from(id).expect("an id");
            self.stream("user_id_mapping").dice(row).uuid()
        })
    }

    /// How a text column names a user: since the attempt by the UUID, if they have one.
    pub(crate) fn named(&self, id: i32, at: Moment) -> String {
        match self.mapped(id) {
            Some(uuid) if at >= Moment::ATTEMPT && id != COLLIDING => uuid.to_string(),
            _ => id.to_string(),
        }
    }

    /// The owners of `least` rows or more: every known person has the last `each` of them in turn.
    pub(crate) fn owners(&self, name: &str, least: u64, each: u64) -> Owners<'_> {
        let tail = self.known.len() as u64 * each;
        Owners {
            world: self,
            stream: self.stream(name),
            total: least.max(tail),
            tail,
            heavy: 0,
        }
    }

    pub(crate) fn conversations(&self) -> Owners<'_> {
        let each = 8;
        let mut owners = self.owners("user_conversations.owner", self.scale.conversations, each);
        if self.drifted() {
            owners.heavy = self.scale.heavy_conversations;
            if self.size == Size::S {
                owners.total += owners.heavy;
            }
        }
        owners
    }

    pub(crate) fn watches(&self) -> Owners<'_> {
        self.owners("watch_configs.owner", self.scale.watch_configs, 1)
    }

    fn any_user(&self, dice: &mut Dice) -> i32 {
        if self.bulk == 0 {
            return dice.pick(&self.known);
        }
        let rank = i32::try_from(dice.leaning(self.bulk)).expect("a rank among the users");
        self.first_bulk + rank
    }
}

/// Users of the bulk who are accounts too.
const BULK_ACCOUNTS: u64 = 8;

/// Who owns which row of a table; any row can be asked about alone.
pub(crate) struct Owners<'a> {
    world: &'a World,
    stream: Stream,
    pub(crate) total: u64,
    tail: u64,
    heavy: u64,
}

impl Owners<'_> {
    pub(crate) fn of(&self, row: u64) -> i32 {
        let body = self.total - self.tail;
        if row >= body {
            let turn = usize::try_from(row - body).expect("few rows");
            return self.world.known[turn % self.world.known.len()];
        }
        let stride = body.checked_div(self.heavy);
        let heavy =
            stride.is_some_and(|stride| row.is_multiple_of(stride) && row / stride < self.heavy);
        if heavy {
            return HEAVY;
        }
        self.world.any_user(&mut self.stream.dice(row))
    }
}
