import type { z } from 'zod';
import type { CallView } from '../../src/calls/domain/call-view.js';
import type { Answer } from '../../src/sockets/server/dispatcher.js';
import { type ClientEvent, PAYLOADS } from '../../src/protocol/commands.js';
import type { MediaState } from '../../src/sockets/relay/signal.js';
import type { Code } from '../../src/errors/api-error.js';
import { callRecordSchema, callViewSchema } from '../../src/protocol/response-schemas.js';
import { ANSWERS, MESSAGES } from '../../src/protocol/messages.js';
import type * as wire from '../src/wire.js';

/** Down to the last field, so that neither interfaces nor intersections hide a difference. */
type Plain<T> = T extends unknown[] | object ? { [key in keyof T]: Plain<T[key]> } : T;
type Same<A, B> =
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/** Does not compile unless both are the same. */
const same = <A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void => undefined;

type Said = { [E in ClientEvent]: NonNullable<z.input<(typeof PAYLOADS)[E]>> };
type Heard = { [E in keyof typeof MESSAGES]: z.output<(typeof MESSAGES)[E]['payload']> };
type Answered = { [E in keyof typeof ANSWERS]: z.output<(typeof ANSWERS)[E]> };
type Refusal = Extract<Answer, { ok: false }>['error'];

describe('the types of the SDK', () => {
  it('are those of the gateway, in both directions', () => {
    same<wire.CallView, CallView>();
    same<wire.CallView, z.output<typeof callViewSchema>>();
    same<wire.CallRecord, z.output<typeof callRecordSchema>>();
    same<wire.Sync, Heard['sync']>();
    same<wire.Signal, Heard['call:signal']>();
    same<wire.MediaState, MediaState>();
    same<wire.Code, Code>();
    same<wire.Refusal, Refusal>();
    same<wire.Payloads, Said>();
    same<wire.Messages, Heard>();
    same<wire.Answers, Answered>();
    // And the comparison itself sees a difference.
    // @ts-expect-error one more field
    same<wire.Signal, Heard['call:signal'] & { more?: string }>();
    expect(Object.keys(ANSWERS).sort()).toEqual(Object.keys(PAYLOADS).sort());
  });
});
