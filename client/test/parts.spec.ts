import { addressOf } from '../src/address.js';
import { Commands } from '../src/commands.js';
import { Connection } from '../src/connection.js';
import { RingwayHttp } from '../src/http.js';
import { SeenSignals } from '../src/seen-signals.js';
import { backoff } from '../src/retry.js';
import { refreshAfter } from '../src/session-refresh.js';
import { Tokens, claimsOf } from '../src/tokens.js';
import { uuidV7 } from '../src/uuid.js';

const jwt = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

describe('the pause before another attempt', () => {
  const growth = { firstMs: 300, mostMs: 15_000 };
  it('grows exponentially up to its limit', () => {
    const longest = [0, 1, 2, 5, 6, 1_000].map((attempt) => backoff(attempt, growth, () => 1));
    expect(longest).toEqual([300, 600, 1_200, 9_600, 15_000, 15_000]);
  });
  it('is anywhere below that, so that not all come back at once', () => {
    expect([0, 0.25, 0.5].map((chance) => backoff(1, growth, () => chance))).toEqual([0, 150, 300]);
  });
});

describe('a UUID of version 7', () => {
  it('begins with the time, and is marked as what it is', () => {
    // The example of RFC 9562, appendix A.6.
    const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f);
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });
  it('sorts by time, and is new each time', () => {
    const ids = [1, 2, 3].map((ms) => uuidV7(1_700_000_000_000 + ms));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(Array.from({ length: 100 }, () => uuidV7(7))).size).toBe(100);
  });
});

describe('a token', () => {
  it('says whose it is and when it ends, in any script', () => {
    expect(claimsOf(jwt({ sub: 'zoë-李', exp: 1_700_000_000 }))).toEqual({
      userId: 'zoë-李',
      expiresAt: 1_700_000_000_000,
    });
  });
  it.each(['', 'opaque', 'a.b.c', jwt([])])('that is no JWT (%s) says nothing', (token) => {
    expect(claimsOf(token)).toEqual({ userId: null, expiresAt: null });
  });
  it('is fetched once for all who need it, and anew when it is no good', async () => {
    let fetched = 0;
    const tokens = new Tokens(async () => `token ${++fetched}`);
    expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['token 1', 'token 1']);
    tokens.drop();
    expect(await tokens.get()).toBe('token 2');
  });
  it('that cannot be fetched is asked for again', async () => {
    let asked = 0;
    const tokens = new Tokens(() =>
      ++asked === 1 ? Promise.reject(new Error('no')) : Promise.resolve('yes'),
    );
    await expect(tokens.get()).rejects.toMatchObject({ code: 'NO_TOKEN', retryable: true });
    expect(await tokens.get()).toBe('yes');
  });
  it('that never comes is not waited for, and asked for again', async () => {
    let asked = 0;
    const tokens = new Tokens(() => (++asked === 1 ? new Promise(() => {}) : Promise.resolve('yes')), 20);
    await expect(tokens.get()).rejects.toMatchObject({ code: 'NO_TOKEN', retryable: true });
    expect(await tokens.get()).toBe('yes');
  });
  it.each([undefined, '', 7])('is no %j', async (nothing) => {
    const tokens = new Tokens(async () => nothing as string);
    await expect(tokens.get()).rejects.toMatchObject({ code: 'NO_TOKEN' });
  });
  it('that never comes ends an attempt to connect, and a request', async () => {
    const tokens = new Tokens(() => new Promise(() => {}), 50);
    const address = addressOf('http://127.0.0.1:9');
    const connection = new Connection({ address, deviceId: 'phone', appState: 'foreground', tokens });
    const offline = new Promise((resolve) => connection.on('status', (s) => s === 'offline' && resolve(s)));
    connection.open();
    await offline;
    expect(connection.error).toMatchObject({ code: 'NO_TOKEN' });
    const command = new Commands(connection, 100).say('sync', {});
    await expect(command).rejects.toMatchObject({ code: 'TIMEOUT', cause: { code: 'NO_TOKEN' } });
    connection.close();
    const http = new RingwayHttp(address.http, new Tokens(() => new Promise(() => {}), 300), 100);
    await expect(http.devices()).rejects.toMatchObject({ code: 'NO_TOKEN' });
  });
  it('of somebody else is noticed; a late or a useless one is not', async () => {
    const bad = 'no JWT';
    let give: (token: string) => void = () => undefined;
    const tokens = new Tokens(() => new Promise((resolve) => (give = resolve)));
    const users: (string | null)[] = [];
    tokens.onOtherUser(() => users.push(tokens.claims.userId));
    const next = async (token: string): Promise<void> => {
      tokens.drop();
      const got = tokens.get();
      await Promise.resolve();
      give(token);
      await got;
    };
    await next(jwt({ sub: 'alice' }));
    await next(jwt({ sub: 'alice' }));
    await next(bad);
    await next(jwt({ sub: 'bob' }));
    expect(users).toEqual(['bob']);
    tokens.drop();
    const [slow, giveSlow] = [tokens.get(), await Promise.resolve().then(() => give)];
    await next(jwt({ sub: 'bob' }));
    giveSlow(jwt({ sub: 'alice' }));
    await slow;
    expect(tokens.claims.userId).toBe('bob');
  });
  it('is refreshed in the last minute of a long life and the last quarter of a short one', () => {
    expect([3_600_000, 100_000, 2_000, 100, -5_000].map(refreshAfter)).toEqual([
      3_540_000, 75_000, 1_500, 1_000, 1_000,
    ]);
  });
});

describe('signals', () => {
  const from = { userId: 'bob', deviceId: 'phone' };
  it('count once per sender, however often they come', () => {
    const seen = new SeenSignals();
    const news = [1, 2, 2, 1, 3].map((seq) => seen.isNew({ from, seq }));
    expect(news).toEqual([true, true, false, false, true]);
    expect(seen.isNew({ from: { ...from, deviceId: 'tablet' }, seq: 1 })).toBe(true);
  });
});
