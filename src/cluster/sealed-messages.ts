import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Clock } from '../time/clock.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** How far the clock of a message may be from this node's. All nodes go by PostgreSQL's clock. */
const MAX_AGE_MS = 60_000;
/** More nodes than a cluster has: only then it is looked for those that are gone. */
const MANY_PEERS = 100;

/** What a message says besides its content. */
interface Seal {
  /** Counts the sender's messages. */
  nr: number;
  /** Milliseconds since the epoch, by PostgreSQL's clock. */
  at: number;
  /** The one node that may open it; null: every node. */
  to: string | null;
  content: unknown;
}

/** A node whose messages this one has opened. */
interface Peer {
  key: Buffer;
  lastNr: number;
  lastAt: number;
}

/**
 * Messages between nodes, closed under a secret that only the nodes of one database share: SDP goes through Redis, and
 * who can read Redis learns nothing, who can write to it is not believed. Every process has a key of its own, derived
 * from the secret and its name, so that no key meets as many messages as could exhaust its IVs. A message is opened once:
 * each carries its sender's count, which only rises, and its time.
 */
export class Envelopes {
  private readonly peers = new Map<string, Peer>();
  private readonly ownKey: Buffer;
  private readonly since: number;
  private count = 0;

  constructor(
    private readonly secret: string,
    private readonly nodeId: string,
    private readonly clock: Clock,
  ) {
    this.ownKey = this.keyOf(nodeId);
    this.since = clock.now();
  }

  /** A name for what the nodes of this database share in Redis. It does not tell the secret. */
  get realm(): string {
    return Buffer.from(hkdfSync('sha256', this.secret, '', 'channel of the nodes', 16)).toString('hex');
  }

  seal(content: object, to: string | null = null): string {
    const seal: Seal = { nr: ++this.count, at: this.clock.now(), to, content };
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.ownKey, iv);
    const box = [iv, cipher.update(JSON.stringify(seal)), cipher.final(), cipher.getAuthTag()];
    return `${this.nodeId} ${Buffer.concat(box).toString('base64')}`;
  }

  /** Which node a message says that it comes from. */
  static senderOf(envelope: string): string {
    return envelope.slice(0, Math.max(envelope.indexOf(' '), 0));
  }

  /** @throws Error for whatever was not sealed by a node of this database, for this node, just now, and not opened before */
  open(envelope: string): unknown {
    const from = Envelopes.senderOf(envelope);
    const peer = this.peers.get(from) ?? { key: this.keyOf(from), lastNr: 0, lastAt: 0 };
    const { nr, at, to, content } = decrypt(peer.key, envelope.slice(from.length + 1));
    if (to !== null && to !== this.nodeId) throw new Error('is for another node');
    if (nr <= peer.lastNr) throw new Error('was opened before');
    const now = this.clock.now();
    if (at < this.since || Math.abs(now - at) > MAX_AGE_MS) throw new Error('is too old');
    if (this.peers.size >= MANY_PEERS && !this.peers.has(from)) this.forgetPeers(now - 2 * MAX_AGE_MS);
    this.peers.set(from, { key: peer.key, lastNr: nr, lastAt: now }); // whose name strangers made up never gets here
    return content;
  }

  /** Those that have been silent for so long that all their messages are too old. */
  private forgetPeers(silentSince: number): void {
    for (const [nodeId, { lastAt }] of this.peers) if (lastAt < silentSince) this.peers.delete(nodeId);
  }

  private keyOf(nodeId: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.secret, nodeId, 'messages of a node', 32));
  }
}

function decrypt(key: Buffer, box: string): Seal {
  const bytes = Buffer.from(box, 'base64');
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
  return JSON.parse(Buffer.concat([text, decipher.final()]).toString()) as Seal;
}
