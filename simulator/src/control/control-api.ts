import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ZodError } from 'zod';
import type { Simulation } from '../simulation/simulation.js';
import { controlRoutes, type Route } from './control-routes.js';

const maxBody = 262_144;

/**
 * The simulator by HTTP, for scripts and phones in other processes: JSON in, JSON out, loopback only. `GET /` lists what
 * there is. A web page must not reach it, so a foreign Host header and a body that is not JSON are refused.
 */
export class ControlApi {
  port = 0;
  private readonly server: Server;
  private routes: Route[] = [];

  constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async open(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  serve(simulation: Simulation): void {
    this.routes = controlRoutes(simulation);
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    try {
      const { status, body } = await this.handle(request);
      send(response, status, body);
    } catch (error) {
      const message =
        error instanceof ZodError ? describe(error) : error instanceof Error ? error.message : 'failed';
      send(response, 400, { error: message });
    }
  }

  private async handle(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(request.headers.host ?? '')) {
      return { status: 403, body: { error: 'The control API answers on the loopback interface only' } };
    }
    const url = new URL(request.url ?? '/', 'http://control');
    const method = request.method ?? 'GET';
    if (method === 'GET' && url.pathname === '/') return { status: 200, body: this.routes.map(summary) };
    for (const route of this.routes) {
      const match = route.method === method ? route.pattern.exec(url.pathname) : null;
      if (match === null) continue;
      const body = method === 'GET' || method === 'DELETE' ? {} : await readJson(request);
      const answer = await route.run({
        params: match.slice(1).map(decodeURIComponent),
        query: url.searchParams,
        body,
      });
      return { status: answer === undefined ? 204 : 200, body: answer };
    }
    return {
      status: 404,
      body: { error: `Nothing at ${method} ${url.pathname}; GET / lists what there is` },
    };
  }
}

function summary({ method, path, what }: Route): { request: string; what: string } {
  return { request: `${method} ${path}`, what };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBody) throw new Error('The body is too large');
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Error('The body must be application/json');
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function describe(error: ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  const text = body === undefined ? '' : `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(text);
}
