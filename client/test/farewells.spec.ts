import type { Connection } from '../src/connection.js';
import { type Farewell, Farewells } from '../src/farewells.js';
import type { RingwayHttp } from '../src/http.js';
import { type CallView, RingwayError } from '../src/index.js';

const view = { callId: 'c1', state: 'ended' } as CallView;

/** Farewells of a device without a socket. */
function replaced(answers: (CallView | RingwayError)[]) {
  let connected = (): void => undefined;
  const said: string[] = [];
  const connection = {
    connected: false,
    on: (_event: 'connected', listener: () => void) => (connected = listener),
    ask: async (event: string) => {
      said.push(`socket ${event}`);
      return { call: view };
    },
  };
  const http = {
    leave: async ({ event }: Farewell, deviceId: string, token: string) => {
      said.push(`${event} of ${deviceId} with ${token}`);
      const answer = answers.shift()!;
      if (answer instanceof RingwayError) throw answer;
      return answer;
    },
  };
  const farewells = new Farewells(
    connection as unknown as Connection,
    http as unknown as RingwayHttp,
    'phone',
  );
  const connect = (): void => {
    connection.connected = true;
    connected();
  };
  return { farewells, said, connect };
}
const cancel: Farewell = { event: 'call:cancel', payload: { callId: 'c1' }, direction: 'outgoing' };

describe('out of a call without a socket', () => {
  it('goes over HTTP, with the token of the session that is over', async () => {
    const { farewells, said } = replaced([view]);
    farewells.part('a token');
    expect(await farewells.say(cancel)).toBe(view);
    expect(said).toEqual(['call:cancel of phone with a token']);
  });

  it('ends what was answered meanwhile, also over HTTP', async () => {
    const { farewells, said } = replaced([new RingwayError('ALREADY_ANSWERED', 'Too late.'), view]);
    farewells.part('a token');
    expect(await farewells.say(cancel)).toBe(view);
    expect(said).toEqual(['call:cancel of phone with a token', 'call:end of phone with a token']);
  });

  it.each(['TOKEN_EXPIRED', 'UNREACHABLE'] as const)(
    'waits for the next connection when HTTP is of no use (%s)',
    async (code) => {
      const { farewells, said, connect } = replaced([
        new RingwayError(code, 'No.', { retryable: code === 'UNREACHABLE' }),
      ]);
      const saying = farewells.say(cancel);
      farewells.part('a token');
      await new Promise((resolve) => setTimeout(resolve, 20));
      connect();
      expect(await saying).toBe(view);
      expect(said).toEqual(['call:cancel of phone with a token', 'socket call:cancel']);
    },
  );

  it('is not said by another user', async () => {
    const { farewells, said, connect } = replaced([]);
    const saying = farewells.say(cancel);
    farewells.clear();
    connect();
    await expect(saying).rejects.toMatchObject({ code: 'CLOSED' });
    expect(said).toEqual([]);
  });
});
