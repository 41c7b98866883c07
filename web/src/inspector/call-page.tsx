import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { ask, useAsked } from '../operator/ask.js';
import { ProblemNote } from '../operator/sign-in.js';
import type { CallView, Explanation, RecordedEvent } from '../operator/wire.js';
import { moment, personName, standing } from '../operator/words.js';
import { Link, callPath } from '../router.js';
import { CopyButton } from './copy-button.js';
import { Diagram } from './diagram.js';
import { MANY, layOut } from './layout.js';
import { Player } from './player.js';
import { StepList } from './step-list.js';
import { storyOf } from './story.js';
import { ticketOf } from './ticket.js';

interface Known {
  call: CallView;
  events: RecordedEvent[];
  explanation: Explanation;
}

const LIVE_MS = 1_000;
/** What is learned about the callee's devices may be recorded a little after the end. */
const SETTLED_MS = 30_000;

/** One call: the verdict, and how it came to it, step by step. */
export function CallPage({ callId }: { callId: string }) {
  const path = `/calls/${encodeURIComponent(callId)}`;
  const { answer, problem, missing } = useAsked<Known>(
    path,
    async (signal) => {
      const call = await ask<CallView>(path, signal);
      const [{ items: events }, explanation] = await Promise.all([
        ask<{ items: RecordedEvent[] }>(`${path}/events`, signal),
        ask<Explanation>(`${path}/explain`, signal),
      ]);
      return { call, events, explanation };
    },
    ({ call, events }) => (isSettled(call, events) ? null : LIVE_MS),
  );
  return (
    <>
      <p class="back">
        <Link href="/calls">← All calls</Link>
      </p>
      {missing ? (
        <div class="card empty">
          <h1>There is no such call</h1>
          <p>
            Look for it in the <Link href="/calls">list of calls</Link>; its id may have been copied only in
            part.
          </p>
        </div>
      ) : (
        <ProblemNote problem={problem} />
      )}
      {answer && <Inspected {...answer} />}
      {!answer && !problem && (
        <h1 class="soft" aria-busy="true">
          Call
        </h1>
      )}
    </>
  );
}

const isSettled = (call: CallView, events: RecordedEvent[]): boolean =>
  call.state === 'ended' && Date.now() - Date.parse(events.at(-1)?.at ?? call.initiatedAt) > SETTLED_MS;

function Inspected({ call, events, explanation }: Known) {
  const story = useMemo(() => storyOf(call, events, explanation), [call, events, explanation]);
  const drawing = useMemo(() => layOut(story), [story]);
  const [chosen, setChosen] = useState(stepOfAddress);
  const last = story.steps.length - 1;
  // Until somebody chooses an earlier one, the last step is shown, also while the call goes on.
  const current = Math.min(chosen ?? last, last);
  const choose = (step: number): void => {
    const follows = step >= last;
    setChosen(follows ? null : step);
    history.replaceState(null, '', callPath(call.callId) + (follows ? '' : `?step=${step + 1}`));
  };
  const live = call.state !== 'ended';
  const link = location.origin + callPath(call.callId);
  const step = story.steps[current];
  return (
    <>
      <Verdict call={call} explanation={explanation}>
        <CopyButton text={() => ticketOf(call, explanation, story, link)}>Copy as text</CopyButton>
        <CopyButton text={() => `${link}?step=${current + 1}`}>Copy link</CopyButton>
      </Verdict>
      <div class="inspected" data-wide={story.lanes.length > MANY}>
        <Diagram
          drawing={drawing}
          current={current}
          onStep={choose}
          label={`Sequence diagram of the call from ${personName(call.caller)} to ${personName(call.callee)}`}
        />
        {step && (
          <Player
            steps={story.steps}
            current={current}
            onStep={choose}
            live={live ? (chosen === null ? 'followed' : 'left') : null}
          />
        )}
      </div>
      <StepList steps={story.steps} current={current} onStep={choose} />
    </>
  );
}

interface VerdictProps {
  call: CallView;
  explanation: Explanation;
  children: ComponentChildren;
}

function Verdict({ call, explanation, children }: VerdictProps) {
  const { word, tone } = standing(call);
  return (
    <section class="card verdict" data-tone={toneOf(explanation.code)} aria-label="Verdict">
      <p class="verdict-who">
        <span>
          {personName(call.caller)} → {personName(call.callee)}
        </span>
        <span class="badge" data-tone={tone}>
          {word}
        </span>
        <span class="soft">
          {call.media} · <time dateTime={call.initiatedAt}>{moment(call.initiatedAt)}</time>
        </span>
      </p>
      <h1>{explanation.verdict}</h1>
      <div class="verdict-foot">
        <code>{explanation.code}</code>
        <code class="soft call-id">{call.callId}</code>
        <span class="spring" />
        {children}
      </div>
    </section>
  );
}

/** Whether the verdict is good news about ringing; a decline is the callee's good right. */
function toneOf(code: string): string {
  if (/^answered/.test(code)) return 'good';
  if (code === 'in_progress') return 'ring';
  return /^(declined|busy|rang_|cancelled)/.test(code) ? 'plain' : 'bad';
}

function stepOfAddress(): number | null {
  const step = Number(new URLSearchParams(location.search).get('step'));
  return Number.isInteger(step) && step >= 1 ? step - 1 : null;
}
