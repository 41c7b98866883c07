import { namesOf, read } from './support/settings.js';

describe('a whole number', () => {
  const names = [
    ...['PORT', 'RING_TIMEOUT_MS', 'RING_ACK_TIMEOUT_MS', 'CALL_MAX_DURATION_MS', 'TURN_TTL_S'],
    ...['RATE_LIMIT_CALLS_PER_MINUTE', 'RATE_LIMIT_EVENTS_PER_SECOND', 'RATE_LIMIT_REQUESTS_PER_ADDRESS'],
    'RINGWAY_RETENTION_DAYS',
  ];

  it.each(names)(
    'is written in decimal digits in %s, whatever else JavaScript takes for a number',
    (name) => {
      // All of them in range for every name.
      const odd = [
        '0x1770',
        '6e3',
        '0b1011101110000',
        '0o13560',
        '+6000',
        '6000.0',
        '6_000',
        '6,000',
        '\u0666000',
      ];
      for (const value of odd) expect(namesOf({ NODE_ENV: 'test', [name]: value })).toEqual([name]);
      expect(namesOf({ NODE_ENV: 'test', [name]: '6000' })).toEqual([]);
    },
  );

  it('may have zeros in front, and then is no octal one', () =>
    expect(read({ PORT: '08080' }).port).toBe(8_080));
});
