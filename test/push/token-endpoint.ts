import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportPKCS8, generateKeyPair } from 'jose';
import { certificates } from './hostile-server.js';

const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
export const serviceAccountKey = { privateKey: await exportPKCS8(privateKey), publicKey };

/** Google's token endpoint as far as its answers go; a test decides them. Counts what it grants: token-1, token-2, … */
export class TokenEndpoint {
  readonly forms: URLSearchParams[] = [];
  readonly contentTypes: (string | undefined)[] = [];
  act: (response: ServerResponse) => void = (response) => this.grant(response);
  private readonly server: Server;
  private readonly scheme: string;

  private constructor(scheme: 'http' | 'https', certificate: { key: string; cert: string }) {
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      void this.visit(request, response);
    this.scheme = scheme;
    this.server = scheme === 'http' ? createHttpServer(listener) : createHttpsServer(certificate, listener);
  }

  static async start(scheme: 'http' | 'https' = 'https', certificate = certificates): Promise<TokenEndpoint> {
    const { key, cert } = certificate;
    const endpoint = new TokenEndpoint(scheme, { key, cert });
    endpoint.server.listen(0, '127.0.0.1');
    await once(endpoint.server, 'listening');
    return endpoint;
  }

  get uri(): string {
    return `${this.scheme}://localhost:${(this.server.address() as AddressInfo).port}/token`;
  }

  grant(response: ServerResponse, expires_in: unknown = 3600): void {
    this.answer(response, 200, {
      access_token: `token-${this.forms.length}`,
      expires_in,
      token_type: 'Bearer',
    });
  }

  answer(
    response: ServerResponse,
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
  ): void {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async visit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    request.setEncoding('utf8');
    for await (const chunk of request as AsyncIterable<string>) body += chunk;
    this.forms.push(new URLSearchParams(body));
    this.contentTypes.push(request.headers['content-type']);
    this.act(response);
  }
}
