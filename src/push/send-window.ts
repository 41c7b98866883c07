import type { ClientHttp2Session } from 'node:http2';
import type { Deadline } from './deadline.js';

interface Waiting {
  bytes: number;
  go: () => void;
}

/** Node has no event for a WINDOW_UPDATE; every answer is a hint, and this many ms later we look without one. */
const LOOK_AGAIN_MS = 5;

/**
 * Lets request bodies through, in order, while the peer's connection window (65,535 bytes, Apple's too) takes them
 * whole. Past the window nghttp2 would write one of them in part and then let every newer stream go before its rest:
 * with 200 pushes of 650 bytes in flight such a push waited until the load was over.
 */
export class SendWindow {
  private unwritten = 0;
  private open = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting: Waiting[] = [];
  private readonly session: ClientHttp2Session;

  constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  /** Counts the bytes as about to be written, if they may go now; the caller says `wrote` when they are. */
  take(bytes: number): boolean {
    if (this.waiting.length > 0 || !this.fits(bytes)) return false;
    this.unwritten += bytes;
    return true;
  }

  /** As `take`, but waits for its turn. False when the deadline came first. */
  async turn(bytes: number, deadline: Deadline): Promise<boolean> {
    const waiting: Waiting = { bytes, go: () => undefined };
    const mine = new Promise<void>((resolve) => (waiting.go = resolve));
    this.waiting.push(waiting);
    this.timer ??= setTimeout(() => this.lookAgain(), LOOK_AGAIN_MS);
    if ((await deadline.wait(mine)) !== 'late') return true;
    // The turn may have come in the same moment; then the bytes are ours and must be given back.
    const at = this.waiting.indexOf(waiting);
    if (at === -1) this.wrote(bytes);
    else this.waiting.splice(at, 1);
    return false;
  }

  wrote(bytes: number): void {
    this.unwritten -= bytes;
    this.look();
  }

  /** Something has come from the peer: perhaps there is room. */
  look(): void {
    let next = this.waiting[0];
    while (next !== undefined && this.fits(next.bytes)) {
      this.waiting.shift();
      this.unwritten += next.bytes;
      next.go();
      next = this.waiting[0];
    }
  }

  /** Lets everybody through: the connection takes nothing any more, and they had better find out. */
  abandon(): void {
    this.open = true;
    this.look();
  }

  private fits(bytes: number): boolean {
    return this.open || (this.session.state.remoteWindowSize ?? Infinity) - this.unwritten >= bytes;
  }

  private lookAgain(): void {
    this.timer = undefined;
    this.look();
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.lookAgain(), LOOK_AGAIN_MS);
  }
}
