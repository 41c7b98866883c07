import { WebSocket } from 'ws';

const PATIENCE_MS = 10_000;

/**
 * A client that writes Engine.IO and socket.io frames by hand, and remembers every frame it is sent
 * (https://socket.io/docs/v4/socket-io-protocol): `0` open, `2` ping, `40` connect, `42` event, `43` acknowledgement.
 */
export class RawSocket {
  readonly frames: string[] = [];
  /** The WebSocket close code, once the connection is gone. */
  readonly closed: Promise<number>;
  private readonly socket: WebSocket;
  private waiting: (() => void)[] = [];
  private gone = false;

  constructor(url: string, options: { headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, options);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.gone = true;
        resolve(code);
        this.wake();
      });
    });
    this.socket.on('error', () => undefined); // what matters is told by `closed`
    this.socket.on('message', (data: Buffer) => {
      const frame = data.toString();
      if (frame === '2') this.send('3');
      else this.frames.push(frame);
      this.wake();
    });
  }

  /** Joins as this user's device, as socket.io-client would. */
  async join(auth: object): Promise<this> {
    await this.gets((frame) => frame.startsWith('0'));
    this.send(`40${JSON.stringify(auth)}`);
    const sync = await this.gets((frame) => /^42\d+\["sync"/.test(frame));
    this.send(`43${/^42(\d+)/.exec(sync ?? '')?.[1]}[]`);
    return this;
  }

  send(frame: string | Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  /** A ping of the WebSocket's own, which every server answers. */
  ping(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping('x'.repeat(120));
  }

  /** The answer to the event that was sent with this acknowledgement id; null when the connection ends instead. */
  async answerTo(id: number): Promise<unknown> {
    const frame = await this.gets((text) => text.startsWith(`43${id}[`));
    return frame === null ? null : (JSON.parse(frame.slice(`43${id}`.length)) as unknown[])[0];
  }

  answersTo(id: number): string[] {
    return this.frames.filter((frame) => frame.startsWith(`43${id}[`));
  }

  /** The first frame like this, here already or coming soon; null when the connection ends without it. */
  async gets(like: (frame: string) => boolean): Promise<string | null> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.frames.find(like);
      if (found !== undefined) return found;
      if (this.gone) return null;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`the frame did not come, only ${this.frames.join('\n')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left).unref();
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Reads nothing any more. */
  pause(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.terminate();
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}
