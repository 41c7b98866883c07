import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { IS_DEMO } from '../mode.js';
import './operator.css';
import { dropToken, operatorToken, refusal, useToken } from './token.js';
import { focusHeading } from './focus-heading.js';

/** What only operators see; everybody else is asked for the token. */
export function OperatorsOnly({ children }: { children: ComponentChildren }) {
  const signedIn = IS_DEMO || operatorToken.value !== null;
  const before = useRef(signedIn);
  useEffect(() => {
    if (before.current === signedIn) return undefined;
    before.current = signedIn;
    // What had the focus is gone: reading goes on at the top of what came instead.
    if (signedIn) return focusHeading();
    document.querySelector<HTMLElement>('.sign-in input')?.focus();
    return undefined;
  }, [signedIn]);
  if (!signedIn) return <SignIn />;
  return (
    <>
      {!IS_DEMO && (
        <p class="sign-out">
          <button type="button" onClick={() => dropToken(null)}>
            Sign out
          </button>
        </p>
      )}
      {children}
    </>
  );
}

function SignIn() {
  const [text, setText] = useState('');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = text.trim().replace(/^Bearer +/i, '');
    if (token !== '') useToken(token);
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h2>For operators</h2>
      <p>
        This page shows everybody’s calls. Paste a token whose <code>scope</code> claim contains{' '}
        <code>ringway:operator</code>, or open this address with <code>#token=…</code> behind it.
      </p>
      {refusal.value !== null && (
        <p role="alert" class="problem">
          {refusal.value}
        </p>
      )}
      <label>
        Operator’s token
        <input
          type="password"
          name="token"
          autocomplete="off"
          spellcheck={false}
          required
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button class="primary">Show the calls</button>
      <p class="soft">It stays in this tab and goes nowhere but to this gateway.</p>
    </form>
  );
}

/** A problem that mends itself, or tells what to do. */
export function ProblemNote({ problem }: { problem: string | null }) {
  return (
    <div role="status" class="problem-note">
      {problem !== null && <p class="problem">{problem}</p>}
    </div>
  );
}
