//! Who uses a connection next. A pool has a place for each of its connections, and a task that needs a connection takes a place
//! first: inside the pool the first to come would be the first served, and a client that sends most would have all of them.
//!
//! Parties (clinics, addresses, administrators) have a share of the places, and so has each person of a party. Within
//! the shares a claim is let in as soon as a place is free. Beyond them it is let in only while nobody waits and the last
//! quarter stays free. Expensive work weighs more than one place against the shares. Tasks that have to wait do so in
//! a queue that is short and serves the parties in turn, and the people of a party in turn.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

use crate::kernel::{
    Actor, Code, Error, Result,
    actor::{Person, network},
};

/// Whose claims count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    Clinic(Uuid),
    /// Somebody who works in no clinic, such as an administrator.
    Person(Uuid),
    /// The callers of an address who are not signed in.
    Address(IpAddr),
    /// The jobs of the server, which are few and never turned away.
    Server,
}

impl Party {
    /// The party of a caller. A whole /64 of IPv6 counts as one address: each customer of a provider has one.
    #[must_use]
    pub fn of(actor: &Actor, address: IpAddr) -> Self {
        match actor {
            Actor::System | Actor::Job(_) => Self::Server,
            Actor::Nobody => Self::Address(network(address)),
            Actor::Person(person) => Self::of_person(person),
        }
    }

    #[must_use]
    pub fn of_person(person: &Person) -> Self {
        person.acting.map_or(Self::Person(person.user_id), |(clinic, _)| Self::Clinic(clinic))
    }
}

/// A request for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub party: Party,
    /// Nil where the party is one person, or nobody knows who.
    pub person: Uuid,
    /// Places that it counts as in the shares; none for a second connection of an operation, which would wait for itself.
    pub weight: u32,
    /// It waits longer and is not turned away for the length of the queue: somebody else caused it.
    pub is_patient: bool,
}

/// How scopes wait for a connection.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// For whom the server works as itself; none for its own jobs.
    pub on_behalf_of: Option<Party>,
    /// Places that a scope counts as.
    pub weight: u32,
    pub is_patient: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { on_behalf_of: None, weight: 1, is_patient: false }
    }
}

impl Terms {
    /// The claim of a scope for an actor.
    #[must_use]
    pub fn claim(self, actor: &Actor) -> Claim {
        let Self { on_behalf_of, weight, is_patient } = self;
        let (party, person) = match actor {
            Actor::Person(person) => (Party::of_person(person), person.user_id),
            Actor::Nobody | Actor::System | Actor::Job(_) => (on_behalf_of.unwrap_or(Party::Server), Uuid::nil()),
        };
        Claim { party, person, weight, is_patient: is_patient || party == Party::Server }
    }
}

/// How the places are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Percentage of the places for one person.
    pub person: u32,
    /// Percentage of the places for one clinic, or for the strangers of one address.
    pub party: u32,
    /// Claims of one person that may wait.
    pub waiting_of_person: usize,
    /// Claims of one clinic or address that may wait.
    pub waiting_of_party: usize,
    /// How long a claim waits.
    pub wait: Duration,
}

impl Default for Shares {
    fn default() -> Self {
        Self { person: 25, party: 50, waiting_of_person: 64, waiting_of_party: 256, wait: Duration::from_secs(2) }
    }
}

impl Shares {
    /// Places of one person, of `places`.
    #[must_use]
    pub fn of_person(&self, places: usize) -> usize {
        share(places, self.person)
    }

    /// Places of one clinic or address, of `places`.
    #[must_use]
    pub fn of_party(&self, places: usize) -> usize {
        share(places, self.party)
    }
}

fn share(places: usize, percent: u32) -> usize {
    (places * percent as usize / 100).max(1)
}

/// How long the patient wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// The places of one pool.
#[derive(Debug)]
pub struct Turns {
    shares: Shares,
    of_person: usize,
    of_party: usize,
    /// The weight up to which claims beyond their shares are let in.
    open: usize,
    state: Mutex<State>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    claim: Claim,
}

#[derive(Debug, Default)]
struct State {
    free: usize,
    /// Of all who have a place.
    weight: usize,
    weight_of_party: HashMap<Party, usize>,
    weight_of_person: HashMap<(Party, Uuid), usize>,
    queues: HashMap<Party, Queue>,
    /// The parties that wait; the first is next.
    order: VecDeque<Party>,
    last_number: u64,
}

/// The waiting claims of a party.
#[derive(Debug, Default)]
struct Queue {
    count: usize,
    of_person: HashMap<Uuid, VecDeque<Waiter>>,
    /// The people who wait; the first is next.
    order: VecDeque<Uuid>,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    claim: Claim,
    let_in: oneshot::Sender<()>,
}

impl Turns {
    #[must_use]
    pub fn new(places: usize, shares: Shares) -> Arc<Self> {
        let state = State { free: places, ..State::default() };
        Arc::new(Self {
            shares,
            of_person: shares.of_person(places),
            of_party: shares.of_party(places),
            open: places - (places / 4).max(1).min(places),
            state: Mutex::new(state),
        })
    }

    /// Takes a place, at once if there is one.
    pub async fn take(self: &Arc<Self>, claim: Claim) -> Result<Turn> {
        // Boxed, or every future that may need a connection would carry the room for waiting.
        match self.take_or_queue(claim)? {
            Ok(turn) => Ok(turn),
            Err(waiting) => Box::pin(waiting.turn()).await,
        }
    }

    fn take_or_queue(self: &Arc<Self>, claim: Claim) -> Result<Result<Turn, Waiting>> {
        let mut state = self.state();
        let is_let_in = state.free > 0
            && (self.is_in_share(&state, &claim) || state.order.is_empty() && self.is_open(&state, &claim));
        if is_let_in {
            state.occupy(&claim);
            return Ok(Ok(Turn { turns: Arc::clone(self), claim }));
        }
        let (of_party, of_person) = state.waiting(&claim);
        let has_room = of_party < self.shares.waiting_of_party && of_person < self.shares.waiting_of_person;
        if !has_room && !claim.is_patient {
            return Err(turned_away());
        }
        let (let_in, heard) = oneshot::channel();
        let number = state.join(claim, let_in);
        Ok(Err(Waiting { turns: Arc::clone(self), claim, number, heard, is_over: false }))
    }

    /// Whether nobody may say that this one has had enough.
    fn is_in_share(&self, state: &State, claim: &Claim) -> bool {
        let fits = |taken: usize, share: usize| taken == 0 || taken + claim.weight as usize <= share;
        let taken = |of: Option<&usize>| of.copied().unwrap_or_default();
        claim.party == Party::Server
            || claim.weight == 0
            || fits(taken(state.weight_of_person.get(&(claim.party, claim.person))), self.of_person)
                && fits(taken(state.weight_of_party.get(&claim.party)), self.of_party)
    }

    /// Whether there are places that nobody has a better right to.
    fn is_open(&self, state: &State, claim: &Claim) -> bool {
        state.weight + claim.weight as usize <= self.open
    }

    /// Lets in who is next, as long as there are places for them.
    fn let_in(&self, state: &mut State) {
        while state.free > 0 && !state.order.is_empty() {
            let next = state.find(|state, claim| self.is_in_share(state, claim));
            let Some(next) = next.or_else(|| state.find(|state, claim| self.is_open(state, claim))) else { return };
            let Some(waiter) = state.leave(next.0, next.1, None) else { return };
            state.occupy(&waiter.claim);
            // Who has just stopped waiting sees that the place was given, and gives it back.
            waiter.let_in.send(()).ok();
        }
    }

    fn release(&self, claim: &Claim) {
        let mut state = self.state();
        state.vacate(claim);
        self.let_in(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.release(&self.claim);
    }
}

impl State {
    fn occupy(&mut self, claim: &Claim) {
        let weight = claim.weight as usize;
        self.free -= 1;
        self.weight += weight;
        *self.weight_of_party.entry(claim.party).or_default() += weight;
        *self.weight_of_person.entry((claim.party, claim.person)).or_default() += weight;
    }

    fn vacate(&mut self, claim: &Claim) {
        fn subtract<K: std::hash::Hash + Eq>(weights: &mut HashMap<K, usize>, key: K, weight: usize) {
            if let Some(left) = weights.get_mut(&key) {
                *left -= weight;
                if *left == 0 {
                    weights.remove(&key);
                }
            }
        }
        let weight = claim.weight as usize;
        self.free += 1;
        self.weight -= weight;
        subtract(&mut self.weight_of_party, claim.party, weight);
        subtract(&mut self.weight_of_person, (claim.party, claim.person), weight);
    }

    /// Claims of the party and of the person that wait.
    fn waiting(&self, claim: &Claim) -> (usize, usize) {
        self.queues
            .get(&claim.party)
            .map_or((0, 0), |queue| (queue.count, queue.of_person.get(&claim.person).map_or(0, VecDeque::len)))
    }

    fn join(&mut self, claim: Claim, let_in: oneshot::Sender<()>) -> u64 {
        self.last_number += 1;
        let number = self.last_number;
        let queue = self.queues.entry(claim.party).or_default();
        if queue.count == 0 {
            self.order.push_back(claim.party);
        }
        queue.count += 1;
        let of_person = queue.of_person.entry(claim.person).or_default();
        if of_person.is_empty() {
            queue.order.push_back(claim.person);
        }
        of_person.push_back(Waiter { number, claim, let_in });
        number
    }

    /// The first party and person in turn whose next claim may be let in.
    fn find(&self, may: impl Fn(&Self, &Claim) -> bool) -> Option<(Party, Uuid)> {
        self.order.iter().find_map(|party| {
            let queue = self.queues.get(party)?;
            let person = queue.order.iter().find(|person| {
                queue.of_person.get(person).and_then(VecDeque::front).is_some_and(|waiter| may(self, &waiter.claim))
            });
            Some((*party, *person?))
        })
    }

    /// Takes a claim out of the queue: the person's next, whereupon others have their turn, or the one of this number.
    fn leave(&mut self, party: Party, person: Uuid, number: Option<u64>) -> Option<Waiter> {
        let queue = self.queues.get_mut(&party)?;
        let of_person = queue.of_person.get_mut(&person)?;
        let at = match number {
            Some(number) => of_person.iter().position(|waiter| waiter.number == number)?,
            None => 0,
        };
        let waiter = of_person.remove(at)?;
        queue.count -= 1;
        let (is_last_of_person, is_last) = (of_person.is_empty(), queue.count == 0);
        if is_last_of_person {
            queue.of_person.remove(&person);
            queue.order.retain(|waiting| *waiting != person);
        } else if number.is_none() {
            to_the_end(&mut queue.order, &person);
        }
        if is_last {
            self.queues.remove(&party);
            self.order.retain(|waiting| *waiting != party);
        } else if number.is_none() {
            to_the_end(&mut self.order, &party);
        }
        Some(waiter)
    }
}

fn to_the_end<T: PartialEq>(order: &mut VecDeque<T>, who: &T) {
    if let Some(at) = order.iter().position(|waiting| waiting == who)
        && let Some(who) = order.remove(at)
    {
        order.push_back(who);
    }
}

/// A claim in the queue; it leaves when this is dropped.
struct Waiting {
    turns: Arc<Turns>,
    claim: Claim,
    number: u64,
    heard: oneshot::Receiver<()>,
    is_over: bool,
}

impl Waiting {
    async fn turn(mut self) -> Result<Turn> {
        let wait = if self.claim.is_patient { PATIENCE } else { self.turns.shares.wait };
        if let Ok(Ok(())) = timeout(wait, &mut self.heard).await {
            self.is_over = true;
            return Ok(Turn { turns: Arc::clone(&self.turns), claim: self.claim });
        }
        let is_others_fault = self.claim.is_patient || self.turns.is_in_share(&self.turns.state(), &self.claim);
        Err(if is_others_fault { Error::unavailable("no connection became free in time") } else { turned_away() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let left = self.turns.state().leave(self.claim.party, self.claim.person, Some(self.number));
        if left.is_none() {
            // It was let in, and nobody is there to hear it.
            self.turns.release(&self.claim);
        }
    }
}

fn turned_away() -> Error {
    let message = "too many of your operations run at the same time; please try again";
    Error::new(Code::RateLimited, message).retry_after(1)
}
