/** The events that end a call, as a list in SQL. */
export const ENDS = `('CallDeclined', 'CallCancelled', 'CallMissed', 'CallEnded', 'CallFailed')`;

/**
 * Of the last event of the call `begun`, which alone says what the call has come to: one probe into its short stream.
 * Types that only newer nodes know say nothing about it.
 */
const ofLast = (expression: string): string => `(
  select ${expression} from events e
   where e.stream_id = begun.stream_id
     and (e.type in ('CallInitiated', 'CallRinging', 'CallAnswered') or e.type in ${ENDS})
   order by e.version desc limit 1)`;

/** The state of the call `begun`, for a query; as `evolve` has it. */
export const STATE =
  ofLast(`case e.type when 'CallInitiated' then 'initiated' when 'CallRinging' then 'ringing'
    when 'CallAnswered' then 'answered' else 'ended' end`);

/** Its outcome; null while it lives. Only an erasure ends a call that nobody has answered, which is a failure. */
export const OUTCOME = ofLast(`case e.type when 'CallDeclined' then e.data ->> 'reason'
    when 'CallCancelled' then 'cancelled' when 'CallMissed' then 'missed' when 'CallFailed' then 'failed'
    when 'CallEnded' then case when e.data ->> 'reason' <> 'participant_erased' or exists (
        select from events a where a.stream_id = e.stream_id and a.type = 'CallAnswered')
      then 'completed' else 'failed' end end`);
