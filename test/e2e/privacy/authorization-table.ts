import type { ClientEvent } from '../../../src/protocol/commands.js';

/** Who may ask, in the same order for HTTP and for sockets. The call is Alice's, to Bob. */
export const SPEAKERS = {
  nobody: 'without a token',
  garbage: 'with a token that is none',
  expired: 'Bob, with a token that has expired',
  stranger: 'Mallory, who has no part in the call',
  callee: 'Bob, on the phone that rings',
  otherDevice: "Bob's tablet, after his phone has answered",
  action: "the call's action token",
  actionElsewhere: 'the action token of another call',
  actionExpired: "the call's action token, expired",
  erased: 'Carol, who was erased during a call of her own, about that call',
  operator: 'an operator, who has no part in the call',
} as const;
export type Speaker = keyof typeof SPEAKERS;

/** `ok`, or the code of the refusal. */
export type Row = Readonly<Record<Speaker, string>>;

const everybody = (answer: string): Row =>
  Object.fromEntries(Object.keys(SPEAKERS).map((speaker) => [speaker, answer])) as Row;

/** No token at all is looked at. */
const OPEN = everybody('ok');
/** Any user, about themselves; a token for one call does not sign anybody in. */
const USER: Row = {
  ...everybody('ok'),
  ...{ nobody: 'UNAUTHENTICATED', garbage: 'UNAUTHENTICATED', expired: 'TOKEN_EXPIRED' },
  ...{ action: 'NOT_ALLOWED', actionElsewhere: 'NOT_ALLOWED', actionExpired: 'TOKEN_EXPIRED' },
};
/** The two users of the call. For everybody else it does not exist: 404, never 403. */
const CALL: Row = { ...USER, stranger: 'CALL_NOT_FOUND', operator: 'CALL_NOT_FOUND' };
/** The same, and a phone that was woken for this call. */
const WOKEN: Row = { ...CALL, action: 'ok', actionElsewhere: 'CALL_NOT_FOUND' };
/** Tokens whose scope says so. */
const OPERATOR: Row = {
  ...USER,
  ...{ stranger: 'NOT_ALLOWED', callee: 'NOT_ALLOWED', otherDevice: 'NOT_ALLOWED', erased: 'NOT_ALLOWED' },
};

/** What a callee may not do in this state, whoever they are; the call of the erased is over. */
const late = { otherDevice: 'ANSWERED_ELSEWHERE', erased: 'CALL_ALREADY_ENDED' };

/**
 * What every route answers to whom. A route that is not here fails the test: add it, with the class it belongs to.
 * Operators' routes are `OPERATOR`. Routes that exist in demo mode only (`/v1/dev/…`, `/v1/demo/…`) are `OPEN` or `USER`
 * here, because this gateway runs in demo mode; that they are 404 elsewhere is the second table.
 */
export const ROUTES: Record<string, Row & { query?: string; body?: object }> = {
  'GET /': OPEN,
  'GET /calls': OPEN,
  'GET /calls/{callId}': OPEN, // the console's page; it asks the API with a token of its own
  'GET /overview': OPEN,
  'GET /assets/{name}': everybody('NOT_FOUND'),
  'GET /*path': everybody('NOT_FOUND'),
  'GET /asyncapi.json': OPEN,
  'GET /docs/sockets': OPEN,
  'GET /health/live': OPEN,
  'GET /health/ready': OPEN,
  'GET /metrics': OPEN,

  'POST /v1/dev/tokens': { ...OPEN, body: { userId: 'anybody' } },
  // Nobody gave this gateway virtual phones; where there are some, they are for all who see the console.
  'GET /v1/demo/phones': everybody('NOT_FOUND'),
  'GET /v1/demo/phones/events': everybody('NOT_FOUND'),
  'POST /v1/demo/phones/{id}': { ...everybody('NOT_FOUND'), body: { do: 'answer' } },

  'GET /v1/ice-servers': USER,
  'GET /v1/presence': { ...USER, query: 'userIds=alice' },
  'GET /v1/devices': USER,
  'PUT /v1/devices/{deviceId}': { ...USER, body: { platform: 'web' } },
  'DELETE /v1/devices/{deviceId}': USER,

  'POST /v1/calls': { ...USER, body: { callId: 'new', callee: 'zoe', media: 'voice' } },
  'GET /v1/calls': USER,
  'GET /v1/calls/{callId}': WOKEN,
  'GET /v1/calls/{callId}/events': CALL,
  'GET /v1/calls/{callId}/explain': CALL,
  'POST /v1/calls/{callId}/ringing': { ...WOKEN, ...late },
  'POST /v1/calls/{callId}/answer': { ...WOKEN, ...late },
  'POST /v1/calls/{callId}/decline': { ...WOKEN, ...late, erased: 'ok' },
  // A call that does not exist (yet) may be cancelled, hence nobody learns whether it does.
  'POST /v1/calls/{callId}/cancel': { ...USER, callee: 'NOT_ALLOWED', otherDevice: 'NOT_ALLOWED' },
  'POST /v1/calls/{callId}/end': { ...CALL, callee: 'NOT_ANSWERED' },

  'GET /v1/operator/calls': OPERATOR,
  'GET /v1/operator/calls/{callId}': OPERATOR,
  'GET /v1/operator/calls/{callId}/events': OPERATOR,
  'GET /v1/operator/calls/{callId}/explain': OPERATOR,
  'GET /v1/operator/overview': OPERATOR,

  'DELETE /v1/me': USER, // the last one, because nobody is left after it
};

/** Routes that are not there at all outside of demo mode. */
export const DEMO_ONLY = /^[A-Z]+ \/v1\/(dev|demo)\//;

/** At the handshake already: nothing such a client says is heard. */
const handshake = {
  ...{ nobody: 'UNAUTHENTICATED', garbage: 'UNAUTHENTICATED', expired: 'TOKEN_EXPIRED' },
  ...{ action: 'UNAUTHENTICATED', actionElsewhere: 'UNAUTHENTICATED', actionExpired: 'UNAUTHENTICATED' },
};
const SOCKET: Row = { ...everybody('ok'), ...handshake };
const CALL_EVENT: Row = { ...SOCKET, stranger: 'CALL_NOT_FOUND', operator: 'CALL_NOT_FOUND' };

/** What every event of the wire table answers to whom. An event that is not here does not compile. */
export const EVENTS: Record<ClientEvent, Row> = {
  'call:initiate': SOCKET,
  'call:ringing': { ...CALL_EVENT, ...late },
  'call:answer': { ...CALL_EVENT, ...late },
  'call:decline': { ...CALL_EVENT, ...late, erased: 'ok' },
  'call:cancel': { ...SOCKET, callee: 'NOT_ALLOWED', otherDevice: 'NOT_ALLOWED' },
  'call:end': { ...CALL_EVENT, callee: 'NOT_ANSWERED' },
  'call:signal': { ...CALL_EVENT, ...late },
  'call:media': { ...CALL_EVENT, ...late, callee: 'NOT_ANSWERED' },
  'device:state': SOCKET,
  sync: SOCKET,
  'session:refresh': SOCKET,
};
