// Memory and parsing: what is small on the wire and large in the heap.
import { randomUUID } from 'node:crypto';

const EVENTS_OF_SOCKET = { perSecond: 50, burst: 200 };
/** 65,534 bytes of JSON, 21,845 objects. */
const EMPTY_OBJECTS = Array.from({ length: 21_845 }, () => ({}));
const SIGNALS_PER_CALL = 64;
const CALLS_AT_ONCE = 60;

export const payloads = {
  'waiting-signals': {
    what: `calls to one's own second account, ${SIGNALS_PER_CALL} signals of 64 kB in each that nobody takes`,
    async act(scene) {
      const [mallory, accomplice] = await Promise.all([scene.phone('mallory'), scene.phone('accomplice')]);
      accomplice.acknowledges = false;
      const signals = async (callId) => {
        for (let nr = 0; nr < SIGNALS_PER_CALL; nr++)
          await scene.said(mallory.say('call:signal', { callId, signal: EMPTY_OBJECTS }));
      };
      await scene.paced({ perSecond: 1, burst: CALLS_AT_ONCE, open: 2 }, async () => {
        const callId = randomUUID();
        const { ok } = await scene.said(
          mallory.say('call:initiate', { callId, callee: 'accomplice', media: 'voice' }),
        );
        if (!ok) return;
        await accomplice.say('call:answer', { callId });
        await signals(callId);
      });
    },
  },
  'unanswered-signals': {
    what: 'the same before the answer, to sixty accounts that only listen',
    async act(scene) {
      const mallory = await scene.phone('mallory');
      const listeners = Array.from({ length: CALLS_AT_ONCE }, (_, nr) => `listener-${nr}`);
      for (const userId of listeners) await scene.phone(userId);
      await scene.paced({ perSecond: 1, burst: CALLS_AT_ONCE, open: 2 }, async (nr) => {
        const callId = randomUUID();
        const callee = listeners[nr % listeners.length];
        const { ok } = await scene.said(mallory.say('call:initiate', { callId, callee, media: 'voice' }));
        for (let signal = 0; ok && signal < SIGNALS_PER_CALL; signal++)
          await scene.said(mallory.say('call:signal', { callId, signal: EMPTY_OBJECTS }));
      });
    },
  },
  'large-frames': {
    what: 'frames of 100 kB of `[{},{},…]` over four sockets at their limit',
    async act(scene) {
      const phones = await Promise.all([0, 1, 2, 3].map((nr) => scene.phone('mallory', `phone-${nr}`)));
      const payload = Array.from({ length: 33_000 }, () => ({}));
      const text = JSON.stringify(payload);
      await Promise.all(
        phones.map((phone) =>
          scene.paced({ ...EVENTS_OF_SOCKET, open: 100 }, async (nr) => {
            // Every second one without a wish for an answer.
            if (nr % 2 === 0) return void (await scene.said(phone.say('call:signal', payload)));
            phone.send(`42["call:media",${text}]`);
            scene.count('sent');
          }),
        ),
      );
    },
  },
};
