import { z } from 'zod';
import { callId, callPayload, declinePayload, initiatePayload } from './payloads.js';
import { Failure } from '../errors/api-error.js';

export const MAX_SIGNAL_BYTES = 65_536;

/** A signal is relayed as it came, so it is kept as text: parsed it would take up to thirty times the memory. */
const signal = z
  .unknown()
  .refine((value) => value !== undefined, 'is missing')
  .transform(signalText);

const signalPayload = z.object({ callId, signal }, 'must be an object');

const mediaPayload = z.object(
  {
    callId,
    audio: z.boolean('must be true or false'),
    video: z.boolean('must be true or false'),
    held: z.boolean('must be true or false').optional(),
  },
  'must be an object',
);

export const appState = z.enum(['foreground', 'background'], 'must be foreground or background');

/** What an app may say: every event with the shape of its payload. One table for the dispatcher and the documentation. */
export const PAYLOADS = {
  'call:initiate': initiatePayload,
  'call:ringing': callPayload,
  'call:answer': callPayload,
  'call:decline': declinePayload,
  'call:cancel': callPayload,
  'call:end': callPayload,
  'call:signal': signalPayload,
  'call:media': mediaPayload,
  'device:state': z.object({ state: appState }, 'must be an object'),
  sync: z.object({}, 'must be an object').optional(),
  'session:refresh': z.object({ token: z.string('must be a token') }, 'must be an object'),
} as const;

export type ClientEvent = keyof typeof PAYLOADS;
export type PayloadOf<E extends ClientEvent> = z.output<(typeof PAYLOADS)[E]>;

export const isClientEvent = (event: string): event is ClientEvent => Object.hasOwn(PAYLOADS, event);

/** @returns JSON. @throws Failure `TOO_LARGE` for a signal of more than 65,536 bytes */
function signalText(signal: unknown): string {
  if (signal === undefined) return ''; // refused as missing
  const text = JSON.stringify(signal);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_SIGNAL_BYTES) return text;
  const message = `The signal is ${bytes} bytes of JSON; at most ${MAX_SIGNAL_BYTES} are relayed.`;
  throw new Failure('TOO_LARGE', message);
}
