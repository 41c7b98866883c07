import { useState } from 'preact/hooks';
import { become, draftName, flawOf } from './people.js';

/** The first thing in a new tab: a name, and the tab is a phone. */
export function WhoAreYou() {
  const [flaw, setFlaw] = useState<string | null>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wrong = flawOf(draftName.value);
    setFlaw(wrong);
    if (wrong === null) become(draftName.value);
  };
  return (
    <section class="browser-phone card" aria-labelledby="who-are-you">
      <form class="who-are-you" onSubmit={submit} noValidate>
        <h2 id="who-are-you">This browser is a phone, too</h2>
        <ol class="first-steps">
          <li>Switch it on.</li>
          <li>Call Ivy: her app is asleep.</li>
          <li>A push wakes it, and it rings. She picks up by herself.</li>
        </ol>
        <label for="name">Your name</label>
        <input
          id="name"
          autoComplete="given-name"
          maxLength={40}
          value={draftName.value}
          onInput={({ currentTarget }) => (draftName.value = currentTarget.value)}
          aria-invalid={flaw !== null}
          aria-describedby={flaw === null ? undefined : 'name-flaw'}
        />
        {flaw !== null && (
          <p id="name-flaw" class="flaw" role="alert">
            {flaw}
          </p>
        )}
        <button type="submit" class="primary">
          Switch on
        </button>
      </form>
    </section>
  );
}
