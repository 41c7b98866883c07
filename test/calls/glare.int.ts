import { randomUUID } from 'node:crypto';
import type { EventBus } from '@nestjs/cqrs';
import { Calls } from '../../src/calls/calls.js';
import type { Call } from '../../src/calls/domain/call.js';
import { InitiateCall, InitiateCallHandler } from '../../src/calls/initiate-call.js';
import { LiveCalls } from '../../src/calls/live-calls.js';
import { givenStore } from '../event-store/given-store.js';
import { iPhone, pixel } from './cast.js';

const given = givenStore();
const silent = { publish: () => undefined } as unknown as EventBus;
const policy = { ringTimeoutMs: 45_000, busyPolicy: 'ring' } as const;

/** Something happens the first time that the call of the other side is looked at. */
class Interrupted extends Calls {
  meanwhile: (() => Promise<void>) | null = null;
  override async load(callId: string): Promise<Call> {
    const call = await super.load(callId);
    const happens = this.meanwhile;
    this.meanwhile = null;
    await happens?.();
    return call;
  }
}

describe('a call that is cancelled by another way while it is merged with one from the other side', () => {
  it('is cancelled, and the other one rings on', async () => {
    const calls = new Interrupted(given.node(), silent, new LiveCalls());
    const handler = new InitiateCallHandler(calls, policy, { now: () => 0 });
    const theirs = randomUUID();
    await handler.execute(new InitiateCall(iPhone, theirs, 'bob', 'voice', {}));
    const ours = randomUUID();
    calls.meanwhile = () => calls.cancelBeforehand('bob', ours);
    const { call, merged } = await handler.execute(new InitiateCall(pixel, ours, 'alice', 'voice', {}));
    expect({ merged, call }).toMatchObject({
      merged: false,
      call: { callId: ours, state: 'ended', outcome: 'cancelled' },
    });
    expect(await calls.load(theirs)).toMatchObject({ callId: theirs, state: 'initiated' });
  });
});
