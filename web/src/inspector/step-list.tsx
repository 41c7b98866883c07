import { useState } from 'preact/hooks';
import { ToneBadge } from './marks.js';
import type { Step } from './step.js';

interface StepListProps {
  steps: Step[];
  current: number;
  onStep: (step: number) => void;
}

/** All steps in words: the diagram for whoever reads or hears rather than looks. */
export function StepList({ steps, current, onStep }: StepListProps) {
  const [open] = useState(() => matchMedia('(width >= 64rem)').matches);
  return (
    <details class="all-steps" open={open}>
      <summary>
        <h2>All steps</h2>
      </summary>
      <ol class="card step-list">
        {steps.map((step, nr) => (
          <li key={step.event.position} aria-current={nr === current ? 'step' : undefined}>
            <span class="number step-time">{step.time}</span>
            <div>
              <button type="button" class="quiet step-title" onClick={() => onStep(nr)}>
                {step.title}
              </button>{' '}
              <ToneBadge tone={step.tone} />
              <p>{step.words}</p>
            </div>
          </li>
        ))}
      </ol>
    </details>
  );
}
