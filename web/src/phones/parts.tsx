import { useNow } from './time.js';
import { clock, initials } from './words.js';

export function Avatar({ name }: { name: string }) {
  return (
    <span class="avatar" aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** Time since, counted every second. */
export function Timer({ since }: { since: number }) {
  const now = useNow(1_000);
  return <span class="number">{clock((now - since) / 1_000)}</span>;
}
