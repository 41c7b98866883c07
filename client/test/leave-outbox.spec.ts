import type { Connection } from '../src/connection.js';
import { type LeaveRequest, LeaveOutbox } from '../src/leave-outbox.js';
import type { RingwayHttp } from '../src/http.js';
import { type CallView, RingwayError } from '../src/index.js';

const view = { callId: 'c1', state: 'ended' } as CallView;

/** LeaveOutbox of a device without a socket. */
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
    leave: async ({ event }: LeaveRequest, deviceId: string, token: string) => {
      said.push(`${event} of ${deviceId} with ${token}`);
      const answer = answers.shift()!;
      if (answer instanceof RingwayError) throw answer;
      return answer;
    },
  };
  const outbox = new LeaveOutbox(
    connection as unknown as Connection,
    http as unknown as RingwayHttp,
    'phone',
  );
  const connect = (): void => {
    connection.connected = true;
    connected();
  };
  return { outbox, said, connect };
}
const cancel: LeaveRequest = { event: 'call:cancel', payload: { callId: 'c1' }, direction: 'outgoing' };

describe('out of a call without a socket', () => {
  it('goes over HTTP, with the token of the session that is over', async () => {
    const { outbox, said } = replaced([view]);
    outbox.flushOverHttp('a token');
    expect(await outbox.leave(cancel)).toBe(view);
    expect(said).toEqual(['call:cancel of phone with a token']);
  });

  it('ends what was answered meanwhile, also over HTTP', async () => {
    const { outbox, said } = replaced([new RingwayError('ALREADY_ANSWERED', 'Too late.'), view]);
    outbox.flushOverHttp('a token');
    expect(await outbox.leave(cancel)).toBe(view);
    expect(said).toEqual(['call:cancel of phone with a token', 'call:end of phone with a token']);
  });

  it.each(['TOKEN_EXPIRED', 'UNREACHABLE'] as const)(
    'waits for the next connection when HTTP is of no use (%s)',
    async (code) => {
      const { outbox, said, connect } = replaced([
        new RingwayError(code, 'No.', { retryable: code === 'UNREACHABLE' }),
      ]);
      const saying = outbox.leave(cancel);
      outbox.flushOverHttp('a token');
      await new Promise((resolve) => setTimeout(resolve, 20));
      connect();
      expect(await saying).toBe(view);
      expect(said).toEqual(['call:cancel of phone with a token', 'socket call:cancel']);
    },
  );

  it('is not said by another user', async () => {
    const { outbox, said, connect } = replaced([]);
    const saying = outbox.leave(cancel);
    outbox.clear();
    connect();
    await expect(saying).rejects.toMatchObject({ code: 'CLOSED' });
    expect(said).toEqual([]);
  });
});
