import { EventEmitter } from 'node:events';
import { Strangers } from '../../src/sockets/server/pending-connections.js';

/** A connection of Engine.IO that has not authenticated, and whether it has been cut off. */
function connection() {
  const socket = Object.assign(new EventEmitter(), { isCut: false, terminate: () => undefined as void });
  socket.terminate = () => {
    socket.isCut = true;
    socket.emit('close');
  };
  return Object.assign(new EventEmitter(), { readyState: 'open', transport: { socket } });
}

describe('the places for connections that have not authenticated', () => {
  it('are not kept by whoever has taken most of them: their oldest connection makes room', () => {
    const places = new Strangers(100, 4);
    const [first, second, third, other, newcomer] = Array.from({ length: 5 }, connection);
    const add = (one: object, address: string): void => places.add(one as never, address);
    add(other!, 'b');
    add(first!, 'a');
    add(second!, 'a');
    add(third!, 'a');
    add(newcomer!, 'c');
    const cut = [first, second, third, other, newcomer].map((one) => one!.transport.socket.isCut);
    expect(cut).toEqual([true, false, false, false, false]);
    for (const one of [second, third, other, newcomer]) one!.transport.socket.terminate();
  });

  it('of one address have a bound of their own', () => {
    const places = new Strangers(2, 100);
    const both = [connection(), connection()];
    for (const one of both) places.add(one as never, 'a');
    expect([places.tooManyOf('a'), places.tooManyOf('b')]).toEqual([true, false]);
    for (const one of both) one.transport.socket.terminate();
    expect(places.tooManyOf('a')).toBe(false);
  });
});
