import { allowsOrigin } from '../../src/net/origins.js';

const allows = (origin: string, publicUrl: string | null = null): boolean =>
  allowsOrigin({ corsOrigins: [], publicUrl }, origin, 'calls.example.com');

describe('a page of the gateway’s own host', () => {
  it('may talk to it, with and without TLS, where nobody has said how it is reached', () => {
    expect(allows('https://calls.example.com')).toBe(true);
    expect(allows('http://calls.example.com')).toBe(true);
  });

  it('may not when it came without TLS and the gateway is reached with it', () => {
    expect(allows('http://calls.example.com', 'https://calls.example.com')).toBe(false);
    expect(allows('https://calls.example.com', 'https://calls.example.com')).toBe(true);
  });

  it('may without TLS where another host is the public one, as on the machine itself', () =>
    expect(allows('http://calls.example.com', 'https://elsewhere.example.com')).toBe(true));

  it('on another port is another one', () =>
    expect(allows('https://calls.example.com:8443', 'https://calls.example.com')).toBe(false));
});
