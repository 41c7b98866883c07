import { constants } from 'node:http2';
import { answer, type Visit } from './hostile-server.js';
import { accepted, all, burst, originOf, post, serverThat } from './loopback.js';

describe('a server that says GOAWAY', () => {
  it('finishes what it began, and the next request goes elsewhere', async () => {
    const server = await serverThat((visit) => {
      if (visit.connection === 1)
        visit.session.goaway(0, visit.stream.id, Buffer.from('{"reason":"Shutdown"}'));
      setImmediate(() => answer(visit.stream, 200));
    });
    const origin = originOf(server);
    expect(await post(origin)).toEqual(accepted);
    expect(await post(origin)).toEqual(accepted);
    expect(server.visits.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  it('gets what it never began once more, at once, on a new connection', async () => {
    const server = await serverThat((visit) => {
      if (visit.connection > 1) return answer(visit.stream, 200);
      if (visit.number === 3) visit.session.goaway(0, 3, Buffer.from('{"reason":"Shutdown"}'));
      if (visit.number <= 2) setImmediate(() => answer(visit.stream, 200));
    });
    expect(await burst(originOf(server), 6)).toEqual(all(6));
    expect(server.sessions).toHaveLength(2);
    expect(server.visits.filter(({ connection }) => connection === 2)).toHaveLength(4);
  });

  it('in anger tells apart as well what it may have processed and what it never began', async () => {
    const server = await serverThat((visit) => {
      if (visit.connection > 1) return answer(visit.stream, 200);
      if (visit.number === 6) visit.session.goaway(constants.NGHTTP2_INTERNAL_ERROR, 3);
    });
    const [first, second, ...others] = await burst(originOf(server), 6);
    const perhaps = { failure: 'GoAway', unprocessed: false };
    expect([first, second]).toEqual([perhaps, perhaps]);
    expect(others).toEqual(all(4));
    expect(server.sessions).toHaveLength(2);
  });

  it.each([
    [constants.NGHTTP2_NO_ERROR, '{"reason":"Shutdown"}', 'GoAway.Shutdown'],
    [constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too_many_pings', 'GoAway'],
    [constants.NGHTTP2_INTERNAL_ERROR, '', 'GoAway'],
  ])('with code %i and hangs up without an answer has perhaps processed it', async (code, debug, failure) => {
    const server = await serverThat(({ session, stream, connection }) => {
      if (connection > 1) return answer(stream, 200);
      session.goaway(code, stream.id, Buffer.from(debug));
      setImmediate(() => session.destroy());
    });
    const origin = originOf(server);
    expect(await post(origin)).toEqual({ failure, unprocessed: false });
    expect(server.visits).toHaveLength(1);
    expect(await post(origin)).toEqual(accepted);
  });

  it('as its greeting is asked three times and then no more', async () => {
    const server = await serverThat();
    server.greet = (session) => session.goaway(0, 0, Buffer.from('{"reason":"BadCertificateEnvironment"}'));
    expect(await post(originOf(server))).toEqual({
      failure: 'GoAway.BadCertificateEnvironment',
      unprocessed: true,
    });
    expect(server.visits).toHaveLength(0);
    expect(server.sessions).toHaveLength(3);
  });
});

describe('a server that refuses streams', () => {
  it('gets them again on a new connection', async () => {
    const server = await serverThat(({ stream, connection }) => {
      if (connection === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answer(stream, 200);
    });
    expect(await burst(originOf(server), 20)).toEqual(all(20));
    expect(server.sessions).toHaveLength(2);
  });

  it('for ever gets them three times', async () => {
    const server = await serverThat(({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    expect(await post(originOf(server))).toEqual({ failure: 'Reset.7', unprocessed: true });
    expect(server.visits).toHaveLength(3);
  });
});

describe('a server that breaks off', () => {
  it.each<[string, (visit: Visit) => void, string]>([
    ['destroys the session', ({ session }) => session.destroy(), 'GoAway'],
    ['closes the socket', ({ socket }) => socket.destroy(), 'ConnectionLost'],
    ['resets TCP', ({ socket }) => socket.resetAndDestroy(), 'Connection.ECONNRESET'],
    ['resets the stream', ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 'Reset.2'],
    ['cancels the stream', ({ stream }) => stream.close(constants.NGHTTP2_CANCEL), 'Reset.8'],
    [
      'dies in the middle of a refusal',
      ({ stream, socket }) => {
        stream.respond({ ':status': 410 });
        stream.write('{"reason":"Unreg', () => socket.destroy());
      },
      'ConnectionLost',
    ],
  ])('and %s has perhaps processed the request, which is left to the caller', async (_what, act, failure) => {
    const server = await serverThat((visit) => (visit.number === 1 ? act(visit) : answer(visit.stream, 200)));
    const origin = originOf(server);
    expect(await post(origin)).toEqual({ failure, unprocessed: false });
    expect(server.visits).toHaveLength(1);
    expect(await post(origin)).toEqual(accepted);
  });

  it('after its 200 has accepted all the same', async () => {
    const server = await serverThat(({ stream, session }) => {
      stream.respond({ ':status': 200 });
      stream.write('{"name":"pro', () => session.destroy());
    });
    expect(await post(originOf(server))).toMatchObject({ status: 200 });
  });

  it('while idle is not noticed by anybody', async () => {
    const server = await serverThat();
    const origin = originOf(server);
    await post(origin);
    server.sockets[0]?.destroy();
    const reply = await post(origin);
    // The news of the end may be under way still: then this one was lost, and no other will be.
    if ('failure' in reply) expect(await post(origin)).toEqual(accepted);
    else expect(reply).toEqual(accepted);
  });
});
