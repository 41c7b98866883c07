import type { CallView, Explanation, RecordedEvent } from '../operator/wire.js';
import { describeCall } from './describe-call.js';
import { causalOrder } from './causal-order.js';
import { castOf } from './lanes.js';
import { type Story, factsOf, offset } from './step.js';
import { WakeDescriber } from './describe-wake.js';

/** A call as a sequence diagram tells it: who took part, and what happened between them, one step per event. Pure. */
export function storyOf(call: CallView, events: readonly RecordedEvent[], explanation: Explanation): Story {
  const cast = castOf(call, events, explanation);
  const wake = new WakeDescriber(call, events, cast);
  const began = Date.parse(call.initiatedAt);
  const steps = causalOrder(events).map(({ event, before }) => {
    const told = wake.tell(event) ?? describeCall(event, call, cast);
    const recorded = offset(Date.parse(event.at) - began);
    if (before === null) return { event, ...told, time: recorded, facts: factsOf(event) };
    return {
      event,
      ...told,
      time: `≤ ${offset(before - began)}`,
      words: `${told.words} The phone was quicker than this answer, which was recorded at ${recorded}.`,
      facts: [['Recorded', recorded] as [string, string], ...factsOf(event)],
    };
  });
  return { lanes: cast.lanes, steps };
}
