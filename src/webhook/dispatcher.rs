//! Sends deliveries: many at once, so that a slow endpoint delays no other, and with few statements, as claims and results are
//! written for many at a time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    WebhookEndpoint,
    attempt::attempt,
    feed::Feed,
    health,
    queue::{self, Claimed, Outcome},
    service::Webhooks,
};
use crate::{
    kernel::{Code, Id, Result, db::Database, services::Services},
    live::Hub,
};

/// How deliveries are sent.
#[derive(Debug, Clone, Copy)]
pub struct DispatcherSettings {
    /// Deliveries that this process sends at the same time.
    pub at_once: usize,
    /// Interval at which the process looks for what has become due.
    pub poll: Duration,
    /// Time for a request and its answer.
    pub within: Duration,
    /// Time for deliveries on their way when the process stops; others are sent again.
    pub drain: Duration,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            at_once: 64,
            poll: Duration::from_secs(1),
            within: Duration::from_secs(20),
            drain: Duration::from_secs(20),
        }
    }
}

/// Shortest time between two looks, so that the events and results of a busy moment share one.
const PACE: Duration = Duration::from_millis(10);

/// Sends the webhooks of all clinics.
pub struct Dispatcher {
    database: Database,
    hub: Arc<Hub>,
    webhooks: Webhooks,
    settings: DispatcherSettings,
    feed: tokio::sync::Mutex<Feed>,
}

/// What is on its way, and to which endpoints.
#[derive(Default)]
struct Sending {
    tasks: JoinSet<(Claimed, Outcome)>,
    busy: HashMap<Id<WebhookEndpoint>, usize>,
    done: Vec<(Claimed, Outcome)>,
    /// When was last looked for what is due.
    looked_at: Option<Instant>,
}

impl Sending {
    fn take(&mut self, joined: std::result::Result<(Claimed, Outcome), tokio::task::JoinError>) {
        // An attempt does not panic, and is only aborted when the process stops.
        let Ok((delivery, outcome)) = joined else { return };
        if let Some(number) = self.busy.get_mut(&delivery.endpoint_id) {
            *number -= 1;
            if *number == 0 {
                self.busy.remove(&delivery.endpoint_id);
            }
        }
        self.done.push((delivery, outcome));
    }
}

impl Dispatcher {
    pub fn new(database: Database, hub: Arc<Hub>, services: &Services, settings: DispatcherSettings) -> Result<Self> {
        let webhooks = services.get::<Webhooks>()?.clone();
        Ok(Self { database, hub, webhooks, settings, feed: tokio::sync::Mutex::default() })
    }

    /// Sends everything that is due, with what the events so far start, and returns when nothing is left; returns the number of
    /// attempts.
    pub async fn run_due(&self) -> Result<usize> {
        let mut sending = Sending::default();
        let mut attempts = 0;
        loop {
            self.feed.lock().await.read_on(&self.database, &self.hub).await?;
            let claimed = self.claim(&mut sending).await?;
            if claimed == 0 {
                return Ok(attempts);
            }
            attempts += claimed;
            while let Some(joined) = sending.tasks.join_next().await {
                sending.take(joined);
            }
            self.settle(&mut sending).await?;
        }
    }

    /// Sends until `stop` is ready. Then it begins nothing more, and waits a while for what is on its way.
    pub async fn work(&self, stop: impl Future<Output = ()>) {
        let mut sending = Sending::default();
        let mut stop = std::pin::pin!(stop);
        let mut events = self.hub.progress();
        loop {
            if let Err(error) = self.look(&mut sending).await {
                tracing::warn!(%error, cause = ?error.cause(), "cannot look for webhooks to send");
                sleep(self.settings.poll).await;
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(joined) = sending.tasks.join_next(), if !sending.tasks.is_empty() => sending.take(joined),
                Ok(()) = events.changed() => {}
                () = sleep(self.settings.poll) => {}
            }
            sleep(PACE).await;
            while let Some(joined) = sending.tasks.try_join_next() {
                sending.take(joined);
            }
        }
        let drained = timeout(self.settings.drain, async {
            while let Some(joined) = sending.tasks.join_next().await {
                sending.take(joined);
            }
        });
        // What has not ended is due again when its claim has run out.
        drop(drained.await);
        if let Err(error) = self.settle(&mut sending).await {
            tracing::warn!(%error, "cannot note the last webhooks that were sent");
        }
    }

    async fn look(&self, sending: &mut Sending) -> Result<()> {
        let has_ended = !sending.done.is_empty();
        self.settle(sending).await?;
        let has_recorded = self.feed.lock().await.read_on(&self.database, &self.hub).await?;
        // Most events are sent nowhere; but where there are events all the time, nothing else wakes the dispatcher.
        let is_time = sending.looked_at.is_none_or(|at| at.elapsed() >= self.settings.poll);
        if has_ended || has_recorded || is_time {
            self.claim(sending).await?;
            sending.looked_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Notes what has come of attempts.
    async fn settle(&self, sending: &mut Sending) -> Result<()> {
        match health::settle(&self.database, &sending.done).await {
            Err(error) if error.code() == Code::Unavailable => return Err(error),
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause(), "cannot note several webhooks together");
                for one in &sending.done {
                    // One that cannot be noted is sent again when its claim has run out, and must not hold up the others.
                    if let Err(error) = health::settle(&self.database, std::slice::from_ref(one)).await {
                        tracing::error!(delivery = %one.0.id, %error, cause = ?error.cause(), "cannot note a webhook");
                    }
                }
            }
            Ok(()) => {}
        }
        sending.done.clear();
        Ok(())
    }

    /// Begins as many deliveries as there is room for; returns their number.
    async fn claim(&self, sending: &mut Sending) -> Result<usize> {
        let room = self.settings.at_once.saturating_sub(sending.tasks.len());
        if room == 0 {
            return Ok(0);
        }
        let claimed = queue::claim(&self.database, room, &sending.busy).await?;
        let number = claimed.len();
        for (delivery, target) in claimed {
            *sending.busy.entry(delivery.endpoint_id).or_default() += 1;
            let (webhooks, database, within) = (self.webhooks.clone(), self.database.clone(), self.settings.within);
            sending.tasks.spawn(async move {
                let outcome = attempt(&webhooks, &database, within, &delivery, &target).await;
                (delivery, outcome)
            });
        }
        Ok(number)
    }
}
