import { type Connection, GOODBYE_MS, cutOff, webSocketOf } from './close-connection.js';

/** How long a connection may take to say who it is. */
export const STRANGE_MS = 8_000;
const MAX_STRANGERS = 10_000;

/**
 * What a connection may say before it is let in: to be let in, a few times, as some clients bring a new token over the
 * connection on which the old one was refused. Not just once: the client for Swift, which keeps a refused connection, comes
 * back at once and without any pause when it is closed.
 */
const MAX_SAID = 10;

/** A connection of Engine.IO, and what is known about whoever is on it. */
interface Heard {
  said: number;
  admitted: boolean;
}

interface Packet {
  type: string;
  data?: unknown;
}

interface Stranger {
  readonly address: string;
  readonly deadline: NodeJS.Timeout;
  /** Whether it may come in is being found out. */
  deciding: boolean;
  /** It has been turned away before, on this connection. */
  refused: boolean;
  forget(): void;
}

/**
 * Connections that have not said who they are, and what they may ask of us before that. They count until their TCP
 * connection is gone, whatever became of them.
 */
export class Strangers {
  private readonly here = new Map<Connection, Stranger>();
  /** Oldest first. */
  private readonly byAddress = new Map<string, Set<Connection>>();

  constructor(
    private readonly mostOfAddress: number,
    private readonly mostOfAll = MAX_STRANGERS,
  ) {}

  tooManyOf(address: string): boolean {
    return (this.byAddress.get(address)?.size ?? 0) >= this.mostOfAddress;
  }

  /** Where all places are taken, the oldest connection of the address that holds most makes room. */
  add(connection: Connection, address: string): void {
    if (this.here.size >= this.mostOfAll) this.makeRoom();
    const socket = webSocketOf(connection);
    const gone = (): void => this.remove(connection);
    const pinged = (): void => count(connection);
    const forget = (): void => void socket.off('close', gone).off('ping', pinged);
    // Socket.io has closed it by then; but a connection whose client reads nothing is never done with closing.
    const deadline = setTimeout(() => cutOff(connection), STRANGE_MS + GOODBYE_MS).unref();
    this.here.set(connection, { address, deadline, deciding: false, refused: false, forget });
    const ofAddress = this.byAddress.get(address) ?? new Set();
    this.byAddress.set(address, ofAddress.add(connection));
    Object.assign(connection, { said: 0, admitted: false } satisfies Heard);
    socket.on('close', gone).on('ping', pinged);
    connection.on('packet', heard);
  }

  /**
   * Finds out whether whoever is on the connection may come in. What it asks meanwhile is not looked at.
   * @param decide is given the address, and whether this is not the first time
   * @returns the error it is refused with; undefined: it may come in; null: there is nothing to answer
   */
  async decide(
    connection: Connection,
    decide: (address: string, again: boolean) => Promise<void>,
  ): Promise<unknown> {
    const stranger = this.here.get(connection);
    if (connection.readyState !== 'open' || !stranger || stranger.deciding) return null;
    stranger.deciding = true;
    try {
      await decide(stranger.address, stranger.refused);
      return undefined;
    } catch (error) {
      stranger.deciding = false;
      stranger.refused = true;
      return error;
    }
  }

  /** No stranger any more. Being let in again is still not to be asked for without end. */
  admit(connection: Connection): void {
    (connection as unknown as Heard).admitted = true;
    this.remove(connection);
  }

  private remove(connection: Connection): void {
    const stranger = this.here.get(connection);
    if (!stranger) return;
    const { address, deadline, forget } = stranger;
    forget();
    clearTimeout(deadline);
    this.here.delete(connection);
    const ofAddress = this.byAddress.get(address)!;
    ofAddress.delete(connection);
    if (ofAddress.size === 0) this.byAddress.delete(address);
  }

  private makeRoom(): void {
    let most = new Set<Connection>();
    for (const ofAddress of this.byAddress.values()) if (ofAddress.size > most.size) most = ofAddress;
    for (const oldest of most) {
      this.remove(oldest);
      return cutOff(oldest);
    }
  }
}

/** One function for all connections, called on the connection. Socket.io's packets of type 0 ask to be let in. */
function heard(this: Connection, { type, data }: Packet): void {
  const asksToComeIn = type === 'message' && typeof data === 'string' && data.startsWith('0');
  if (asksToComeIn || !(this as unknown as Heard).admitted) count(this);
}

/** Nothing is heard any more of whoever says too much, not even what has arrived already. */
function count(connection: Connection): void {
  if (++(connection as unknown as Heard).said <= MAX_SAID) return;
  connection.close(true);
  cutOff(connection);
}
