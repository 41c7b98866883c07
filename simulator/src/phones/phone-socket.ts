import { type Socket, io } from 'socket.io-client';

export interface Handshake {
  token: string;
  deviceId: string;
  appState: 'foreground' | 'background';
}

export interface PhoneSocketOptions {
  gateway: string;
  /** Asked anew for every connection; null when the app cannot get a token. */
  handshake(): Promise<Handshake | null>;
  /** The gateway did not want the token: a new one is needed. */
  renew(): void;
  onEvent(event: string, payload: unknown): void;
}

const ANSWER_MS = 5_000;
const CONNECTED_WITHIN_MS = 10_000;
const PAUSE_MS = 1_000;

/** The app's socket: WebSocket only, open while the app wants it, acknowledging what must be acknowledged. */
export class PhoneSocket {
  private socket: Socket | null = null;
  private again: NodeJS.Timeout | null = null;
  private synced = false;
  private waiting: ((synced: boolean) => void)[] = [];

  constructor(private readonly options: PhoneSocketOptions) {}

  get connected(): boolean {
    return this.socket?.connected === true && this.synced;
  }

  open(): void {
    if (this.socket !== null) return;
    const socket = io(this.options.gateway, {
      transports: ['websocket'],
      forceNew: true,
      auth: (send) => void this.options.handshake().then((handshake) => send(handshake ?? {})),
    });
    this.socket = socket;
    socket.onAny((event: string, payload: unknown, acknowledge?: () => void) => {
      // First of all: it proves that this socket is alive, and that the signal has arrived.
      if (event === 'call:incoming' || event === 'call:signal') acknowledge?.();
      this.handle(event, payload);
    });
    socket.on('disconnect', (reason) => {
      this.synced = false;
      if (reason === 'io server disconnect' && this.socket === socket) this.reconnect(PAUSE_MS);
    });
    socket.on('connect_error', (error) => {
      const { code } = (error as { data?: { code?: unknown } }).data ?? {};
      if (code === undefined) return; // the network's fault: the client tries again by itself
      if (code === 'TOKEN_EXPIRED' || code === 'UNAUTHENTICATED') this.options.renew();
      this.reconnect(PAUSE_MS);
    });
  }

  /** Resolves when the gateway has said which calls there are. @returns false when it did not come to that in time */
  ready(): Promise<boolean> {
    if (this.connected) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), CONNECTED_WITHIN_MS);
      const done = (synced: boolean): void => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== done);
        resolve(synced);
      };
      this.waiting.push(done);
    });
  }

  /** @returns the gateway's answer, or null: no connection, or no answer in time. Nothing is queued. */
  async emit(event: string, payload: object): Promise<Record<string, unknown> | null> {
    if (this.socket?.connected !== true) return null;
    try {
      return (await this.socket.timeout(ANSWER_MS).emitWithAck(event, payload)) as Record<string, unknown>;
    } catch {
      return null;
    }
  }

  close(): void {
    if (this.again !== null) clearTimeout(this.again);
    this.again = null;
    this.socket?.offAny().disconnect();
    this.socket = null;
    this.synced = false;
    for (const done of this.waiting) done(false);
  }

  private handle(event: string, payload: unknown): void {
    if (event === 'session:replaced') return this.close(); // do not fight over the device id
    if (event === 'session:expired') this.options.renew();
    if (event === 'server:draining') {
      const { reconnectInMs } = payload as { reconnectInMs?: number };
      this.socket?.disconnect();
      return this.reconnect(reconnectInMs ?? PAUSE_MS);
    }
    if (event === 'sync') {
      this.synced = true;
      for (const done of this.waiting) done(true);
    }
    this.options.onEvent(event, payload);
  }

  private reconnect(afterMs: number): void {
    if (this.again !== null) clearTimeout(this.again);
    this.again = setTimeout(() => this.socket?.connect(), afterMs);
  }
}
