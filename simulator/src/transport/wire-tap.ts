import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

const frameHeader = 9;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const ACK = 1;

export interface WireRules {
  /** Asked for every PING that nghttp2 is about to acknowledge by itself. */
  ignorePings(): boolean;
  /** A stream nghttp2 refused or killed on its own, before any request was seen. */
  onReset(stream: number, code: number): void;
}

/**
 * Sits between TLS and Node's HTTP/2 session and lets whole frames through, so that the simulator can do what Node's API
 * does not: leave a PING unanswered, send a GOAWAY with any last stream id (0 too), or fall silent with the socket open.
 */
export class WireTap extends Duplex {
  private readonly socket: TLSSocket;
  private readonly rules: WireRules;
  private pending: Buffer = Buffer.alloc(0);
  private frozen = false;
  private lastStream: number | null = null;

  constructor(socket: TLSSocket, rules: WireRules) {
    super({ allowHalfOpen: true });
    this.socket = socket;
    this.rules = rules;
    socket.on('data', (data: Buffer) => {
      if (!this.frozen && !this.push(data)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error: Error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** From now on nothing is read, nothing is written, and the connection stays open: a cable that was cut. */
  freeze(): void {
    this.frozen = true;
  }

  /** Sends GOAWAY; afterwards frames of streams above `lastStream` are no longer sent. */
  goaway(lastStream: number, code: number, debug: string): void {
    const text = Buffer.from(debug, 'utf8');
    const frame = Buffer.alloc(frameHeader + 8 + text.length);
    frame.writeUIntBE(8 + text.length, 0, 3);
    frame.writeUInt8(GOAWAY, 3);
    frame.writeUInt32BE(lastStream, frameHeader);
    frame.writeUInt32BE(code, frameHeader + 4);
    text.copy(frame, frameHeader + 8);
    this.lastStream = lastStream;
    this.send(frame);
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const frames = this.frames(chunk);
    if (frames === null) done();
    else this.send(frames, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.frozen) this.socket.destroy();
    done(error);
  }

  private send(bytes: Buffer, done: (error?: Error | null) => void = () => undefined): void {
    if (this.frozen || this.socket.destroyed || this.socket.writableEnded) done();
    else this.socket.write(bytes, done);
  }

  /** The complete frames among the bytes so far, without those that must not leave. Null when there are none. */
  private frames(chunk: Buffer): Buffer | null {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const passing: Buffer[] = [];
    let offset = 0;
    while (this.pending.length - offset >= frameHeader) {
      const end = offset + frameHeader + this.pending.readUIntBE(offset, 3);
      if (end > this.pending.length) break;
      const frame = this.pending.subarray(offset, end);
      if (this.passes(frame)) passing.push(frame);
      offset = end;
    }
    this.pending = this.pending.subarray(offset);
    return passing.length === 0 ? null : Buffer.concat(passing);
  }

  private passes(frame: Buffer): boolean {
    const type = frame.readUInt8(3);
    const stream = frame.readUInt32BE(5) & 0x7fffffff;
    if (type === PING && (frame.readUInt8(4) & ACK) !== 0) return !this.rules.ignorePings();
    if (type === RST_STREAM) this.rules.onReset(stream, frame.readUInt32BE(frameHeader));
    if (this.lastStream === null) return true;
    return type !== GOAWAY && stream <= this.lastStream;
  }
}
