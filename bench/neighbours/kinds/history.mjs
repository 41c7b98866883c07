// What was recorded long ago, or is due all at once.
import { setTimeout as pause } from 'node:timers/promises';
import { Phone } from '../../support/phone.mjs';
import { CELEBRITY, LONG_CALL, seedDueTimers } from '../seed.mjs';

const REQUESTS_OF_USER = { perSecond: 200, burst: 800 };

export const history = {
  'long-history-sync': {
    what: 'a user with a very long history who asks for `sync` 45 times a second',
    history: true,
    async act(scene) {
      const token = await scene.token(CELEBRITY);
      const phones = await Promise.all([0, 1, 2].map((nr) => connecting(scene, token, nr)));
      await scene.paced({ perSecond: 45, burst: 200 }, (nr) =>
        scene.said(phones[nr % phones.length].say('sync', {})),
      );
    },
  },
  'long-history-lists': {
    what: 'a user with a very long history who asks for its rarest calls, sixty at a time',
    history: true,
    async act(scene) {
      const token = await scene.token(CELEBRITY);
      const filters = ['outcome=failed', 'outcome=busy', 'with=nobody', 'outcome=failed&media=video'];
      await scene.paced({ ...REQUESTS_OF_USER, open: 60 }, (nr) =>
        scene.asked(scene.http('GET', `/v1/calls?${filters[nr % filters.length]}`, { token })),
      );
    },
  },
  'long-streams': {
    what: 'one call with the 2,900 events it can be made to hold, and its timeline, explanation and view as often as allowed',
    history: true,
    async act(scene) {
      const token = await scene.token(CELEBRITY);
      await scene.paced({ ...REQUESTS_OF_USER, open: 60 }, (nr) =>
        scene.asked(
          scene.http('GET', `/v1/calls/${LONG_CALL}${['/events', '/explain', ''][nr % 3]}`, { token }),
        ),
      );
    },
  },
  'long-history-erasure': {
    what: 'a user with a very long history who is to be erased',
    history: true,
    async act(scene) {
      const token = await scene.token(CELEBRITY);
      await scene.paced({ perSecond: 10, open: 2 }, () =>
        scene.asked(scene.http('DELETE', '/v1/me', { token })),
      );
    },
  },
  'due-timers': {
    what: 'thousands of rings that ran out while the gateway was down',
    whileDown: seedDueTimers,
    act: () => new Promise(() => undefined),
  },
};

/** Its connection counts from the first attempt on, whether it gets its first sync or not. */
async function connecting(scene, token, nr) {
  const deviceId = `phone-${nr}`;
  const phone = new Phone({ port: scene.port, address: scene.address, deviceId, token });
  void phone.connect().catch(() => undefined);
  await pause(300);
  return phone;
}
