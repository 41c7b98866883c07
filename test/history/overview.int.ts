import { randomUUID } from 'node:crypto';
import type { Presence } from '../../src/presence/presence.js';
import { Overview, OverviewHandler, type PushCount } from '../../src/history/overview.js';
import { appendTo, givenStore } from '../event-store/given-store.js';

const given = givenStore();
const clock = { now: () => Date.now() + 1_000 };
const presence = { liveSockets: async () => ({ node: 0, cluster: 0, nodes: 1 }) } as unknown as Presence;

type Happened = [type: string, data: object];
const asked: Happened = ['WakeRequested', { deviceId: 'iphone', channel: 'push', environment: 'production' }];
const corrected: Happened = [
  'DeviceApnsEnvironmentCorrected',
  { deviceId: 'iphone', from: 'production', to: 'sandbox' },
];
const answer = (type: string, more: object): Happened => [
  type,
  { deviceId: 'iphone', provider: 'apns', environment: 'sandbox', ...more },
];

/** The refusals that the overview counts for one call whose iPhone was woken so, as `environment status reason ×count`. */
async function refusals(...wake: Happened[]): Promise<string[]> {
  await given.rows('truncate events');
  const callId = randomUUID();
  const begun = { type: 'CallInitiated', data: {} };
  await given.store.append(appendTo(`call-${callId}`, 0, { events: [begun] }));
  const events = wake.map(([type, data]) => ({ type, data }));
  await given.store.append(appendTo(`wake-${callId}`, 0, { events }));
  const { pushes } = await new OverviewHandler(given.pool, clock, presence).execute(new Overview());
  const line = ({ environment, status, reason, count }: PushCount): string =>
    `${environment} ${status} ${reason} ×${count}`;
  return pushes
    .filter(({ result }) => result === 'rejected')
    .map(line)
    .sort();
}

beforeAll(() => given.rows('alter table events disable trigger all'));

describe('the overview counts of an iPhone', () => {
  const refusedBefore = { environment: 'production', status: 410, reason: 'SomethingNewer' };
  const badToken = { status: 400, reason: 'BadDeviceToken' };

  it('what the environment it was declared for had answered, as it was recorded', async () => {
    const accepted = answer('PushAccepted', { status: 200, refusedBefore });
    expect(await refusals(asked, accepted, corrected)).toEqual(['production 410 SomethingNewer ×1']);
  });

  it('the refusals of both environments', async () => {
    const rejected = answer('PushRejected', { ...badToken, refusedBefore });
    expect(await refusals(asked, rejected)).toEqual([
      'production 410 SomethingNewer ×1',
      'sandbox 400 BadDeviceToken ×1',
    ]);
  });

  it('the first one once, though the second environment was asked again', async () => {
    const retried = answer('PushRetried', { status: 503, refusedBefore, refusedIn: 'production' });
    const accepted = answer('PushAccepted', { status: 200 });
    expect(await refusals(asked, retried, accepted, corrected)).toEqual(['production 410 SomethingNewer ×1']);
  });

  it('a refusal of before such answers were recorded, by what followed from it', async () => {
    const accepted = answer('PushAccepted', { status: 200 });
    expect(await refusals(asked, accepted, corrected)).toEqual(['production 400 BadDeviceToken ×1']);
    const rejected = answer('PushRejected', badToken);
    expect(await refusals(asked, rejected)).toEqual([
      'production 400 BadDeviceToken ×1',
      'sandbox 400 BadDeviceToken ×1',
    ]);
  });
});
