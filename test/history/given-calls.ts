import type { GivenStore } from '../event-store/given-store.js';

export type Ending =
  'completed' | 'declined' | 'busy' | 'cancelled' | 'missed' | 'failed' | 'erased' | 'live';

/** How the calls of a crowd ended, in turns: so many of each. */
export interface Crowd {
  caller: string;
  callee: string;
  count: number;
  /** The instant the newest began; the others a minute apart before it. */
  newest: Date;
  ending: Ending;
}

/** The events of an ending after `CallInitiated`, with their seconds since. */
const STORIES: Record<Ending, [type: string, data: string, second: number][]> = {
  completed: [
    ['CallRinging', '{"deviceId":"d","name":null}', 1],
    ['CallAnswered', '{"deviceId":"d","name":null}', 5],
    ['CallEnded', '{"deviceId":"d","reason":"hangup"}', 50],
  ],
  declined: [
    ['CallRinging', '{"deviceId":"d","name":null}', 1],
    ['CallDeclined', '{"deviceId":"d","name":null,"reason":"declined"}', 5],
  ],
  busy: [['CallDeclined', '{"deviceId":null,"name":null,"reason":"busy"}', 0]],
  cancelled: [
    ['CallRinging', '{"deviceId":"d","name":null}', 1],
    ['CallCancelled', '{"deviceId":"c"}', 5],
  ],
  missed: [
    ['CallRinging', '{"deviceId":"d","name":null}', 1],
    ['CallMissed', '{}', 45],
  ],
  failed: [['CallFailed', '{"reason":"unreachable"}', 0]],
  erased: [['CallEnded', '{"deviceId":null,"reason":"participant_erased"}', 2]],
  live: [
    ['CallRinging', '{"deviceId":"d","name":null}', 1],
    ['CallAnswered', '{"deviceId":"d","name":null}', 5],
  ],
};

/** As many as PostgreSQL records well within a statement's time on a busy machine. */
const AT_ONCE = 500;

/** Records many calls as if they had taken place then. */
export async function recordCalls(given: GivenStore, crowd: Crowd): Promise<void> {
  const story = [['CallInitiated', '', 0] as const, ...STORIES[crowd.ending]];
  const columns = [0, 1, 2].map((column) => story.map((event) => event[column]));
  for (let last = crowd.count; last > 0; last -= AT_ONCE) {
    const numbers = [Math.max(0, last - AT_ONCE), last - 1];
    await given.rows(RECORD, [crowd.caller, crowd.callee, crowd.newest, ...numbers, ...columns]);
  }
}

const RECORD = `
insert into events (stream_id, version, type, data, actor, command_id, at)
select 'call-' || id, version, type,
       case version when 1 then jsonb_build_object(
         'callId', id, 'media', 'voice', 'metadata', '{}'::jsonb, 'ringTimeoutMs', 45000,
         'caller', jsonb_build_object('userId', $1::text, 'name', null, 'deviceId', 'c'),
         'callee', jsonb_build_object('userId', $2::text)) else nullif(data, '')::jsonb end,
       null, gen_random_uuid(), $3::timestamptz - nr * interval '1 minute' + second * interval '1 second'
  from (select gen_random_uuid()::text as id, nr from generate_series($4::int, $5::int) nr) calls,
       unnest($6::text[], $7::text[], $8::int[]) with ordinality story(type, data, second, version)
 order by nr desc, version`;
