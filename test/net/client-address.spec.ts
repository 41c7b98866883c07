import type { IncomingMessage } from 'node:http';
import { clientAddress } from '../../src/net/client-address.js';
import { namesOf, read } from '../support/settings.js';

const of = (peer: string, forwarded?: string, trusted = '10.0.0.0/8, ::1'): string =>
  clientAddress(
    {
      socket: { remoteAddress: peer },
      headers: { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage,
    read({ TRUSTED_PROXIES: trusted }).trustedProxies,
  );

describe('the address of a client', () => {
  it('is that of the direct peer, whatever it says', () => {
    expect(of('203.0.113.7', '198.51.100.1')).toBe('203.0.113.7');
    expect(of('10.1.2.3', '198.51.100.1', '')).toBe('10.1.2.3');
  });

  it('is what a trusted proxy says, through any number of them', () => {
    expect(of('10.1.2.3', '198.51.100.1')).toBe('198.51.100.1');
    expect(of('::ffff:10.1.2.3', '198.51.100.1, 10.9.9.9')).toBe('198.51.100.1');
  });

  it('is the last one a proxy wrote: what the client made up stands before it', () => {
    expect(of('10.1.2.3', '192.0.2.1, 198.51.100.1')).toBe('198.51.100.1');
  });

  it('is that of the proxy when it says nothing, or nonsense', () => {
    expect(of('10.1.2.3')).toBe('10.1.2.3');
    expect(of('10.1.2.3', '<script>')).toBe('10.1.2.3');
  });

  it('is a whole network of IPv6, and IPv4 in its clothes is IPv4', () => {
    expect(of('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
    expect(of('2001:db8::6')).toBe('2001:db8:0:0');
    expect(of('::ffff:203.0.113.7')).toBe('203.0.113.7');
  });
});

it('TRUSTED_PROXIES takes addresses and networks, and names what is neither', () => {
  expect(namesOf({ TRUSTED_PROXIES: '10.0.0.0/8, ::1, 192.0.2.1' })).toEqual([]);
  // A network of no bits is everybody: nobody gets that by leaving them out.
  for (const wrong of [
    'proxy',
    '10.0.0.0/33',
    '10.0.0.0/x',
    '10.0.0.0/0x8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::1/129',
  ])
    expect(namesOf({ TRUSTED_PROXIES: wrong })).toEqual(['TRUSTED_PROXIES']);
});
