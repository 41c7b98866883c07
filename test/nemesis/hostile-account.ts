import { setTimeout as pause } from 'node:timers/promises';
import { type Socket, io } from 'socket.io-client';
import type { Chance } from './chance.js';
import type { GatewayNode } from './node.js';
import type { World } from './world.js';

const PATIENCE_MS = 3_000;
const MARK = 'hostile-';

export const isHostile = (userId: string): boolean => userId.startsWith(MARK);

interface Answer {
  ok: boolean;
  error?: { code: string };
}

/** What a hostile user has in this round: accounts of their own, the nodes that are up, and the time until it ends. */
export interface Attack {
  world: World;
  /** Makes the same names and choices for the same seed. */
  chance: Chance;
  name: string;
  /** Milliseconds since the epoch. */
  until: number;
  /** An ordinary user's id. */
  victim: string;
  /** Takes note of what the gateway answered: `ok`, an HTTP status or a code. */
  answered(what: string): void;
}

export const goesOn = ({ until }: Attack): boolean => Date.now() < until;

/** A node that is up; waits for one. null when the attack is over before. */
export async function someNode(attack: Attack): Promise<GatewayNode | null> {
  while (goesOn(attack)) {
    const up = attack.world.nodes.filter((node) => node.up);
    if (up.length > 0) return attack.chance.pick(up);
    await pause(50);
  }
  return null;
}

/** One account of a hostile user, on one device. Nothing it does throws: it is not there to see whether it succeeds. */
export class HostileAccount {
  private socket: Socket | null = null;

  private constructor(
    private readonly attack: Attack,
    readonly userId: string,
    private readonly token: string,
    private readonly deviceId: string,
    /** Whether it acknowledges what it hears. */
    private readonly acknowledges: boolean,
  ) {}

  static async make(
    attack: Attack,
    role: string,
    { deviceId = 'device', acknowledges = true } = {},
  ): Promise<HostileAccount> {
    const userId = `${MARK}${role}-of-${attack.name}`;
    const token = await attack.world.token(userId);
    return new HostileAccount(attack, userId, token, deviceId, acknowledges);
  }

  /** A connected socket, on whatever node is up; null when there is none in time. */
  async connected(): Promise<Socket | null> {
    if (this.socket?.connected) return this.socket;
    this.close();
    const node = await someNode(this.attack);
    if (!node) return null;
    const socket = io(node.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      timeout: PATIENCE_MS,
      auth: { token: this.token, deviceId: this.deviceId },
    });
    this.socket = socket;
    if (this.acknowledges)
      socket.onAny((...heard: unknown[]) => {
        const acknowledge = heard.at(-1);
        if (typeof acknowledge === 'function') (acknowledge as () => void)();
      });
    const failed = new Promise<null>((resolve) => {
      socket.once('connect_error', () => resolve(null));
      socket.once('disconnect', () => resolve(null));
    });
    const synced = new Promise<Socket>((resolve) => socket.once('sync', () => resolve(socket)));
    const connected = await Promise.race([synced, failed, pause(PATIENCE_MS, null, { ref: false })]);
    if (!connected) await pause(100);
    return connected;
  }

  /** Whether a command was answered with ok. */
  async say(event: string, payload: object): Promise<boolean> {
    const socket = await this.connected();
    if (!socket) return false;
    try {
      const answer = (await socket.timeout(PATIENCE_MS).emitWithAck(event, payload)) as Answer;
      this.attack.answered(answer.ok ? 'ok' : String(answer.error?.code));
      return answer.ok;
    } catch {
      return false;
    }
  }

  async request(method: string, path: string, body?: object): Promise<boolean> {
    const node = await someNode(this.attack);
    if (!node) return false;
    try {
      const response = await fetch(`${node.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      this.attack.answered(response.ok ? 'ok' : codeOf(text, response.status));
      return response.ok;
    } catch {
      return false;
    }
  }

  close(): void {
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
  }
}

function codeOf(text: string, status: number): string {
  try {
    return String(JSON.parse(text).code ?? status);
  } catch {
    return String(status);
  }
}
