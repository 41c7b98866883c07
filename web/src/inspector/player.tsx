import { useEffect, useState } from 'preact/hooks';
import { ToneBadge } from './marks.js';
import type { Step } from './step.js';

interface PlayerProps {
  steps: Step[];
  current: number;
  onStep: (step: number) => void;
  /** Of a call that is not over: whether its newest step is shown, whatever comes. */
  live: 'followed' | 'left' | null;
}

const STEP_MS = 1_100;

/** Goes through the steps, and explains the one it stands on. */
export function Player({ steps, current, onStep, live }: PlayerProps) {
  const last = steps.length - 1;
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => (current >= last ? setPlaying(false) : onStep(current + 1)), STEP_MS);
    return () => clearTimeout(timer);
  }, [playing, current, last]);
  const go = (step: number): void => {
    setPlaying(false);
    onStep(Math.max(0, Math.min(last, step)));
  };
  const play = (): void => {
    if (!playing && current >= last) onStep(0);
    setPlaying(!playing);
  };
  const step = steps[current]!;
  return (
    <section class="player" aria-label="Step by step">
      <div class="card player-now">
        <div class="player-keys">
          <button
            type="button"
            aria-label="Step back"
            disabled={current === 0}
            onClick={() => go(current - 1)}
          >
            ‹
          </button>
          <button type="button" class="play" onClick={play}>
            {playing ? 'Pause' : 'Play'}
          </button>
          <button
            type="button"
            aria-label="Step on"
            disabled={current === last}
            onClick={() => go(current + 1)}
          >
            ›
          </button>
          {live === 'left' && (
            <button type="button" class="follow" onClick={() => go(last)}>
              Follow live
            </button>
          )}
          {live === 'followed' && (
            <span class="badge" data-tone="good">
              ● live
            </span>
          )}
          <span class="soft number">
            <span class="step-word">Step </span>
            {current + 1} of {steps.length}
          </span>
        </div>
        <input
          type="range"
          aria-label="Step"
          aria-valuetext={`Step ${current + 1} of ${steps.length}: ${step.title}`}
          min={1}
          max={steps.length}
          value={current + 1}
          onInput={({ currentTarget }) => go(Number(currentTarget.value) - 1)}
        />
        <div class="explained" aria-live="polite">
          <p class="explained-when">
            <span class="number">{step.time}</span>
            <ToneBadge tone={step.tone} />
          </p>
          <h2>{step.title}</h2>
          <p>{step.words}</p>
        </div>
      </div>
      <div class="card player-facts">
        <dl class="facts" style={{ '--rows': Math.max(...steps.map(({ facts }) => facts.length)) }}>
          {step.facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <details>
          <summary>The event as it was recorded</summary>
          <pre tabIndex={0}>{JSON.stringify(step.event, null, 2)}</pre>
        </details>
      </div>
    </section>
  );
}
