import { once } from 'node:events';
import { sensitiveHeaders } from 'node:http2';
import { Deadline } from '../../src/push/deadline.js';
import { answer, type Visit } from './hostile-server.js';
import { accepted, all, burst, originOf, post, serverThat } from './loopback.js';
import { until } from '../support/until.js';

describe('a healthy server', () => {
  it('is asked everything over one connection', async () => {
    const server = await serverThat(({ stream, body }) => answer(stream, 200, body, { 'apns-id': 'id' }));
    const origin = originOf(server);
    expect(await burst(origin, 50)).toEqual(all(50));
    expect(await post(origin, 'hello')).toMatchObject({
      status: 200,
      body: 'hello',
      headers: { 'apns-id': 'id' },
    });
    expect(server.sessions).toHaveLength(1);
  });

  it('may speak HTTP/2 without TLS on a desk', async () => {
    const server = await serverThat(undefined, { tls: false });
    expect(await post(originOf(server))).toEqual(accepted);
  });

  it('gets the path and the authorization as headers that no table remembers', async () => {
    const server = await serverThat();
    await post(originOf(server));
    const { headers } = server.visits[0] ?? {};
    expect(headers).toMatchObject({
      ':method': 'POST',
      ':path': '/3/device/secret',
      authorization: 'bearer jwt',
    });
    expect((headers as { [sensitiveHeaders]?: string[] } | undefined)?.[sensitiveHeaders]).toEqual(
      expect.arrayContaining([':path', 'authorization']),
    );
  });

  it('may answer in many small frames', async () => {
    const text = '{"reason":"BadDeviceToken","é":"漢字"}';
    const server = await serverThat(({ stream }) => {
      stream.respond({ ':status': 400 });
      const bytes = Buffer.from(text);
      const next = (at: number): void => {
        if (at === bytes.length) stream.end();
        else stream.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      next(0);
    });
    expect(await post(originOf(server))).toMatchObject({ status: 400, body: text });
  });

  it('is not read beyond what an answer can need', async () => {
    const server = await serverThat(({ stream }) => answer(stream, 500, 'x'.repeat(10_000_000)));
    const reply = await post(originOf(server));
    expect(reply).toMatchObject({ status: 500 });
    expect('body' in reply && reply.body.length).toBeLessThan(100_000);
  });

  it('is not blamed for a request that cannot be written', async () => {
    const server = await serverThat();
    const origin = originOf(server);
    await post(origin);
    const request = { path: '/', headers: { connection: 'keep-alive' }, body: '' };
    expect(await origin.request(request, new Deadline(5000))).toEqual({
      failure: 'InvalidRequest',
      unprocessed: false,
    });
    expect(await post(origin)).toEqual(accepted);
    expect(server.sessions).toHaveLength(1);
  });
});

describe('a server that allows one stream', () => {
  it('is not sent a burst before its SETTINGS are known', async () => {
    const server = await serverThat(undefined, { settings: { maxConcurrentStreams: 1 } });
    expect(await burst(originOf(server), 30)).toEqual(all(30));
    expect(server.troubles).toEqual([]);
    expect(server.sessions).toHaveLength(1);
  });

  it('from now on is given one at a time', async () => {
    const open = new Set<Visit>();
    let most = 0;
    const server = await serverThat((visit) => {
      if (visit.number === 1)
        visit.session.settings({ maxConcurrentStreams: 1 }, () => answer(visit.stream, 200));
      else answer(visit.stream, 200);
    });
    const origin = originOf(server);
    await post(origin);
    server.act = (visit) => {
      open.add(visit);
      most = Math.max(most, open.size);
      setImmediate(() => {
        open.delete(visit);
        answer(visit.stream, 200);
      });
    };
    expect(await burst(origin, 20)).toEqual(all(20));
    expect(most).toBe(1);
    expect(server.sessions).toHaveLength(1);
  });

  it('from the middle of a burst on still gets every request', async () => {
    const server = await serverThat((visit) => {
      if (visit.number === 20) visit.session.settings({ maxConcurrentStreams: 1 });
      answer(visit.stream, 200);
    });
    expect(await burst(originOf(server), 200)).toEqual(all(200));
    expect(new Set(server.visits.map(({ body }) => body)).size).toBe(200);
  });
});

describe('the first request of an APNs connection', () => {
  it('is answered before the others go', async () => {
    let openDuringFirst = 0;
    const server = await serverThat((visit) => {
      if (visit.number > 1) return answer(visit.stream, 200);
      setImmediate(() => {
        openDuringFirst = server.visits.length;
        answer(visit.stream, 200);
      });
    });
    expect(await burst(originOf(server, { firstAlone: true }), 20)).toEqual(all(20));
    expect(openDuringFirst).toBe(1);
    expect(server.sessions).toHaveLength(1);
  });

  it('does not hold up the others when nobody answers it', async () => {
    const server = await serverThat(({ stream, body }) => {
      if (body !== 'ring 0') answer(stream, 200);
    });
    const origin = originOf(server, { firstAlone: true });
    const slow = origin.request({ path: '/', headers: {}, body: 'ring 0' }, new Deadline(1500));
    const others = Promise.all([1, 2, 3].map((n) => post(origin, `ring ${n}`)));
    expect(await Promise.race([slow, others])).toEqual(all(3));
    expect(await slow).toEqual({ failure: 'Timeout', unprocessed: false });
  });
});

describe('closing', () => {
  it('lets requests finish, takes no new ones, and ends the connection', async () => {
    const server = await serverThat(({ stream }) => void setTimeout(() => answer(stream, 200), 50));
    const origin = originOf(server);
    const underWay = burst(origin, 5);
    await until(() => server.visits.length === 5);
    const [session] = server.sessions;
    const ended = session === undefined ? null : once(session, 'close');
    const closed = origin.close();
    expect(await post(origin)).toEqual({ failure: 'Closed', unprocessed: true });
    expect(await underWay).toEqual(all(5));
    await closed;
    await ended;
    expect(server.visits).toHaveLength(5);
  });
});

describe('closing before there is a connection', () => {
  it('lets the request that opens it finish', async () => {
    const server = await serverThat();
    const origin = originOf(server);
    const [reply] = await Promise.all([post(origin), origin.close()]);
    expect(reply).toEqual(accepted);
  });
});

describe('retiring a connection', () => {
  it('sends what comes next over a new one, once for all who ask', async () => {
    const server = await serverThat();
    const origin = originOf(server);
    const replies = await burst(origin, 5);
    for (const reply of replies) if ('connection' in reply) origin.retire(reply.connection);
    await post(origin);
    for (const reply of replies) if ('connection' in reply) origin.retire(reply.connection);
    await post(origin);
    expect(server.sessions).toHaveLength(2);
  });
});
