import { setTimeout as pause } from 'node:timers/promises';
import { type Socket, io } from 'socket.io-client';
import type { CallView } from '../../src/calls/domain/call-view.js';
import type { Told } from './phone.js';

const PATIENCE_MS = 15_000;

/** A phone as the SDK makes it: it goes to another node when its own is leaving, and repeats what was not answered. */
export class RoamingPhone {
  /** What this phone knows of its calls: the highest version counts. */
  readonly calls = new Map<string, CallView>();
  /** Settles when a gateway has let it in for the first time: from then on it can be called. */
  readonly welcomed: Promise<void>;
  private onConnected = (): void => undefined;
  private socket: Socket | null = null;
  private next: number;
  private gone = false;
  private waiting: (() => void)[] = [];

  /** @param nodes where gateways may be; not all of them are there all the time */
  constructor(
    private readonly nodes: readonly string[],
    private readonly auth: { token: string; deviceId: string },
    private readonly onRing: (call: CallView) => void = () => undefined,
    start = 0,
  ) {
    this.next = start;
    this.welcomed = new Promise((resolve) => (this.onConnected = resolve));
    this.connect();
  }

  /** Repeated until somebody answers; a refusal that will not change is an answer too. */
  async say(event: string, payload: unknown): Promise<Told> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const { socket } = this;
      if (socket?.connected) {
        const answer = await (socket.timeout(3_000).emitWithAck(event, payload) as Promise<Told>).catch(
          () => null,
        );
        if (answer && (answer.ok || !answer.error.retryable)) return answer;
      }
      await pause(20);
    }
    throw new Error(`${event} was never answered`);
  }

  /** Once this phone knows its call to be so. */
  async sees(callId: string, like: (call: CallView) => boolean): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const call = this.calls.get(callId);
      if (call && like(call)) return;
      if (Date.now() > until) throw new Error(`the call is lost: ${JSON.stringify(call)}`);
      await Promise.race([new Promise<void>((resolve) => this.waiting.push(resolve)), pause(200)]);
    }
  }

  hangUp(): void {
    this.gone = true;
    this.socket?.disconnect();
  }

  private connect(): void {
    if (this.gone) return;
    const url = this.nodes[this.next++ % this.nodes.length]!;
    const socket = io(url, {
      transports: ['websocket'],
      auth: this.auth,
      forceNew: true,
      reconnection: false,
    });
    const before = this.socket;
    this.socket = socket;
    socket.on('sync', ({ calls }: Told, ack?: () => void) => {
      ack?.();
      before?.disconnect();
      this.onConnected();
      for (const call of calls) this.learn(call);
    });
    socket.onAny((event: string, { call }: Told, ack?: () => void) => {
      if (event === 'sync') return;
      ack?.();
      if (call) this.learn(call);
    });
    const elsewhere = (): void => {
      if (this.socket !== socket) return;
      this.socket = null;
      setTimeout(() => this.connect(), 50 + Math.random() * 100);
    };
    socket.on('connect_error', elsewhere);
    socket.on('disconnect', elsewhere);
    socket.on('server:draining', ({ reconnectInMs }: Told) => {
      setTimeout(() => this.socket === socket && this.connect(), reconnectInMs as number);
    });
  }

  private learn(call: CallView): void {
    const known = this.calls.get(call.callId);
    if (known && known.version >= call.version) return;
    this.calls.set(call.callId, call);
    if (call.state === 'initiated' || call.state === 'ringing') this.onRing(call);
    for (const wake of this.waiting.splice(0)) wake();
  }
}
