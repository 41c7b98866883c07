// What no attacker can make in minutes, but some in weeks: written straight into the tables, as the gateway records it.

/** Whom everybody called, for a week. */
export const CELEBRITY = 'celebrity';
export const LONG_CALL = '0193e3a4-0000-7000-8000-000000000001';
/** The most that one call can be made to hold: devices that ring, and devices that are pushed in vain. */
const RINGING_DEVICES = 100;
const WOKEN_DEVICES = 200;
const ATTEMPTS = 13;

/** Ended calls of one user, spread over the last seven days; one in a thousand was missed. And one call with the longest streams that can be caused. */
export async function seedHistory(query, calls) {
  await query(
    `with call as materialized (
       select 'call-' || id as stream_id, id, nr, statement_timestamp() - nr * (interval '7 days' / ($1 + 1)) as at,
              'fan-' || nr % 20 as fan, 'celebrity-' || nr % 3 as device
         from (select gen_random_uuid() as id, nr from generate_series(1, $1::int) nr) made)
     insert into events (stream_id, version, type, data, actor, command_id, at)
     select stream_id, version, type, data, actor, gen_random_uuid(), date_trunc('milliseconds', at + version * interval '1 second')
       from call cross join lateral (values
         (1, 'CallInitiated', jsonb_build_object('callId', id,
             'caller', jsonb_build_object('userId', fan, 'name', null, 'deviceId', fan || '-phone'),
             'callee', jsonb_build_object('userId', $2::text), 'media', 'voice', 'metadata', '{}'::jsonb, 'ringTimeoutMs', 45000),
           jsonb_build_object('userId', fan, 'deviceId', fan || '-phone')),
         (2, 'CallRinging', jsonb_build_object('deviceId', device, 'name', null), jsonb_build_object('userId', $2::text, 'deviceId', device)),
         (3, 'CallAnswered', jsonb_build_object('deviceId', device, 'name', null), jsonb_build_object('userId', $2::text, 'deviceId', device)),
         (4, 'CallEnded', jsonb_build_object('deviceId', device, 'reason', 'hangup'), jsonb_build_object('userId', $2::text, 'deviceId', device))
       ) happened(version, type, data, actor)
      order by nr desc, version`,
    [calls, CELEBRITY],
  );
  await query(
    `with happened as (
       select 'call-' as kind, 1 as version, 'CallInitiated' as type, jsonb_build_object('callId', $1::text,
              'caller', jsonb_build_object('userId', 'fan-0', 'name', null, 'deviceId', 'fan-0-phone'),
              'callee', jsonb_build_object('userId', $2::text), 'media', 'voice', 'metadata', '{}'::jsonb, 'ringTimeoutMs', 180000) as data
       union all
       select 'call-', nr + 1, 'CallRinging', jsonb_build_object('deviceId', 'device-' || nr, 'name', null)
         from generate_series(1, $3::int) nr
       union all
       select 'call-', $3::int + 2, 'CallMissed', '{}'::jsonb
       union all
       select 'wake-', nr, 'WakeRequested', jsonb_build_object('deviceId', 'device-' || nr, 'platform', 'android', 'channel', 'push',
              'because', 'offline', 'provider', 'fcm', 'environment', null, 'app', 'app', 'pushId', gen_random_uuid())
         from generate_series(1, $4::int) nr
       union all
       select 'wake-', $4::int * attempt + nr, 'PushRetried', jsonb_build_object('deviceId', 'device-' || nr, 'provider', 'fcm',
              'environment', null, 'status', 503, 'reason', 'UNAVAILABLE', 'attempt', attempt, 'afterMs', 1000)
         from generate_series(1, $4::int) nr, generate_series(1, $5::int) attempt)
     insert into events (stream_id, version, type, data, actor, command_id, at)
     select kind || $1, version, type, data, null, gen_random_uuid(),
            date_trunc('milliseconds', statement_timestamp() - interval '1 day' + version * interval '10 milliseconds')
       from happened order by kind, version`,
    [LONG_CALL, CELEBRITY, RINGING_DEVICES, WOKEN_DEVICES, ATTEMPTS],
  );
}

/** Unanswered calls between strangers whose rings have all run out. */
export async function seedDueTimers(query, timers) {
  await query(
    `with call as (
       select id, nr, date_trunc('milliseconds', statement_timestamp() - interval '60 seconds') as at
         from (select gen_random_uuid() as id, nr from generate_series(1, $1::int) nr) made),
     begun as (
       insert into events (stream_id, version, type, data, actor, command_id, at)
       select 'call-' || id, 1, 'CallInitiated', jsonb_build_object('callId', id,
                'caller', jsonb_build_object('userId', 'due-a-' || nr, 'name', null, 'deviceId', 'phone'),
                'callee', jsonb_build_object('userId', 'due-b-' || nr), 'media', 'voice', 'metadata', '{}'::jsonb, 'ringTimeoutMs', 45000),
              jsonb_build_object('userId', 'due-a-' || nr, 'deviceId', 'phone'), gen_random_uuid(), at
         from call),
     held as (
       insert into claims (key, stream_id, owner)
       select 'pair ["due-a-' || nr || '","due-b-' || nr || '"]', 'call-' || id, 'caller due-a-' || nr from call)
     insert into jobs (key, kind, stream_id, payload, due_at)
     select 'ring-timeout ' || id, 'ring-timeout', 'call-' || id, jsonb_build_object('callId', id), at + interval '45 seconds' from call`,
    [timers],
  );
}
