import { z } from 'zod';
import { type ClientEvent, PAYLOADS } from './commands.js';
import { ANSWERS, MESSAGES, SUMMARIES, refusal } from './messages.js';

export interface AsyncApiMessage {
  name: string;
  title: string;
  summary: string;
  payload: JsonSchema;
}
export type JsonSchema = Record<string, unknown>;
interface Reference {
  $ref: string;
}
interface Operation {
  action: 'send' | 'receive';
  summary: string;
  channel: Reference;
  messages: Reference[];
  reply?: { channel: Reference; messages: Reference[] };
}
export interface AsyncApi {
  asyncapi: string;
  info: { title: string; version: string; description: string };
  channels: { socket: { address: string; messages: Record<string, Reference> } };
  operations: Record<string, Operation>;
  components: { messages: Record<string, AsyncApiMessage> };
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

const idOf = (event: string): string => event.replace(':', '-');
const channel = { $ref: '#/channels/socket' };
const inChannel = (id: string): Reference => ({ $ref: `#/channels/socket/messages/${id}` });

/** AsyncAPI 3 of the socket, seen from the gateway, made from the table the dispatcher checks messages with. */
export function asyncApi(): AsyncApi {
  const messages: Record<string, AsyncApiMessage> = {};
  const operations: Record<string, Operation> = {};
  const refused = z.object({ ok: z.literal(false), error: refusal });
  const add = (id: string, name: string, summary: string, payload: JsonSchema): Reference => {
    messages[id] = { name, title: name, summary, payload };
    return inChannel(id);
  };
  const no = add(
    'refused',
    'refused',
    'The answer to anything the gateway refuses',
    schemaOf(refused, 'output'),
  );
  for (const [name, payload] of Object.entries(PAYLOADS)) {
    const event = name as ClientEvent;
    const summary = SUMMARIES[event];
    const said = add(`say-${idOf(event)}`, event, summary, schemaOf(payload, 'input'));
    const good = z.object({ ok: z.literal(true) }).extend(ANSWERS[event].shape);
    const yes = add(`answer-${idOf(event)}`, event, `The answer to ${event}`, schemaOf(good, 'output'));
    operations[`say-${idOf(event)}`] = {
      ...{ action: 'receive', summary, channel, messages: [said] },
      reply: { channel, messages: [yes, no] },
    };
  }
  for (const [event, { summary, payload }] of Object.entries(MESSAGES)) {
    const heard = add(`hear-${idOf(event)}`, event, summary, schemaOf(payload, 'output'));
    operations[`hear-${idOf(event)}`] = { action: 'send', summary, channel, messages: [heard] };
  }
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
    operations,
    components: { messages },
  };
}
