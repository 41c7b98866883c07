// Every kind of hostile user: `what` it does, and how (`act`). `history` starts on a database with one very long history;
// `whileDown` is done to the database while the gateway is down, which is then measured from its start on.
import { accounts } from './accounts.mjs';
import { calls } from './calls.mjs';
import { connections } from './connections.mjs';
import { history } from './history.mjs';
import { payloads } from './payloads.mjs';

export const kinds = {
  // What the instrument itself makes of nothing at all.
  nobody: { what: 'nobody', act: () => new Promise(() => undefined) },
  ...connections,
  ...payloads,
  ...calls,
  ...history,
  ...accounts,
};
