import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Failure } from '../errors/api-error.js';
import { withinHeap } from '../limits/memory-budget.js';

/** Of one body, also when it comes compressed. */
const MAX_BODY_BYTES = 102_400;
/** Of all requests of this node that bring a body and are not answered yet. */
const IN_HAND = { bytes: 64 * 1_048_576, heapParts: 8 };
/** What such a request takes besides its body. */
const REQUEST_BYTES = 8_192;
const LATER_MS = 1_000;

type Next = (error?: unknown) => void;

/**
 * Reads JSON bodies as text. They are parsed by whoever is going to look at them, once it is known that the speaker may
 * ask for that: parsed JSON takes up to thirty times the memory of its text, and bodies arrive before anybody knows whose.
 */
export function readBodies(app: NestExpressApplication): void {
  app.use(limitBodies(withinHeap(IN_HAND.bytes, IN_HAND.heapParts)));
  app.useBodyParser('text', { type: 'application/json', limit: MAX_BODY_BYTES });
}

/**
 * Bounds what all bodies take together. Where there is no room, the request is cut off whose body has been arriving for
 * the longest time; when all have arrived and wait for their answers, the new one is `RATE_LIMITED`.
 */
export function limitBodies(mostBytes: number) {
  /** Oldest first. */
  const inHand = new Map<IncomingMessage, number>();
  let bytes = 0;
  const release = (request: IncomingMessage): void => {
    bytes -= inHand.get(request) ?? 0;
    inHand.delete(request);
  };
  const makeRoom = (): boolean => {
    for (const request of inHand.keys()) {
      if (bytes <= mostBytes) return true;
      if (request.complete) continue;
      release(request);
      request.destroy();
    }
    return bytes <= mostBytes;
  };
  return (request: IncomingMessage, response: ServerResponse, next: Next): void => {
    const size = sizeOf(request.headers);
    if (size === 0) return next();
    bytes += size + REQUEST_BYTES;
    if (!makeRoom()) {
      bytes -= size + REQUEST_BYTES;
      const message = 'Too many requests are not answered yet.';
      return next(new Failure('RATE_LIMITED', message, { retryAfterMs: LATER_MS }));
    }
    inHand.set(request, size + REQUEST_BYTES);
    response.once('close', () => release(request));
    next();
  };
}

/** The most that the body may turn out to be. */
function sizeOf(headers: IncomingMessage['headers']): number {
  const length = Number(headers['content-length'] ?? 0);
  const known = headers['transfer-encoding'] === undefined && headers['content-encoding'] === undefined;
  if (!known) return length === 0 && headers['transfer-encoding'] === undefined ? 0 : MAX_BODY_BYTES;
  return Math.min(length, MAX_BODY_BYTES);
}
