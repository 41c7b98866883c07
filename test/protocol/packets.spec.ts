import { Decoder, Encoder, JsonText, type Received } from '../../src/protocol/packets.js';

interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

function decoded(...frames: (string | Buffer)[]): Packet[] {
  const packets: Packet[] = [];
  const decoder = new Decoder().on('decoded', (packet) => packets.push(packet));
  for (const frame of frames) decoder.add(frame);
  return packets;
}
const receivedOf = ({ data }: Packet): Received => (data as [string, Received])[1];

describe('a frame from a client', () => {
  it.each<[string, object]>([
    ['2["sync"]', { type: 2, nsp: '/' }],
    ['27["sync",{}]', { type: 2, nsp: '/', id: 7 }],
    ['2/admin,7["sync",{}]', { type: 2, nsp: '/admin', id: 7 }],
    ['37["whatever"]', { type: 3, nsp: '/', id: 7, data: [] }],
    ['0', { type: 0, nsp: '/', data: undefined }],
    ['0/admin', { type: 0, nsp: '/admin' }],
    ['1', { type: 1, nsp: '/' }],
  ])('%s is understood', (frame, packet) => expect(decoded(frame)).toMatchObject([packet]));

  it('stays text until somebody looks into it', () => {
    const received = receivedOf(decoded('27["call:end",{"callId":"a"}]')[0]!);
    expect(received.parse()).toEqual({ event: 'call:end', args: [{ callId: 'a' }] });
    expect(Object.values(received)).toEqual(['["call:end",{"callId":"a"}]']);
  });

  it('counts double when one character of it is outside of Latin-1, as it does in memory', () => {
    expect(receivedOf(decoded('2["aaaa"]')[0]!).bytes).toBe(8);
    expect(receivedOf(decoded('2["aaa€"]')[0]!).bytes).toBe(16);
  });

  it('that is no JSON says nothing, and an event may have any name', () => {
    expect(receivedOf(decoded('2[nonsense]')[0]!).parse()).toBeNull();
    expect(receivedOf(decoded('2["disconnect",1]')[0]!).parse()).toEqual({ event: 'disconnect', args: [1] });
  });

  it('with binary data is an event of which nothing is kept', () => {
    const [packet, ...more] = decoded(
      '52-7["call:signal",{"_placeholder":true,"num":0}]',
      Buffer.of(1),
      Buffer.of(2),
    );
    expect(more).toEqual([]);
    expect(packet).toMatchObject({ type: 2, id: 7 });
    expect(Object.values(receivedOf(packet!))).toEqual([null]);
    expect(decoded('51-["x"]')).toEqual([]);
  });

  it.each<[string, (string | Buffer)[]]>([
    ['of an unknown type', ['7']],
    ['of a type only servers send', ['4{"message":"x"}']],
    ['whose payload is no array', ['2{}']],
    ['without a payload', ['2']],
    ['that says goodbye with a payload', ['1{}']],
    ['that announces eleven attachments', ['511-["x"]', Buffer.of(1)]],
    ['that announces none', ['50-["x"]']],
    ['that announces attachments of an ordinary event', ['21-["x"]']],
    ['in the middle of attachments', ['52-["x"]', Buffer.of(1), '2["sync"]']],
    ['of binary data nobody announced', [Buffer.of(1)]],
    ['with a handshake that is no object', ['0null']],
    ['with a handshake that is no JSON', ['0{']],
  ])('%s ends the connection', (_, frames) => expect(() => decoded(...frames)).toThrow());

  it('that asks to be let in brings short texts, and nothing else of it is kept', () => {
    const auth = { token: 'jwt', deviceId: 'phone', more: [{}, {}], nested: { token: 'x' }, nr: 1 };
    expect(decoded(`0${JSON.stringify(auth)}`)[0]!.data).toEqual({ token: 'jwt', deviceId: 'phone' });
    expect(decoded(`0${JSON.stringify({ token: 'x'.repeat(20_000) })}`)[0]!.data).toEqual({});
  });
});

describe('a frame to a client', () => {
  const encoded = (packet: Packet): string => new Encoder().encode(packet)[0]!;

  it.each<[string, Packet, string]>([
    ['event', { type: 2, nsp: '/', id: 3, data: ['sync', { calls: [] }] }, '23["sync",{"calls":[]}]'],
    ['answer', { type: 3, nsp: '/', id: 0, data: [{ ok: true, none: undefined }] }, '30[{"ok":true}]'],
    ['refusal', { type: 4, nsp: '/admin', data: { message: 'no' } }, '4/admin,{"message":"no"}'],
    ['goodbye', { type: 1, nsp: '/' }, '1'],
    ['event without a value', { type: 2, nsp: '/', data: ['x', undefined] }, '2["x",null]'],
  ])('is written as socket.io writes an %s', (_, packet, text) => expect(encoded(packet)).toBe(text));

  it('contains JSON that is text already as it is', () => {
    const message = { callId: 'a"b', none: undefined, signal: new JsonText('{"__proto__":1}') };
    expect(encoded({ type: 2, nsp: '/', data: ['x', message, new JsonText('[1, 2]')] })).toBe(
      '2["x",{"callId":"a\\"b","signal":{"__proto__":1}},[1, 2]]',
    );
  });
});
