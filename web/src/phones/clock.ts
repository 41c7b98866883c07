import { signal } from '@preact/signals';

/** The wall clocks of all phones are one: it ticks on the minute. */
export const minute = signal(new Date());

let timer: ReturnType<typeof setTimeout> | undefined;

function tick(): void {
  clearTimeout(timer);
  minute.value = new Date();
  timer = setTimeout(tick, 60_000 - (Date.now() % 60_000));
}

document.addEventListener('visibilitychange', tick); // a tab that nobody sees is not woken on time
tick();
