import type { Cost } from '../api';
import type { Activity } from '../connection';

/** Duration and cost of the last operation, or the state of the running subscription. */
export function LastOperation({ activity }: { activity: Activity | null }) {
  const live = activity?.kind === 'live' && activity.connected;
  return (
    <p className={live ? 'last-operation live' : 'last-operation'} role="status">
      {activity && facts(activity).join(' · ')}
    </p>
  );
}

function facts(activity: Activity): string[] {
  if (activity.kind === 'answered') {
    return [`${Math.round(activity.milliseconds)} ms`, ...costFacts(activity.cost)];
  }
  const { connected, events, cost } = activity;
  const received = events === 1 ? '1 event' : `${events} events`;
  return [connected ? 'Live' : 'Connecting…', received, ...costFacts(cost)];
}

function costFacts(cost: Cost | undefined): string[] {
  if (!cost) return [];
  const spent = `cost ${cost.cost.toLocaleString('en')} of ${cost.limit.toLocaleString('en')}`;
  return cost.sqlCount === undefined ? [spent] : [spent, `${cost.sqlCount} SQL`];
}
