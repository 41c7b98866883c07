import { addressOf } from '../src/address.js';
import { RingwayClient } from '../src/index.js';

describe('the address of a gateway', () => {
  it.each([
    ['https://calls.example.com', 'https://calls.example.com', 'https://calls.example.com', '/socket.io'],
    ['http://localhost:3000/', 'http://localhost:3000', 'http://localhost:3000', '/socket.io'],
    [
      'https://a.example/calls/v2//',
      'https://a.example/calls/v2',
      'https://a.example',
      '/calls/v2/socket.io',
    ],
    ['HTTPS://[::1]:8443/calls', 'HTTPS://[::1]:8443/calls', 'HTTPS://[::1]:8443', '/calls/socket.io'],
  ])('%s serves HTTP and sockets below it', (url, http, origin, socketPath) => {
    expect(addressOf(url)).toEqual({ http, origin, socketPath });
  });
  it.each([
    '',
    '/calls',
    'calls.example.com',
    'wss://calls.example.com',
    'https://a.example/?x=1',
    'https://',
  ])('is not "%s", and the constructor says so', (url) => {
    const construct = (): unknown => new RingwayClient({ url, token: 'token', deviceId: 'phone' });
    expect(construct).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringContaining('url') }),
    );
  });
});
