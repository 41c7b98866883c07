import type { CommandBus } from '@nestjs/cqrs';
import { Log } from '../../src/log/log.js';
import { Incoming } from '../../src/sockets/notify/ring-notifier.js';
import type { Session } from '../../src/sockets/session/sessions.js';
import { START } from '../support/given.js';
import { calling } from './one-node.js';

describe('a device that is called', () => {
  const bus = { execute: async () => undefined } as unknown as CommandBus;
  const incoming = new Incoming(bus, new Log('silent'), { now: () => START });
  let acks: (() => void)[];
  let gone: boolean;
  let session: Session;
  beforeEach(() => {
    [acks, gone] = [[], false];
    const socket = {
      emit: (_event: string, _message: object, ack: () => void) => void acks.push(ack),
      disconnect: () => (gone = true),
    };
    session = {
      socket,
      deviceId: 'phone',
      acknowledges: 'nothing',
      unacknowledgedRings: 0,
    } as unknown as Session;
  });
  const calls = (times: number): void => {
    for (let nr = 0; nr < times; nr++) incoming.tell(session, calling);
  };

  it('may be called any number of times while it acknowledges', () => {
    for (let nr = 0; nr < 2_000; nr++) {
      calls(1);
      acks.at(-1)!();
    }
    expect([acks.length, gone]).toEqual([2_000, false]);
  });

  it('and acknowledges none of 500 calls has to connect anew before it is told of another', () => {
    calls(500);
    expect([acks.length, gone]).toEqual([500, false]);
    calls(1);
    expect([acks.length, gone]).toEqual([500, true]);
  });
});
