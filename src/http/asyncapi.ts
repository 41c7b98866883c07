import { z } from 'zod';
import { type ClientEvent, PAYLOADS } from '../sockets/wire.js';
import { callViewSchema } from './answers.js';

const by = z.object({ userId: z.string(), deviceId: z.string() });
const time = z.iso.datetime();
const signal = z.object({ callId: z.uuid(), seq: z.int(), from: by, signal: z.unknown() });
const sync = z.object({ serverTime: time, calls: z.array(callViewSchema), signals: z.array(signal) });
const changed = z.object({ call: callViewSchema, by: by.optional() });

/** What an app hears: every event with the shape of its payload. */
const MESSAGES: Record<string, { summary: string; payload: z.ZodType }> = {
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
      callId: z.uuid(),
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
      callId: z.uuid(),
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
};

const SUMMARIES: Record<ClientEvent, string> = {
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

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

const idOf = (event: string): string => event.replace(':', '-');

/** AsyncAPI 3 of the socket, made from the table the dispatcher checks messages with. */
export function asyncApi(): object {
  const said = Object.entries(PAYLOADS).map(([event, payload]) => ({
    ...{ event, id: `say-${idOf(event)}`, summary: SUMMARIES[event as ClientEvent] },
    payload: schemaOf(payload, 'input'),
  }));
  const heard = Object.entries(MESSAGES).map(([event, { summary, payload }]) => ({
    ...{ event, id: `hear-${idOf(event)}`, summary, payload: schemaOf(payload, 'output') },
  }));
  const messages = Object.fromEntries(
    [...said, ...heard].map(({ id, event, summary, payload }) => [
      id,
      { name: event, title: event, summary, payload },
    ]),
  );
  const operation = (action: 'send' | 'receive', list: { id: string }[]): object => ({
    ...{ action, channel: { $ref: '#/channels/socket' } },
    messages: list.map(({ id }) => ({ $ref: `#/channels/socket/messages/${id}` })),
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Ringway socket',
      version: '1',
      description:
        'Socket.IO 4 (Engine.IO 4), WebSocket transport, namespace /. Handshake auth: {token, deviceId, appState?}. ' +
        'Every message said is acknowledged once: {ok: true, …} or {ok: false, error: {code, message, retryable, …}}.',
    },
    channels: {
      socket: {
        address: '/',
        messages: Object.fromEntries(
          Object.keys(messages).map((id) => [id, { $ref: `#/components/messages/${id}` }]),
        ),
      },
    },
    operations: { hear: operation('send', heard), say: operation('receive', said) },
    components: { messages },
  };
}
