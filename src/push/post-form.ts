import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { SecureContext } from 'node:tls';
import { codeOf } from './h2-exchange.js';

export interface FormReply {
  status: number;
  retryAfter: string | undefined;
  body: string;
}

const BODY_LIMIT = 16_384;

/**
 * One POST of a form over HTTP/1.1, on a connection of its own (it happens once an hour). Settles within `ms`, follows
 * no redirects, reads 16 kB at most. A failure is one word: `Timeout`, `ECONNREFUSED`, `Error`.
 */
export function postForm(
  url: string,
  form: Record<string, string>,
  tls: { secureContext?: SecureContext },
  ms: number,
): Promise<FormReply | { failure: string }> {
  return new Promise((resolve) => {
    const body = new URLSearchParams(form).toString();
    const send = new URL(url).protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(url, {
      ...tls,
      agent: false,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      },
    });
    const timer = setTimeout(() => {
      resolve({ failure: 'Timeout' });
      request.destroy();
    }, ms);
    request.on('error', (error) => resolve({ failure: codeOf(error) }));
    request.on('close', () => {
      clearTimeout(timer);
      resolve({ failure: 'ConnectionLost' });
    });
    request.on('response', (response) => {
      let text = '';
      const answer = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: text,
        });
      response.setEncoding('utf8');
      response.on('error', (error) => resolve({ failure: codeOf(error) }));
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length <= BODY_LIMIT) return;
        answer();
        request.destroy();
      });
      response.on('end', answer);
    });
    request.end(body);
  });
}
