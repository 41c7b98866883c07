import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Messages between nodes, closed under a secret that only the nodes of one database share: SDP goes through Redis, and
 * who can read Redis learns nothing, who can write to it is not believed. Every process has a key of its own, derived
 * from the secret and its name, so that no key meets as many messages as could exhaust its IVs.
 */
export class Envelopes {
  private readonly keys = new Map<string, Buffer>();

  constructor(
    private readonly secret: string,
    private readonly nodeId: string,
  ) {}

  seal(message: object): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.keyOf(this.nodeId), iv);
    const box = [iv, cipher.update(JSON.stringify(message)), cipher.final(), cipher.getAuthTag()];
    return `${this.nodeId} ${Buffer.concat(box).toString('base64')}`;
  }

  /** @throws Error for whatever was not sealed by a node of this database */
  open(envelope: string): unknown {
    const [from = '', box = ''] = envelope.split(' ');
    const bytes = Buffer.from(box, 'base64');
    const key = this.keyOf(from);
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    const message: unknown = JSON.parse(Buffer.concat([text, decipher.final()]).toString());
    this.keys.set(from, key); // whose name strangers made up never gets here
    return message;
  }

  private keyOf(nodeId: string): Buffer {
    return (
      this.keys.get(nodeId) ?? Buffer.from(hkdfSync('sha256', this.secret, nodeId, 'messages of a node', 32))
    );
  }
}
