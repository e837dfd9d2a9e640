//! Who hashes a password next. Few do at once, a short queue waits, and the network addresses in it are served in turn: however
//! many one address sends, another's first waits for one of them at most. When the queue is full, the last of the address that
//! has most in it makes room for one that has fewer.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::kernel::{Code, Error, Result};

#[derive(Debug, Clone)]
pub struct HashingQueue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    longest: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: usize,
    /// The address that is served next is first. None of them is empty.
    lines: VecDeque<(Option<IpAddr>, VecDeque<oneshot::Sender<Turn>>)>,
}

impl State {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (network, mut line) = self.lines.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.lines.push_back((network, line));
        }
        self.waiting -= usize::from(next.is_some());
        next
    }

    /// Takes the last of the longest line away, if that is longer than a line of this length.
    fn make_room(&mut self, length: usize) -> bool {
        let Some((at, _)) = self.lines.iter().enumerate().max_by_key(|(_, (_, line))| line.len()) else { return false };
        let line = &mut self.lines[at].1;
        if line.len() <= length + 1 {
            return false;
        }
        line.pop_back();
        self.waiting -= 1;
        true
    }
}

/// The right to hash, given back when it is dropped.
#[derive(Debug)]
pub struct Turn(Option<Arc<Inner>>);

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut queue) = self.0.take() else { return };
        loop {
            let mut state = queue.state();
            let Some(next) = state.next() else {
                state.free += 1;
                return;
            };
            drop(state);
            match next.send(Self(Some(queue))) {
                Ok(()) => return,
                // Who waited has gone away; the next is offered it.
                Err(mut turn) => match turn.0.take() {
                    Some(back) => queue = back,
                    None => return,
                },
            }
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HashingQueue {
    /// At most `at_once` hash together, and at most `longest` wait.
    pub fn new(at_once: usize, longest: usize) -> Self {
        let state = State { free: at_once, waiting: 0, lines: VecDeque::new() };
        Self(Arc::new(Inner { longest, state: Mutex::new(state) }))
    }

    /// Waits for the turn of a network address; `RATE_LIMITED` when there is no room to wait.
    pub async fn turn(&self, network: Option<IpAddr>) -> Result<Turn> {
        let waits = {
            let mut state = self.0.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            let line = state.lines.iter().position(|(of, _)| *of == network);
            let length = line.map_or(0, |at| state.lines[at].1.len());
            if state.waiting >= self.0.longest && !state.make_room(length) {
                return Err(crowded());
            }
            let (turn, waits) = oneshot::channel();
            match line {
                Some(at) => state.lines[at].1.push_back(turn),
                None => state.lines.push_back((network, VecDeque::from([turn]))),
            }
            state.waiting += 1;
            waits
        };
        waits.await.map_err(|_| crowded())
    }
}

fn crowded() -> Error {
    Error::new(Code::RateLimited, "too many people sign in at this moment; please try again").retry_after(2)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    #[tokio::test]
    async fn addresses_are_served_in_turn() {
        let queue = HashingQueue::new(1, 8);
        let first = queue.turn(address(1)).await.unwrap();
        let mut many: Vec<_> = (0..3).map(|_| queue.turn(address(1)).boxed()).collect();
        many.iter_mut().for_each(|turn| assert!(turn.now_or_never().is_none()));
        let mut other = queue.turn(address(2)).boxed();
        assert!((&mut other).now_or_never().is_none());

        drop(first);
        let second = (&mut many[0]).now_or_never().unwrap().unwrap();
        assert!((&mut other).now_or_never().is_none());
        drop(second);
        let third = (&mut other).now_or_never().unwrap().unwrap();
        assert!((&mut many[1]).now_or_never().is_none());
        drop(third);
        assert!((&mut many[1]).now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn an_address_that_fills_the_queue_makes_room_for_others() {
        let queue = HashingQueue::new(1, 3);
        let busy = queue.turn(address(1)).await.unwrap();
        let mut many: Vec<_> = (0..3).map(|_| queue.turn(address(1)).boxed()).collect();
        many.iter_mut().for_each(|turn| assert!(turn.now_or_never().is_none()));

        assert!(queue.turn(address(1)).now_or_never().unwrap().is_err(), "its own next has no room");
        let mut other = queue.turn(address(2)).boxed();
        assert!((&mut other).now_or_never().is_none(), "another waits");
        assert!((&mut many[2]).now_or_never().unwrap().is_err(), "in the place of the last of the first");
        let mut third = queue.turn(address(3)).boxed();
        assert!((&mut third).now_or_never().is_none());
        assert!(queue.turn(address(4)).now_or_never().unwrap().is_err(), "but not when all have one each");

        drop(busy);
        for turn in [&mut many[0], &mut other, &mut third] {
            drop(turn.now_or_never().unwrap().unwrap());
        }
    }

    #[tokio::test]
    async fn who_goes_away_holds_up_nobody() {
        let queue = HashingQueue::new(1, 8);
        let busy = queue.turn(address(1)).await.unwrap();
        let mut gone = queue.turn(address(2)).boxed();
        let mut stays = queue.turn(address(3)).boxed();
        assert!((&mut gone).now_or_never().is_none() && (&mut stays).now_or_never().is_none());
        drop(gone);
        drop(busy);
        drop((&mut stays).now_or_never().unwrap().unwrap());
        assert!(queue.turn(address(1)).now_or_never().is_some(), "the turn came back");
    }
}
