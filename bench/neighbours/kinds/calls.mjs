// What one or two accounts can make of calls.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const EVENTS_OF_SOCKET = { perSecond: 50, burst: 200 };
const CALLS = { perSecond: 1, burst: 60 };
const DEVICES = 50;
export const BUNDLE = 'com.example.app';

export const calls = {
  'made-up-devices': {
    what: 'a call that rings on ever new devices, told over HTTP, and `sync` in between',
    async act(scene) {
      const [mallory, accomplice] = await Promise.all([scene.phone('mallory'), scene.phone('accomplice')]);
      const token = await scene.token('accomplice');
      let callId = null;
      const renew = async () => {
        for (;;) {
          const next = randomUUID();
          const call = { callId: next, callee: 'accomplice', media: 'voice' };
          if ((await scene.said(mallory.say('call:initiate', call))).ok) callId = next;
          await pause(40_000);
        }
      };
      await Promise.all([
        renew(),
        scene.paced({ perSecond: 150, burst: 600, open: 20 }, async (nr) => {
          if (callId === null) return;
          const path = `/v1/calls/${callId}/ringing?deviceId=made-up-${nr}`;
          await scene.asked(scene.http('POST', path, { token }));
        }),
        scene.paced(EVENTS_OF_SOCKET, () => scene.said(accomplice.say('sync', {}))),
      ]);
    },
  },
  redial: {
    what: 'sixty calls a minute to one and the same person',
    async act(scene) {
      const mallory = await scene.phone('mallory');
      // A person like all others, whose phones ring.
      await scene.paced(CALLS, () =>
        scene.said(
          mallory.say('call:initiate', { callId: randomUUID(), callee: 'ordinary-49', media: 'voice' }),
        ),
      );
    },
  },
  'racing-devices': {
    what: `${DEVICES} devices of one callee that all ring and answer in the same instant`,
    async act(scene) {
      const mallory = await scene.phone('mallory');
      const devices = await Promise.all(
        Array.from({ length: DEVICES }, (_, nr) => scene.phone('accomplice', `phone-${nr}`)),
      );
      await scene.paced({ ...CALLS, open: 1 }, async () => {
        const callId = randomUUID();
        const call = { callId, callee: 'accomplice', media: 'voice' };
        if (!(await scene.said(mallory.say('call:initiate', call))).ok) return;
        const all = (event) => Promise.all(devices.map((phone) => scene.said(phone.say(event, { callId }))));
        await all('call:ringing');
        await all('call:answer');
        await mallory.say('call:end', { callId });
      });
    },
  },
  'push-tokens': {
    what: `${DEVICES} installs with made-up push tokens, and calls that wake them all`,
    async act(scene) {
      const token = await scene.token('accomplice');
      const register = (nr) =>
        scene.asked(
          scene.http('PUT', `/v1/devices/made-up-${nr}`, {
            token,
            body: {
              platform: 'ios',
              voipToken: randomBytes(32).toString('hex'),
              apnsEnvironment: nr % 2 ? 'sandbox' : 'production',
              bundleId: BUNDLE,
            },
          }),
        );
      const mallory = await scene.phone('mallory');
      await Promise.all(Array.from({ length: DEVICES }, (_, nr) => register(nr)));
      await Promise.all([
        scene.paced(CALLS, () =>
          scene.said(
            mallory.say('call:initiate', { callId: randomUUID(), callee: 'accomplice', media: 'voice' }),
          ),
        ),
        // What was retired comes back under another token.
        scene.paced({ perSecond: 5 }, (nr) => register(nr % DEVICES)),
      ]);
    },
  },
};
