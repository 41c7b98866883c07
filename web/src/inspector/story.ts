import type { CallView, Explanation, RecordedEvent } from '../operator/wire.js';
import { tellCall } from './call-told.js';
import { castOf } from './lanes.js';
import { type Story, factsOf } from './step.js';
import { WakeTeller } from './wake-told.js';

/** A call as a sequence diagram tells it: who took part, and what happened between them, one step per event. Pure. */
export function storyOf(call: CallView, events: readonly RecordedEvent[], explanation: Explanation): Story {
  const cast = castOf(call, events, explanation);
  const wake = new WakeTeller(call, events, cast);
  const began = Date.parse(call.initiatedAt);
  const steps = events.map((event) => ({
    event,
    offsetMs: Date.parse(event.at) - began,
    ...(wake.tell(event) ?? tellCall(event, call, cast)),
    facts: factsOf(event),
  }));
  return { lanes: cast.lanes, steps };
}
