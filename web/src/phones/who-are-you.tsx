import { useRef, useState } from 'preact/hooks';
import { become, flawOf, lastName } from './people.js';

/** The first thing in a new tab: a name, and the tab is a phone. */
export function WhoAreYou() {
  const [flaw, setFlaw] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = input.current?.value ?? '';
    const wrong = flawOf(name);
    setFlaw(wrong);
    if (wrong === null) become(name);
  };
  return (
    <section class="browser-phone card" aria-labelledby="who-are-you">
      <form class="who-are-you" onSubmit={submit} noValidate>
        <h2 id="who-are-you">This browser</h2>
        <p>Give it a name, and it is a phone: others can call it, with picture and sound.</p>
        <label for="name">Your name</label>
        <input
          id="name"
          ref={input}
          autoComplete="given-name"
          maxLength={40}
          defaultValue={lastName()}
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
