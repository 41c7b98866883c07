// What one account can do with itself.
import { randomBytes } from 'node:crypto';
import { BUNDLE } from './calls.mjs';

const REQUESTS_OF_USER = { perSecond: 200, burst: 800, open: 32 };

const iPhone = () => ({
  platform: 'ios',
  voipToken: randomBytes(32).toString('hex'),
  apnsEnvironment: 'production',
  bundleId: BUNDLE,
});

export const accounts = {
  erasures: {
    what: 'an account that registers an install and erases itself, in a loop',
    async act(scene) {
      const token = await scene.token('mallory');
      await scene.paced({ ...REQUESTS_OF_USER, perSecond: 100, burst: 400, open: 4 }, async (nr) => {
        await scene.asked(scene.http('PUT', `/v1/devices/phone-${nr % 8}`, { token, body: iPhone() }));
        await scene.asked(scene.http('DELETE', '/v1/me', { token }));
      });
    },
  },
  registrations: {
    what: 'an account that registers its installs with ever new tokens',
    async act(scene) {
      const token = await scene.token('mallory');
      await scene.paced(REQUESTS_OF_USER, (nr) =>
        scene.asked(scene.http('PUT', `/v1/devices/phone-${nr % 50}`, { token, body: iPhone() })),
      );
    },
  },
};
