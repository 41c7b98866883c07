import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Connection } from './connection.js';
import { type Answer, bodyLimit, type Exchange, headerPairs, headerValue } from './exchange.js';

/** Reads a request from an HTTP/2 stream. A stream beyond the connection's GOAWAY is left without an answer. */
export function receiveHttp2(
  connection: Connection,
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  ready: (exchange: Exchange) => void,
): void {
  const id = stream.id ?? 0;
  stream.on('error', () => undefined);
  if (!connection.accepts(id)) return;
  connection.streamOpened(id);
  stream.on('close', () => connection.streamClosed(id));
  const headers = headerPairs(rawHeaders);
  const answerable = (): boolean => !stream.destroyed && !stream.closed && !stream.headersSent;
  readBody(stream, (body, bodyBytes) =>
    ready({
      connection,
      stream: id,
      method: headerValue(headers, ':method') ?? '',
      path: headerValue(headers, ':path') ?? '',
      headers,
      body,
      bodyBytes,
      respond: ({ status, headers: more, body: text, emptyLastFrame }: Answer) => {
        if (!answerable()) return;
        stream.respond({ ':status': status, ...more }, { endStream: text === undefined });
        if (text === undefined) return;
        if (!emptyLastFrame) stream.end(text);
        else stream.write(text, () => stream.end());
      },
      reset: (code) => {
        if (!stream.destroyed && !stream.closed) stream.close(code);
      },
      done: (then) => stream.once('close', then),
    }),
  );
}

/** Reads a request that came over HTTP/1.1. */
export function receiveHttp1(
  connection: Connection,
  request: IncomingMessage,
  response: ServerResponse,
  ready: (exchange: Exchange) => void,
): void {
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  connection.streamOpened(0);
  response.on('close', () => connection.streamClosed(0));
  const headers = headerPairs(request.rawHeaders);
  readBody(request, (body, bodyBytes) =>
    ready({
      connection,
      stream: 0,
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      body,
      bodyBytes,
      respond: ({ status, headers: more, body: text = '' }: Answer) => {
        if (response.destroyed || response.headersSent) return;
        response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...more }).end(text);
      },
      reset: () => connection.resetTcp(),
      done: (then) => response.once('close', then),
    }),
  );
}

/** Keeps at most `bodyLimit` bytes and counts them all. A request that is cut off before its end is never judged. */
function readBody(
  source: ServerHttp2Stream | IncomingMessage,
  complete: (body: Buffer, bodyBytes: number) => void,
): void {
  const chunks: Buffer[] = [];
  let kept = 0;
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (kept + chunk.length > bodyLimit) return;
    kept += chunk.length;
    chunks.push(chunk);
  });
  source.on('end', () => complete(Buffer.concat(chunks), bytes));
}
