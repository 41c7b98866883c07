import { allowsHost } from '../../src/net/origins.js';
import { read } from '../support/settings.js';

const answers = (host: string | undefined, env: Record<string, string> = {}): boolean =>
  allowsHost(read({ DEMO: '1', ...env }), host);

describe('a demo that listens on this machine alone', () => {
  it.each([
    ...['localhost', 'localhost:3000', 'LOCALHOST:3000', 'ringway.localhost:3000', '127.0.0.1:3000'],
    ...['127.0.0.2', '127.1:3000', '[::1]:3000'],
  ])('answers at %s', (host) => {
    for (const HOST of ['127.0.0.1', 'localhost', '::1', '127.0.0.2'])
      expect(answers(host, { HOST })).toBe(true);
  });

  it.each([
    ...[
      'evil.example',
      'evil.example:3000',
      'localhost.evil.example',
      'evillocalhost',
      '127.0.0.1.evil.example',
    ],
    ...['192.168.0.7:3000', '[2001:db8::1]', '', 'no host', undefined],
  ])('does not answer at %s', (host) => {
    for (const HOST of ['127.0.0.1', 'localhost', '::1', '127.0.0.2'])
      expect(answers(host, { HOST })).toBe(false);
  });

  it('answers at the host of PUBLIC_URL as well, on whatever port', () => {
    const env = { PUBLIC_URL: 'https://Demo.example.com/' };
    expect(answers('demo.example.com', env)).toBe(true);
    expect(answers('demo.example.com:8443', env)).toBe(true);
    expect(answers('evil.example', env)).toBe(false);
    expect(answers('localhost:3000', env)).toBe(true);
  });
});

it.each([{ HOST: '0.0.0.0' }, { HOST: '::' }, { HOST: '192.168.0.7' }])(
  'A demo that others may reach, as with %j, answers at every host',
  (env) => expect(answers('demo.example.com', env)).toBe(true),
);

it('A gateway that is no demo answers at every host', () => {
  const env = { DEMO: '0', HOST: '127.0.0.1', AUTH_SECRET: 'a secret of the app that is long enough' };
  expect(answers('calls.example.com', env)).toBe(true);
});
