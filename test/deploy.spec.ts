import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { allowsOrigin } from '../src/net/origins.js';
import { clientAddress } from '../src/net/client-address.js';
import { read } from './support/settings.js';

const textOf = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** What nginx makes of a request to `http://localhost:8080` from this address (its variables, by their documentation). */
const VARIABLES: Record<string, string> = {
  $host: 'localhost',
  $http_host: 'localhost:8080',
  $remote_addr: '203.0.113.7',
};
const passedOn = (header: string): string => {
  const variable = new RegExp(`proxy_set_header ${header} (\\S+);`).exec(textOf('deploy/nginx.conf'))![1]!;
  return VARIABLES[variable]!;
};

describe('the gateways of docker-compose.yml, behind their proxy', () => {
  it('know the page they serve for one of their own, on the port it is reached at', () => {
    expect(
      allowsOrigin({ corsOrigins: [], publicUrl: null }, 'http://localhost:8080', passedOn('Host')),
    ).toBe(true);
    expect(
      allowsOrigin({ corsOrigins: [], publicUrl: null }, 'http://evil.example:8080', passedOn('Host')),
    ).toBe(false);
  });

  it('keep their metrics inside, however they are spelled', () => {
    const [, refused] = /location ~\* (\S+) \{\n\s+return 404;/.exec(textOf('deploy/nginx.conf'))!;
    for (const path of ['/metrics', '/metrics/', '/Metrics']) expect(path).toMatch(new RegExp(refused!, 'i'));
    expect('/v1/metrics').not.toMatch(new RegExp(refused!, 'i'));
  });

  it('tell the users behind the proxy apart', () => {
    const trusted = /TRUSTED_PROXIES: (.+)/.exec(textOf('docker-compose.yml'))?.[1];
    const { trustedProxies } = read({ TRUSTED_PROXIES: trusted ?? '' });
    const request = {
      socket: { remoteAddress: '172.18.0.5' },
      headers: { 'x-forwarded-for': passedOn('X-Forwarded-For') },
    } as unknown as IncomingMessage;
    expect(clientAddress(request, trustedProxies)).toBe('203.0.113.7');
  });
});
