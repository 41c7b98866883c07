import { z } from 'zod';
import { type Code, CODES } from '../errors/api-error.js';
import type { ClientEvent } from './commands.js';
import { callViewSchema } from './response-schemas.js';

const by = z.object({ userId: z.string(), deviceId: z.string() });
const time = z.iso.datetime();
const signal = z.object({ callId: z.guid(), seq: z.int(), from: by, signal: z.unknown() });
const sync = z.object({ serverTime: time, calls: z.array(callViewSchema), signals: z.array(signal) });
const changed = z.object({ call: callViewSchema, by: by.optional() });

/** What an app hears: every event with the shape of its payload. */
export const MESSAGES = {
  'call:incoming': {
    summary: 'Somebody calls; acknowledge it, that proves the socket to be alive',
    payload: z.object({ call: callViewSchema, serverTime: time }),
  },
  'call:ringing': { summary: 'A device of the callee shows the call', payload: changed },
  'call:answered': { summary: 'The callee picked up', payload: changed },
  'call:declined': { summary: 'The callee declined, or was busy', payload: changed },
  'call:cancelled': { summary: 'The caller gave up', payload: changed },
  'call:missed': { summary: 'Nobody answered in time', payload: changed },
  'call:ended': { summary: 'Somebody hung up', payload: changed },
  'call:failed': { summary: 'The callee could not be reached', payload: changed },
  'call:handled-elsewhere': {
    summary: 'Another device of this user answered or declined',
    payload: z.object({
      call: callViewSchema,
      how: z.enum(['answered', 'declined']),
      by: by.extend({ deviceName: z.string().optional() }),
    }),
  },
  'call:progress': {
    summary: 'How far the call has come on its way to the callee',
    payload: z.object({
      callId: z.guid(),
      step: z.enum(['socket-delivered', 'push-sent', 'push-accepted', 'push-failed', 'unreachable']),
      platform: z.enum(['ios', 'android', 'web']).optional(),
    }),
  },
  'call:signal': {
    summary: 'An offer, answer or candidate of the other device; acknowledge it',
    payload: signal,
  },
  'call:media': {
    summary: 'What the other side has muted or put on hold',
    payload: z.object({
      callId: z.guid(),
      from: by,
      audio: z.boolean(),
      video: z.boolean(),
      held: z.boolean(),
    }),
  },
  sync: { summary: 'The state of all calls of the user; sent on every connect', payload: sync },
  'session:replaced': { summary: 'A newer connection of this device took over', payload: z.object({}) },
  'session:expired': { summary: 'The token has ended; connect again with a new one', payload: z.object({}) },
  'server:draining': {
    summary: 'This node stops; connect again after the pause',
    payload: z.object({ reconnectInMs: z.int() }),
  },
} satisfies Record<string, { summary: string; payload: z.ZodType }>;

export const SUMMARIES: Record<ClientEvent, string> = {
  'call:initiate': 'Start a call',
  'call:ringing': 'This device shows the call',
  'call:answer': 'Pick up on this device',
  'call:decline': 'Decline the call',
  'call:cancel': 'Give up before the answer',
  'call:end': 'Hang up',
  'call:signal': 'Pass an offer, answer or candidate to the other device',
  'call:media': 'Tell the other side what is muted or held',
  'device:state': 'The app went to the foreground or background',
  sync: 'Ask for the state of all calls',
  'session:refresh': 'Replace the token before it ends',
};

const ofCall = z.object({ call: callViewSchema });

/** What is answered when all is well, beside `ok: true`. */
export const ANSWERS = {
  'call:initiate': ofCall.extend({
    merged: z.literal(true).optional().describe('the callee was calling already: that call was answered'),
  }),
  'call:ringing': ofCall,
  'call:answer': ofCall,
  'call:decline': ofCall,
  'call:cancel': z.object({ call: callViewSchema.nullable().describe('null: no such call (yet)') }),
  'call:end': ofCall,
  'call:signal': z.object({ seq: z.int() }),
  'call:media': ofCall,
  'device:state': z.object({}),
  sync,
  'session:refresh': z.object({ expiresAt: time }),
} satisfies Record<ClientEvent, z.ZodObject>;

/** What is answered when the gateway says no. */
export const refusal = z.object({
  code: z.enum(Object.keys(CODES) as [Code, ...Code[]]),
  message: z.string(),
  retryable: z.boolean().describe('the same message may succeed later'),
  details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  retryAfterMs: z.number().optional(),
});
