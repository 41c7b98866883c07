import { type CallEvent, type ExistingCall, callOf } from '../../src/calls/domain/call.js';
import { type CallView, viewOf } from '../../src/calls/domain/call-view.js';
import type { WakeEvent } from '../../src/ringing/domain/wake.js';
import type { LogEntry } from 'ringway-simulator';
import type { Handset } from './handset.js';
import type { History } from './history.js';
import type { World } from './world.js';

export interface StoredRow<E = CallEvent | WakeEvent> {
  streamId: string;
  version: number;
  position: number;
  at: number;
  actor: { userId: string; deviceId: string | null } | null;
  commandId: string;
  event: E;
}

/** A request to Apple or Google, as it arrived there. */
export interface PushRequest {
  at: number;
  service: string;
  phone: Handset | undefined;
  callId: string;
  type: string | undefined;
  apnsId: string | null;
  answered: LogEntry['answered'];
  bytes: number;
  keys: string[];
}

export interface Story {
  callId: string;
  events: StoredRow<CallEvent>[];
  wake: StoredRow<WakeEvent>[];
  /** The call after its first 1, 2, … events; shorter than the events when one of them could not follow. */
  folds: ExistingCall[];
  views: CallView[];
  forbidden: string | null;
  /** When it stopped ringing: answered or over. */
  silentAt: number | null;
  endedAt: number | null;
}

/** Everything known about one round: what the phones did and heard, what is recorded, what was pushed. */
export interface Evidence {
  seed: number;
  history: History;
  phones: readonly Handset[];
  stories: Map<string, Story>;
  /** Other names of merged calls. */
  aliases: Map<string, string>;
  pushes: PushRequest[];
  claims: { key: string; stream_id: string; owner: string | null; expires_at: Date | null }[];
  jobs: { key: string; kind: string; epoch: number; due_at: Date; lease_until: Date | null }[];
  takeovers: { at: Date; key: string; kind: string; old_epoch: number; lost_lease: Date }[];
  /** Installs that have lost their push token. */
  retired: string[];
}

export async function headOf({ postgres }: World): Promise<number> {
  const [row] = await postgres.query<{ head: string }>(
    'select coalesce(max(position), 0) as head from events',
  );
  return Number(row!.head);
}

export async function gather(
  world: World,
  round: { seed: number; history: History; phones: readonly Handset[]; since: number },
): Promise<Evidence> {
  const { seed, history, phones, since } = round;
  const [events, claims, jobs, takeovers, retired] = await Promise.all([
    world.postgres.query<any>(
      `select stream_id, version, position, type, data, actor, command_id, at from events
        where position > $1 order by stream_id, version`,
      [since],
    ),
    world.postgres.query<any>('select key, stream_id, owner, expires_at from claims'),
    world.postgres.query<any>('select key, kind, epoch, due_at, lease_until from jobs'),
    world.postgres.query<any>(
      'select at, key, kind, old_epoch, lost_lease from nemesis_takeovers where at > $1',
      [new Date(history.lines()[0]?.at ?? 0)],
    ),
    world.postgres.query<any>(
      `select user_id || '/' || device_id as name from devices where push_token is null and platform <> 'web'`,
    ),
  ]);
  const rows = events.map((row): StoredRow => ({
    ...{ streamId: row.stream_id, version: row.version, position: Number(row.position) },
    ...{ at: row.at.getTime(), actor: row.actor, commandId: row.command_id },
    event: { type: row.type, data: row.data },
  }));
  const phoneOf = new Map(phones.map((phone) => [phone.parts.pushToken?.toLowerCase(), phone]));
  return {
    ...{ seed, history, phones, claims, jobs, takeovers },
    stories: storiesOf(rows),
    aliases: new Map(
      (claims as { key: string; stream_id: string }[])
        .filter(({ key }) => key.startsWith('alias '))
        .map(({ key, stream_id }) => [key.slice('alias '.length), stream_id.slice('call-'.length)]),
    ),
    pushes: world.simulator.log
      .filter(({ service }) => service !== 'token')
      .map((entry) => requestOf(entry, phoneOf.get(entry.token?.toLowerCase()))),
    retired: (retired as { name: string }[]).map(({ name }) => name),
  };
}

function storiesOf(rows: StoredRow[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  const wakes = new Map<string, StoredRow<WakeEvent>[]>();
  for (const row of rows) {
    const [kind, callId] = [row.streamId.slice(0, 5), row.streamId.slice(5)];
    if (kind === 'wake-') {
      wakes.set(callId, [...(wakes.get(callId) ?? []), row as StoredRow<WakeEvent>]);
    } else if (kind === 'call-') {
      const story = stories.get(callId) ?? {
        ...{ callId, events: [], wake: [], folds: [], views: [] },
        ...{ forbidden: null, silentAt: null, endedAt: null },
      };
      story.events.push(row as StoredRow<CallEvent>);
      stories.set(callId, story);
    }
  }
  for (const story of stories.values()) {
    story.wake = wakes.get(story.callId) ?? [];
    for (let length = 1; length <= story.events.length; length++) {
      try {
        const history = story.events.slice(0, length).map(({ event, at }) => ({ ...event, at }));
        story.folds.push(callOf(history) as ExistingCall);
      } catch (error) {
        story.forbidden = (error as Error).message;
        break;
      }
    }
    story.views = story.folds.map((call) => bare(viewOf(call)));
    story.silentAt =
      story.events.find(({ event }) => !['CallInitiated', 'CallRinging'].includes(event.type))?.at ?? null;
    const last = story.folds.at(-1);
    story.endedAt = last?.state === 'ended' ? last.endedAt : null;
  }
  return stories;
}

function requestOf(entry: LogEntry, phone: Handset | undefined): PushRequest {
  let data: Record<string, unknown> = {};
  try {
    const body = JSON.parse(entry.body);
    data = (body.message?.data ?? body) as Record<string, unknown>;
  } catch {
    // A torn request says nothing.
  }
  return {
    ...{ at: entry.at, service: entry.service, phone, answered: entry.answered, bytes: entry.bodyBytes },
    callId: String(data.callId),
    type: data.type as string | undefined,
    apnsId: entry.headers.find(([name]) => name === 'apns-id')?.[1] ?? null,
    keys: Object.keys(data),
  };
}

/** Without what can be erased: names and metadata are stored under their owner's key. */
export const bare = (view: CallView): CallView => ({
  ...view,
  caller: { userId: view.caller.userId, name: null },
  callee: { userId: view.callee.userId, name: null },
  metadata: {},
});
