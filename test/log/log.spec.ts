import { Log } from '../../src/log/log.js';

/** A log whose lines are kept, and whose time the test owns. */
class KeptLog extends Log {
  readonly lines: Record<string, unknown>[] = [];
  override warn(message: string, facts: object = {}): void {
    this.lines.push({ message, ...facts });
  }
}

describe('a complaint of thousands at once', () => {
  it('is one line in ten seconds, which says how many were left out', () => {
    let now = 0;
    const log = new KeptLog('silent', () => now);
    for (let nr = 0; nr < 1_000; nr++) log.warnRarely('PostgreSQL is away', { deviceId: `phone ${nr}` });
    log.warnRarely('Redis is away');
    now = 10_000;
    log.warnRarely('PostgreSQL is away', { deviceId: 'the last phone' });
    expect(log.lines).toEqual([
      { message: 'PostgreSQL is away', deviceId: 'phone 0', unsaid: 0 },
      { message: 'Redis is away', unsaid: 0 },
      { message: 'PostgreSQL is away', deviceId: 'the last phone', unsaid: 999 },
    ]);
  });
});
