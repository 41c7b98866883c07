import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { type IncomingMessage, get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestGateway, testGateway } from '../support/gateway.js';

describe('the console as the gateway serves it', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.stop());

  const assets = async (): Promise<string[]> => {
    const { text } = await gateway.http('/');
    return [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  };

  it.each(['/', '/calls', '/calls/0190e000-0000-7000-8000-000000000000', '/overview'])(
    'is one page under %s, for the mode it runs in',
    async (path) => {
      const { status, headers, text } = await gateway.http(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(text).toContain('data-mode="demo"');
    },
  );

  it('is not sent again while it is the same', async () => {
    const { headers } = await gateway.http('/');
    // Not by fetch, which asks for a fresh answer as soon as it is given a condition.
    const request = get(gateway.url, { headers: { 'if-none-match': headers.get('etag')! } });
    const [{ statusCode }] = (await once(request, 'response')) as [IncomingMessage];
    expect(statusCode).toBe(304);
  });

  it('loads nothing from elsewhere, and what it loads is kept for good and compressed', async () => {
    const paths = await assets();
    expect(paths.length).toBeGreaterThanOrEqual(3);
    const { text } = await gateway.http('/');
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    for (const path of paths) {
      const { status, headers } = await gateway.http(path, { headers: { 'accept-encoding': 'br' } });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('content-encoding')).toBe('br');
    }
  });

  it('lets the browser run no script but its own', async () => {
    const policy = (await gateway.http('/')).headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect((await gateway.http('/')).text).not.toMatch(/<script(?![^>]*\ssrc=)/);
  });

  it('weighs less than 200 kB compressed, with every page', () => {
    const folder = new URL('../../web/dist/assets/', import.meta.url);
    const bytes = readdirSync(folder)
      .filter((name) => name.endsWith('.gz'))
      .reduce((sum, name) => sum + statSync(new URL(name, folder)).size, 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(200_000);
  });

  it.each(['/assets/nothing.js', '/assets/..%2Findex.html', '/nowhere', '/v1/demo/phones'])(
    'has nothing under %s here',
    async (path) => {
      const { status, body, headers } = await gateway.http(path);
      expect(status).toBe(404);
      expect(body.code).toBe('NOT_FOUND');
      expect([null, 'no-store']).toContain(headers.get('cache-control'));
    },
  );
});
