import { createServer } from 'node:net';
import { ListenError, explainListenError } from '../../src/start/listen-error.js';

/** What the operator is told when a server cannot listen there. */
async function said(host: string, port = 0): Promise<string> {
  const server = createServer();
  const error = await new Promise<unknown>((resolve, reject) => {
    server.once('error', resolve).listen({ host, port }, () => reject(new Error('it listens')));
  });
  const explained = explainListenError(error, { host, port });
  expect(explained).toBeInstanceOf(ListenError);
  return (explained as ListenError).message;
}
const made = (code: string, syscall: string, hostname?: string) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall, hostname });

describe('an address the gateway cannot listen on is named, with the setting that mends it:', () => {
  it('it is not one of this machine', async () =>
    expect(await said('203.0.113.5')).toMatch(
      /^HOST 203\.0\.113\.5 is no address of this machine; set HOST/,
    ));

  it('it is a name nobody knows', async () =>
    expect(await said('no-such-host.invalid')).toMatch(
      /^HOST no-such-host\.invalid is a name that cannot be resolved \(E\w+\); set HOST/,
    ));

  it('the port is taken', async () => {
    const first = createServer();
    const port = await new Promise<number>((resolve) =>
      first.listen(0, '127.0.0.1', () => resolve((first.address() as { port: number }).port)),
    );
    try {
      expect(await said('127.0.0.1', port)).toBe(`port ${port} is taken by another process; set PORT`);
    } finally {
      first.close();
    }
  });

  it('the port is for others, or whatever else the system says', () => {
    const message = (code: string): string =>
      (explainListenError(made(code, 'listen'), { host: '::', port: 80 }) as ListenError).message;
    expect(message('EACCES')).toMatch(/^port 80 may not be used by this user; set PORT/);
    expect(message('EAFNOSUPPORT')).toMatch(/^cannot listen on HOST ::, PORT 80 \(EAFNOSUPPORT\)/);
  });
});

it('an error about something else stays what it is', () => {
  for (const error of [
    made('ENOTFOUND', 'getaddrinfo', 'database'),
    made('ECONNREFUSED', 'connect'),
    new Error('a bug'),
    'thrown text',
  ]) {
    expect(explainListenError(error, { host: '127.0.0.1', port: 3000 })).toBe(error);
  }
});
