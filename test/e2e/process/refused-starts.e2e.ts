import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { freshDatabase } from '../../support/database.js';
import { type Ended, GatewayChild } from '../../support/gateway-child.js';

const started = (env: Record<string, string>): Promise<Ended> => new GatewayChild(env).ended;

describe('a start that cannot work ends with status 1 and says why', () => {
  it('names every bad setting at once, and shows no secret', async () => {
    const { code, complaint, stdout } = await started({
      ...{
        PORT: '99999',
        DATABASE_URL: 'mysql://root:hunter2@db/x',
        REDIS_URL: 'nonsense',
        AUTH_SECRET: 'hunter2',
      },
      ...{
        APNS_APPS: '{broken',
        FCM_APPS: '[{"projectId":""}]',
        RING_TIMEOUT_MS: '10',
        RING_ACK_TIMEOUT_MS: 'soon',
      },
      ...{
        BUSY_POLICY: 'maybe',
        ICE_SERVERS: '[{"urls":"http://x"}]',
        CORS_ORIGINS: 'not an origin',
        WEBHOOK_URL: 'ftp://x',
      },
      ...{
        CALL_MAX_DURATION_MS: '-1',
        RATE_LIMIT_CALLS_PER_MINUTE: '0',
        DEMO: 'yes',
        PUSH_CA_FILE: '/no/such/file',
      },
    });
    const said = complaint.join('\n');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const name of [
      ...['PORT', 'DATABASE_URL', 'REDIS_URL', 'AUTH_SECRET', 'APNS_APPS', 'FCM_APPS', 'RING_TIMEOUT_MS'],
      ...[
        'RING_ACK_TIMEOUT_MS',
        'BUSY_POLICY',
        'ICE_SERVERS',
        'CORS_ORIGINS',
        'WEBHOOK_URL',
        'CALL_MAX_DURATION_MS',
      ],
      ...['RATE_LIMIT_CALLS_PER_MINUTE', 'DEMO', 'PUSH_CA_FILE'],
    ]) {
      expect(said).toContain(name);
    }
    expect(said).not.toMatch(/hunter2|at \w+ \(/);
  });

  it('needs AUTH_SECRET or AUTH_JWKS_URL in production', async () => {
    const { code, complaint } = await started({ NODE_ENV: 'production' });
    expect(code).toBe(1);
    expect(complaint.join('\n')).toMatch(/AUTH_SECRET.*AUTH_JWKS_URL/);
  });

  it('says in one line that nothing listens where the database should be', async () => {
    const { code, complaint } = await started({
      DEMO: '1',
      DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/ringway',
    });
    expect(code).toBe(1);
    expect(complaint).toEqual([expect.stringMatching(/database does not answer.*DATABASE_URL/)]);
    expect(complaint[0]).not.toContain('hunter2');
  });

  describe('with a database that accepts and says nothing', () => {
    let server: Server;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });

    it('does not wait for ever', async () => {
      const { port } = server.address() as AddressInfo;
      const { code, complaint } = await started({
        DEMO: '1',
        DATABASE_URL: `postgres://user@127.0.0.1:${port}/ringway`,
      });
      expect(code).toBe(1);
      expect(complaint).toEqual([expect.stringMatching(/database does not answer/)]);
    });
  });

  it('says in one line that the database does not exist, or the password is wrong', async () => {
    const at = new URL(process.env.TEST_DATABASE_URL!);
    at.pathname = '/no_such_database';
    const missing = await started({ DEMO: '1', DATABASE_URL: at.href });
    expect(missing).toMatchObject({ code: 1, complaint: [expect.stringContaining('no_such_database')] });
    at.password = 'hunter2';
    const locked = await started({ DEMO: '1', DATABASE_URL: at.href });
    expect(locked).toMatchObject({ code: 1, complaint: [expect.stringContaining('password')] });
    expect(locked.stderr).not.toContain('hunter2');
  });

  it('says in one line that it cannot listen on HOST', async () => {
    const database = await freshDatabase();
    const bad = ['203.0.113.5', 'no-such-host.invalid'];
    const ends = await Promise.all(
      bad.map((HOST) => started({ DEMO: '1', HOST, DATABASE_URL: database.url })),
    );
    await database.drop();
    for (const [index, { code, stdout, complaint }] of ends.entries()) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(complaint).toEqual([expect.stringMatching(`^ringway: HOST ${bad[index]} .*set HOST`)]);
    }
  });
});

describe('a name that looks like a typo', () => {
  it('is warned about, and stops nothing', async () => {
    const database = await freshDatabase();
    const gateway = new GatewayChild({
      ...{ DEMO: '1', DATABASE_URL: database.url },
      ...{ RINGWAY_DATADIR: '/tmp/x', APNS_APP: '[]', FCM_ORGIN: 'https://fcm' },
    });
    await gateway.ready();
    const { stderr } = await gateway.send('SIGTERM');
    await database.drop();
    for (const name of ['RINGWAY_DATADIR', 'APNS_APP', 'FCM_ORGIN']) expect(stderr).toContain(name);
  });
});
