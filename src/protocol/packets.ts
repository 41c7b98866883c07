/**
 * The socket.io protocol as this gateway speaks it, in place of socket.io's own parser
 * (https://socket.io/docs/v4/socket-io-protocol). What a client sends is kept as text until it is its turn, because parsed
 * JSON takes up to thirty times the memory of its text; and a message may contain JSON that is text already.
 */

const TYPE = { connect: 0, disconnect: 1, event: 2, ack: 3, binaryEvent: 5, binaryAck: 6 } as const;
const MAX_ATTACHMENTS = 10;
/** Characters of a handshake: a token, a device id and the app's state. HTTP allows as much for all headers. */
const MAX_HANDSHAKE = 16_384;
/** Type, attachments, namespace and id. */
const HEAD = /^([0-6])(?:(\d{1,9})-)?(?:(\/[^,]*)(?:,|$))?(\d*)/;

interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

/** JSON that is text already, as a whole message or as a field of one. It is sent as it is. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** What a client said with one event. */
export class Received {
  /** @param text the JSON array of the event's name and its payload; null when the client attached binary data */
  constructor(private readonly text: string | null) {}

  /** An upper bound of what the text takes in memory, in bytes. */
  get bytes(): number {
    if (this.text === null) return 0;
    // One character outside Latin-1 makes V8 keep all of them in two bytes.
    return Buffer.byteLength(this.text) === this.text.length ? this.text.length : 2 * this.text.length;
  }

  /** @returns null when it is not JSON */
  parse(): { event: unknown; args: unknown[] } | null {
    if (this.text === null) return null;
    try {
      const [event, ...args] = JSON.parse(this.text) as unknown[];
      return { event, args };
    } catch {
      return null;
    }
  }
}

/** The name under which socket.io passes on every event; the client's own name for it is in {@link Received}. */
const RECEIVED = 'received';

/** Reads the packets of one connection. Socket.io closes the connection when `add` throws. */
export class Decoder {
  private listener: ((packet: Packet) => void) | null = null;
  /** A packet whose binary attachments are still to come. They are not kept: nothing here takes binary data. */
  private incomplete: { packet: Packet; missing: number } | null = null;

  on(_decoded: string, listener: (packet: Packet) => void): this {
    this.listener = listener;
    return this;
  }

  removeListener(): this {
    this.listener = null;
    return this;
  }

  destroy(): void {
    this.incomplete = null;
  }

  add(frame: string | Buffer): void {
    if (typeof frame === 'string') {
      if (this.incomplete) throw new Error('text where a binary attachment was announced');
      this.addText(frame);
    } else {
      if (!this.incomplete) throw new Error('a binary attachment that was not announced');
      if (--this.incomplete.missing > 0) return;
      const { packet } = this.incomplete;
      this.incomplete = null;
      this.listener?.(packet);
    }
  }

  private addText(frame: string): void {
    const head = HEAD.exec(frame);
    if (!head) throw new Error('unknown packet type');
    const [{ length }, type, attachments, nsp = '/', id] = head;
    const packet: Packet = { type: Number(type), nsp };
    if (id) packet.id = Number(id);
    const data = frame.slice(length);
    const binary = packet.type === TYPE.binaryEvent || packet.type === TYPE.binaryAck;
    if (binary !== (attachments !== undefined)) throw new Error('illegal attachments');
    packet.data = dataOf(packet.type, data);
    if (!binary) return this.listener?.(packet);
    const missing = Number(attachments);
    if (missing < 1 || missing > MAX_ATTACHMENTS) throw new Error('illegal attachments');
    packet.type = packet.type === TYPE.binaryEvent ? TYPE.event : TYPE.ack;
    this.incomplete = { packet, missing };
  }
}

/** @throws Error when a packet of this type cannot carry this text */
function dataOf(type: number, text: string): unknown {
  switch (type) {
    case TYPE.connect:
      return handshakeOf(text);
    case TYPE.disconnect:
      if (text !== '') throw new Error('a goodbye carries nothing');
      return undefined;
    case TYPE.event:
      return [RECEIVED, new Received(arrayText(text))];
    case TYPE.binaryEvent:
      arrayText(text);
      return [RECEIVED, new Received(null)];
    case TYPE.ack:
    case TYPE.binaryAck:
      arrayText(text);
      return []; // the acknowledgement counts, not its value
    default:
      throw new Error('not for a client to say');
  }
}

function arrayText(text: string): string {
  if (text.startsWith('[') && text.endsWith(']')) return text;
  throw new Error('not an array');
}

/** The texts of a handshake: all that this gateway asks for is text. */
function handshakeOf(text: string): Record<string, string> | undefined {
  if (text === '') return undefined;
  if (text.length > MAX_HANDSHAKE) return {};
  const auth: unknown = JSON.parse(text);
  if (auth === null || typeof auth !== 'object' || Array.isArray(auth)) throw new Error('not an object');
  return Object.fromEntries(
    Object.entries(auth).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Writes packets. Nothing the gateway sends is binary, so nothing is searched for it. */
export class Encoder {
  encode({ type, nsp, id, data }: Packet): string[] {
    const namespace = nsp === '/' ? '' : `${nsp},`;
    const text = Array.isArray(data) ? `[${data.map(textOf).join(',')}]` : textOf(data);
    return [`${type}${namespace}${id ?? ''}${data === undefined ? '' : text}`];
  }
}

function textOf(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (!hasJsonText(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`);
  return `{${fields.join(',')}}`;
}

const hasJsonText = (value: unknown): value is object =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value).some((field) => field instanceof JsonText);
