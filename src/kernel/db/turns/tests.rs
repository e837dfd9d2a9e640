//! The order of the queue, and what is left when somebody leaves it.

use std::net::Ipv4Addr;

use futures_util::{FutureExt, future::BoxFuture};

use super::*;

const FOR_EVER: Duration = Duration::from_secs(3600);

fn turns(places: usize) -> Arc<Turns> {
    Turns::new(places, Shares { wait: FOR_EVER, ..Shares::default() })
}

fn claim(clinic: u128, person: u128) -> Claim {
    let party = Party::Clinic(Uuid::from_u128(clinic));
    Claim { party, person: Uuid::from_u128(person), weight: 1, is_patient: false }
}

fn heavy(claim: Claim) -> Claim {
    Claim { weight: 5, ..claim }
}

/// Claims that are answered in some order.
struct Line {
    turns: Arc<Turns>,
    waiting: Vec<(&'static str, BoxFuture<'static, Result<Turn>>)>,
}

impl Line {
    fn new(turns: &Arc<Turns>) -> Self {
        Self { turns: Arc::clone(turns), waiting: Vec::new() }
    }

    /// Asks for a place that is not to be had at once.
    fn wait(&mut self, name: &'static str, claim: Claim) {
        let turns = Arc::clone(&self.turns);
        let mut turn = async move { turns.take(claim).await }.boxed();
        assert!((&mut turn).now_or_never().is_none(), "{name} should wait");
        self.waiting.push((name, turn));
    }

    /// Who has been let in since this was asked last, with the places.
    fn let_in(&mut self) -> Vec<(&'static str, Turn)> {
        let mut let_in = Vec::new();
        self.waiting.retain_mut(|(name, turn)| match turn.now_or_never() {
            Some(turn) => {
                let_in.push((*name, turn.unwrap()));
                false
            }
            None => true,
        });
        let_in
    }

    /// Frees one place after the other, beginning with this one, and tells who got it.
    fn order(&mut self, first: Turn) -> Vec<&'static str> {
        let mut order = Vec::new();
        drop(first);
        loop {
            let mut let_in = self.let_in();
            assert!(let_in.len() <= 1, "one place for several");
            let Some((name, turn)) = let_in.pop() else { return order };
            order.push(name);
            drop(turn);
        }
    }
}

fn now(turns: &Arc<Turns>, claim: Claim) -> Turn {
    turns.take(claim).now_or_never().expect("a free place").unwrap()
}

fn refusal(turns: &Arc<Turns>, claim: Claim) -> Code {
    turns.take(claim).now_or_never().expect("an answer at once").unwrap_err().code()
}

#[tokio::test]
async fn clinics_are_served_in_turn_and_their_people_in_turn() {
    let turns = turns(4);
    let mut held: Vec<_> = (0..4).map(|at| now(&turns, claim(100 + at, 1))).collect();
    let mut line = Line::new(&turns);
    for (name, of) in [
        ("oak 1a", claim(1, 1)),
        ("oak 1b", claim(1, 1)),
        ("oak 1c", claim(1, 1)),
        ("oak 2", claim(1, 2)),
        ("elm a", claim(2, 1)),
        ("elm b", claim(2, 1)),
        ("ash", claim(3, 1)),
    ] {
        line.wait(name, of);
    }
    let order = line.order(held.pop().unwrap());

    assert_eq!(order, ["oak 1a", "elm a", "ash", "oak 2", "elm b", "oak 1b", "oak 1c"]);
}

#[tokio::test]
async fn a_clinic_beyond_its_share_waits_while_the_last_quarter_stays_free_for_others() {
    let turns = turns(16);
    let mut held: Vec<_> = (0..12).map(|person| now(&turns, claim(1, person))).collect();
    let mut line = Line::new(&turns);
    line.wait("oak", claim(1, 99));

    let elm: Vec<_> = (0..4).map(|person| now(&turns, claim(2, person))).collect();
    assert!(line.let_in().is_empty());
    line.wait("elm", claim(2, 5));
    // Oak has eleven of eight places, Elm four of eight.
    held.pop();
    let let_in = line.let_in();
    assert_eq!(let_in.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["elm"]);
    drop((elm, let_in));
    assert_eq!(line.let_in().len(), 1);
}

#[tokio::test]
async fn a_person_has_a_quarter_and_more_only_of_what_nobody_needs() {
    let turns = turns(16);
    let mut held: Vec<_> = (0..12).map(|_| now(&turns, claim(1, 1))).collect();
    let mut line = Line::new(&turns);
    line.wait("the same", claim(1, 1));
    // The clinic has more than its share too, but a colleague comes before the same person again.
    line.wait("a colleague", claim(1, 2));
    line.wait("the same again", claim(1, 1));

    let order = line.order(held.pop().unwrap());
    assert_eq!(order, ["the same", "a colleague", "the same again"]);
    held.truncate(7);
    now(&turns, claim(1, 2));
}

#[tokio::test]
async fn expensive_work_fills_a_share_sooner() {
    let turns = turns(16);
    let first = now(&turns, heavy(claim(1, 1)));
    let _second = now(&turns, heavy(claim(1, 2)));
    let mut line = Line::new(&turns);
    line.wait("a third", heavy(claim(1, 3)));

    let page = now(&turns, claim(2, 1));
    let of_another = now(&turns, heavy(claim(3, 1)));
    assert!(line.let_in().is_empty());
    drop(page);
    drop(of_another);
    assert!(line.let_in().is_empty());
    drop(first);
    assert_eq!(line.let_in().len(), 1);
}

#[tokio::test]
async fn a_queue_is_bounded_for_a_person_and_for_a_clinic() {
    let shares = Shares { waiting_of_person: 2, waiting_of_party: 3, wait: FOR_EVER, ..Shares::default() };
    let turns = Turns::new(4, shares);
    let _held: Vec<_> = (0..4).map(|at| now(&turns, claim(100 + at, 1))).collect();
    let mut line = Line::new(&turns);
    line.wait("oak 1a", claim(1, 1));
    line.wait("oak 1b", claim(1, 1));
    assert_eq!(refusal(&turns, claim(1, 1)), Code::RateLimited);
    line.wait("oak 2", claim(1, 2));
    assert_eq!(refusal(&turns, claim(1, 3)), Code::RateLimited);
    line.wait("elm", claim(2, 1));
    line.wait("an event for oak", Claim { is_patient: true, ..claim(1, 1) });
}

#[tokio::test]
async fn waiting_ends_in_time_with_whose_fault_it_was() {
    let turns = Turns::new(4, Shares { wait: Duration::from_millis(10), ..Shares::default() });
    let held: Vec<_> = (0..3).map(|person| now(&turns, claim(1, person))).collect();
    let _elm = now(&turns, claim(2, 1));
    let (oak, ash) = tokio::join!(turns.take(claim(1, 9)), turns.take(claim(3, 1)));

    let (oak, ash) = (oak.unwrap_err(), ash.unwrap_err());
    assert_eq!((oak.code(), oak.seconds_to_wait()), (Code::RateLimited, Some(1)));
    assert_eq!((ash.code(), ash.seconds_to_wait()), (Code::Unavailable, Some(1)));
    drop(held);
    let state = turns.state();
    assert_eq!((state.free, state.weight, state.order.len(), state.queues.len()), (3, 1, 0, 0));
}

#[tokio::test]
async fn who_stops_waiting_leaves_nothing_behind() {
    let turns = turns(2);
    let (first, second) = (now(&turns, claim(1, 1)), now(&turns, claim(2, 1)));
    let mut line = Line::new(&turns);
    line.wait("gone before", claim(1, 1));
    line.wait("gone after", claim(3, 1));
    line.wait("stays", claim(4, 1));
    drop(line.waiting.remove(0));
    // Its place is given to who is gone before they hear of it, and then to the next.
    drop(first);
    drop(line.waiting.remove(0));
    let let_in = line.let_in();
    assert_eq!(let_in.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["stays"]);
    drop((let_in, second));
    let state = turns.state();
    assert_eq!((state.free, state.weight, state.weight_of_person.len()), (2, 0, 0));
    assert_eq!((state.weight_of_party.len(), state.order.len(), state.queues.len()), (0, 0, 0));
}

#[tokio::test]
async fn the_server_is_never_turned_away() {
    let shares = Shares { waiting_of_person: 0, waiting_of_party: 0, ..Shares::default() };
    let turns = Turns::new(2, shares);
    let server = Claim { party: Party::Server, person: Uuid::nil(), weight: 1, is_patient: true };
    let stranger = Claim { party: Party::Address(Ipv4Addr::LOCALHOST.into()), is_patient: false, ..server };
    let held = [now(&turns, server), now(&turns, server)];
    let mut line = Line::new(&turns);
    line.wait("a job", server);
    assert_eq!(refusal(&turns, stranger), Code::RateLimited);
    drop(held);
    assert_eq!(line.let_in().len(), 1);
}

#[tokio::test]
async fn the_second_connection_of_an_operation_does_not_wait_for_the_first() {
    let turns = turns(2);
    let _first = now(&turns, claim(1, 1));
    let mut line = Line::new(&turns);
    line.wait("another operation", claim(1, 1));
    let _second = now(&turns, Claim { weight: 0, ..claim(1, 1) });
}
