import { addressOf } from './address.js';
import type { Call } from './call.js';
import { CallStore, type NewCall } from './call-store.js';
import { Commands } from './commands.js';
import { Connection, type Status } from './connection.js';
import { Emitter } from './emitter.js';
import { RingwayError } from './error.js';
import { LeaveOutbox } from './leave-outbox.js';
import { RingwayHttp } from './http.js';
import { type TokenSource, Tokens } from './tokens.js';
import type { AppState } from './wire.js';

const DEADLINE_MS = 15_000;

export interface RingwayOptions {
  /** Where the gateway is, e.g. `https://calls.example.com`; behind a proxy also `https://example.com/calls`. */
  url: string;
  /** The user's JWT, or a function that gets a fresh one whenever it is needed. */
  token: TokenSource;
  /** The id of this install: 1–128 of `A-Za-z0-9._-`, the same at every start. */
  deviceId: string;
  appState?: AppState;
  /** How long a command is tried before its promise rejects with `TIMEOUT` (15,000 ms). */
  deadlineMs?: number;
}

export interface RingwayEvents {
  status: [status: Status];
  /** The gateway refuses this token or device id, and the client has given up: `status` is `refused`. */
  error: [error: RingwayError];
  /** Somebody calls: show it, and say `call.ringing()`. Once per call. */
  incoming: [call: Call];
  /** Anything about any call has changed. */
  call: [call: Call];
  /** The token has ended. With a token function the client goes on by itself. */
  'session-expired': [];
}

/** A user's device at the gateway. */
export class RingwayClient extends Emitter<RingwayEvents> {
  readonly http: RingwayHttp;
  readonly deviceId: string;
  private readonly tokens: Tokens;
  private readonly connection: Connection;
  private readonly commands: Commands;
  private readonly outbox: LeaveOutbox;
  private readonly store: CallStore;

  /** @throws RingwayError `INVALID` for a `url` that is none */
  constructor({ url, token, deviceId, appState = 'foreground', deadlineMs = DEADLINE_MS }: RingwayOptions) {
    super();
    const address = addressOf(url);
    this.deviceId = deviceId;
    this.tokens = new Tokens(token);
    this.connection = new Connection({ address, deviceId, appState, tokens: this.tokens });
    this.commands = new Commands(this.connection, deadlineMs);
    this.http = new RingwayHttp(address.http, this.tokens, deadlineMs);
    this.outbox = new LeaveOutbox(this.connection, this.http, deviceId);
    this.store = new CallStore({
      deviceId,
      commands: this.commands,
      outbox: this.outbox,
      userId: () => this.userId,
      lookUp: (callId) => this.http.call(callId),
      incoming: (call) => this.emit('incoming', call),
      changed: (call) => this.emit('call', call),
    });
    this.tokens.onOtherUser(() => this.startOver());
    this.connection.on('status', (status) => this.became(status));
    this.connection.on('session-expired', () => this.emit('session-expired'));
    this.connection.on('message', (event, payload) => this.store.hear(event, payload));
  }

  get status(): Status {
    return this.connection.status;
  }

  /** Why it is not online, or the last time was not; null when all is well. */
  get error(): RingwayError | null {
    return this.connection.error;
  }

  /** Whose token it is; null before the first one. */
  get userId(): string | null {
    return this.tokens.claims.userId;
  }

  /** This user's live calls, on whatever device, and those that ended lately; oldest first. */
  get calls(): ReadonlyMap<string, Call> {
    return this.store.calls;
  }

  /** Now, by the gateway's clock: for counting down to `ringExpiresAt`. Milliseconds since the epoch. */
  get serverNow(): number {
    return Date.now() + this.connection.clockAheadMs;
  }

  /** Connects, and stays connected until `close()`. */
  connect(): void {
    this.connection.open();
  }

  /**
   * Disconnects, and forgets the token: `connect()` asks for a new one, which may be somebody else's. A call that is
   * still being sent is cancelled; others go on without this device, so hang up first.
   */
  close(): void {
    this.store.withdraw(new RingwayError('CLOSED', 'The client was closed.'));
    this.outbox.flushOverHttp(this.tokens.current);
    this.connection.close(this.outbox.drained());
    this.tokens.drop();
  }

  /** In the background this device is woken by a push at once, because its socket may be frozen. */
  async setAppState(state: AppState): Promise<void> {
    this.connection.appState = state; // for the next handshake
    if (this.connection.connected) await this.commands.say('device:state', { state });
  }

  /** Calls somebody. The call is there at once; `call.sent` tells when the gateway has it. */
  call(call: NewCall): Call {
    return this.store.start(call);
  }

  private became(status: Status): void {
    // Before the app hears of it, which may close the client.
    if (status === 'replaced') this.outbox.flushOverHttp(this.tokens.current);
    this.emit('status', status);
    if (status === 'online' || this.connection.trying) this.store.connection(status === 'online');
    if (status === 'refused') this.emit('error', this.connection.error!);
  }

  /** The token is somebody else's than before: nothing of them may be seen or done by this user. */
  private startOver(): void {
    this.outbox.clear();
    this.store.clear();
    if (this.connection.connected) this.connection.redial();
  }
}
