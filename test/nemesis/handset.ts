import { type Socket, io } from 'socket.io-client';
import type { CallView } from '../../src/calls/domain/call-view.js';
import type { Chance } from './chance.js';
import type { HeardSignal, History, Operation } from './history.js';
import type { GatewayNode } from './node.js';
import type { Wire } from './wire.js';

export type Platform = 'web' | 'ios' | 'android';

export interface HandsetParts {
  userId: string;
  deviceId: string;
  platform: Platform;
  /** The user's JWT. */
  token: string;
  /** null for a browser. */
  pushToken: string | null;
  wire: Wire;
  nodes: readonly GatewayNode[];
  history: History;
  chance: Chance;
}

/** How long an app waits for an answer before it gives a command up as lost. */
const PATIENCE_MS = 5_000;

/** A phone with an app: keeps a connection while it is awake, to whichever gateway; remembers the newest state of every call. */
export class Handset {
  readonly known = new Map<string, CallView>();
  socket: Socket | null = null;
  node = 0;
  awake = false;
  /** How often it has been synced; a resume is complete when this has grown. */
  syncs = 0;
  onIncoming: (call: CallView) => void = () => undefined;
  onCall: (event: string, call: CallView) => void = () => undefined;
  onSignal: (signal: HeardSignal) => void = () => undefined;
  /** Whether it acknowledges that it was told of a call. */
  acknowledges: () => boolean = () => true;
  private reconnecting: NodeJS.Timeout | null = null;
  private readonly sent = new Map<string, number>();

  constructor(readonly parts: HandsetParts) {}

  get name(): string {
    return `${this.parts.userId}/${this.parts.deviceId}`;
  }

  get connected(): boolean {
    return this.socket?.connected === true;
  }

  /** Wakes up, on this node first; reconnects by itself as long as it is awake. */
  wake(node = this.parts.chance.between(0, this.parts.nodes.length - 1)): void {
    this.awake = true;
    if (this.socket?.active || this.reconnecting) return;
    this.connect(node);
  }

  /** Closes the connection: politely, or by falling silent under way. */
  sleep(politely: boolean): void {
    this.awake = false;
    this.forgetReconnection();
    if (politely) this.socket?.disconnect();
    else this.loseConnection();
  }

  /** The network breaks; the app will come back if it is awake. */
  loseConnection(): void {
    this.parts.wire.cut();
  }

  /** A new connection at once, to this node. */
  reconnect(node: number): void {
    this.awake = true;
    this.forgetReconnection();
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
    this.connect(node);
  }

  close(): void {
    this.awake = false;
    this.forgetReconnection();
    this.socket?.disconnect();
  }

  /** A command over the socket. Never throws: what did not come back is lost. */
  async say(event: string, payload: Record<string, unknown>): Promise<Operation> {
    const operation = this.begin(event, payload, 'socket', this.node);
    const socket = this.socket;
    if (!socket?.connected) return this.finish(operation, 'offline', {});
    try {
      const answer = (await socket.timeout(PATIENCE_MS).emitWithAck(event, payload)) as Record<string, any>;
      return this.finish(operation, answer.ok ? 'ok' : String(answer.error?.code), answer);
    } catch {
      return this.finish(operation, 'lost', {});
    }
  }

  /** The same over HTTP, on any node; with an action token as a woken phone does it. */
  async post(node: number, event: string, payload: Record<string, unknown>, actionToken?: string) {
    const { callId, ...body } = payload as { callId: string };
    const via = actionToken === undefined ? 'http' : 'action';
    const operation = this.begin(event, payload, via, node);
    const command = event.slice('call:'.length);
    const path =
      command === 'initiate' ? '' : command === 'preflight' ? `/${callId}` : `/${callId}/${command}`;
    const query = actionToken === undefined ? `?deviceId=${this.parts.deviceId}` : '';
    try {
      const response = await fetch(`${this.parts.nodes[node]!.url}/v1/calls${path}${query}`, {
        method: command === 'preflight' ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${actionToken ?? this.parts.token}`,
          'content-type': 'application/json',
        },
        body: command === 'preflight' ? undefined : JSON.stringify(command === 'initiate' ? payload : body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const answer = (await response.json()) as Record<string, any>;
      const call = command === 'preflight' ? { call: answer } : answer;
      return this.finish(operation, response.ok ? 'ok' : String(answer.code), response.ok ? call : {});
    } catch {
      return this.finish(operation, 'lost', {});
    }
  }

  /** The next signal of this phone in a call. */
  signal(callId: string): Promise<Operation> {
    const nr = (this.sent.get(callId) ?? 0) + 1;
    this.sent.set(callId, nr);
    return this.say('call:signal', { callId, signal: { nr, by: this.name, sdp: `canary-sdp-${nr}` } });
  }

  learn(view: CallView): void {
    const known = this.known.get(view.callId);
    if (!known || known.version < view.version) this.known.set(view.callId, view);
  }

  private connect(node: number): void {
    this.node = node;
    this.parts.wire.pointTo(this.parts.nodes[node]!.port);
    const { token, deviceId, chance } = this.parts;
    const socket = io(`http://127.0.0.1:${this.parts.wire.port}`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      timeout: 3_000,
      auth: { token, deviceId },
    });
    this.socket = socket;
    socket.onAny((event: string, payload: any, ack?: () => void) => this.hear(event, payload, ack));
    const again = (): void => {
      if (socket !== this.socket) return;
      this.socket = null;
      socket.disconnect();
      if (!this.awake) return;
      this.reconnecting = setTimeout(
        () => {
          this.reconnecting = null;
          if (this.awake) this.connect(chance.between(0, this.parts.nodes.length - 1));
        },
        chance.between(50, 350),
      );
    };
    socket.on('disconnect', again);
    socket.on('connect_error', again);
  }

  private hear(event: string, payload: any, ack?: () => void): void {
    const views: CallView[] = payload?.calls ?? (payload?.call ? [payload.call] : []);
    const signals = (event === 'call:signal' ? [payload] : (payload?.signals ?? [])).map(heardSignal);
    const { userId, deviceId, history } = this.parts;
    history.told.push({
      kind: 'told',
      at: Date.now(),
      phone: this.name,
      userId,
      deviceId,
      event,
      views,
      signals,
    });
    if (event === 'sync') this.syncs++;
    for (const view of views) this.learn(view);
    for (const signal of signals) this.onSignal(signal);
    if (event !== 'call:incoming' || this.acknowledges()) ack?.();
    if (event === 'call:incoming') this.onIncoming(payload.call);
    for (const view of views) this.onCall(event, view);
  }

  private begin(event: string, payload: Record<string, any>, via: Operation['via'], node: number): Operation {
    const { userId, deviceId, history } = this.parts;
    const operation: Operation = {
      kind: 'operation',
      at: Date.now(),
      phone: this.name,
      userId,
      deviceId,
      event,
      via,
      node,
      callId: (payload.callId as string | undefined) ?? null,
      end: null,
      outcome: 'pending',
      view: null,
      merged: false,
      nr: payload.signal?.nr ?? null,
    };
    history.operations.push(operation);
    return operation;
  }

  private finish(operation: Operation, outcome: string, answer: Record<string, any>): Operation {
    const view = (answer.call as CallView | null | undefined) ?? null;
    Object.assign(operation, { end: Date.now(), outcome, view, merged: answer.merged === true });
    if (view) this.learn(view);
    if (answer.calls) {
      const { userId, deviceId, history } = this.parts;
      const views = answer.calls as CallView[];
      const signals = (answer.signals as any[]).map(heardSignal);
      const about = { kind: 'told', at: Date.now(), phone: this.name, userId, deviceId } as const;
      history.told.push({ ...about, event: 'sync answer', views, signals });
      for (const known of views) this.learn(known);
    }
    return operation;
  }

  private forgetReconnection(): void {
    if (this.reconnecting) clearTimeout(this.reconnecting);
    this.reconnecting = null;
  }
}

const heardSignal = ({ callId, seq, from, signal }: any): HeardSignal => ({
  callId,
  seq,
  from,
  nr: signal?.nr,
  by: signal?.by,
});
