import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

interface Link {
  client: Socket;
  upstream: Socket;
  /** The answer that comes next is lost, and the connection with it. */
  doomed: boolean;
}

/** A network between somebody and a server that may move: it can be cut, fall silent, crawl, or lose one answer. */
export class Wire {
  private readonly server = createServer({ pauseOnConnect: true }, (client) => this.carry(client));
  private readonly links = new Set<Link>();
  private target: number | null = null;
  private silent = false;
  private delayMs = 0;
  private losing: { text: Buffer; done: () => void } | null = null;

  /** @param localAddress whom the server sees: every address of 127.0.0.0/8 is this machine */
  private constructor(private readonly localAddress: string) {}

  static async lay(localAddress = '127.0.0.1'): Promise<Wire> {
    const wire = new Wire(localAddress);
    wire.server.listen(0, '127.0.0.1');
    await once(wire.server, 'listening');
    return wire;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Where new connections lead; null: nowhere, they are refused. */
  pointTo(port: number | null): void {
    this.target = port;
  }

  /** Resets every connection. */
  cut(): void {
    for (const { client, upstream } of this.links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** Half-open: nothing gets through any more, and nobody is told. */
  silence(): void {
    this.silent = true;
    for (const { client, upstream } of this.links) {
      client.pause();
      upstream.pause();
    }
  }

  /** Everything takes so much longer, in both directions. */
  slowDown(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** Delivers the next request that holds this text, and loses its answer. Resolves when that has happened. */
  loseAnswerTo(text: string): Promise<void> {
    return new Promise((done) => (this.losing = { text: Buffer.from(text), done }));
  }

  /** What was held back arrives late. */
  heal(): void {
    this.silent = false;
    this.delayMs = 0;
    this.losing?.done();
    this.losing = null;
    for (const { client, upstream } of this.links) {
      client.resume();
      upstream.resume();
    }
  }

  async close(): Promise<void> {
    this.heal();
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(client: Socket): void {
    if (this.target === null) {
      client.resetAndDestroy();
      return;
    }
    const { localAddress } = this;
    const upstream = connect({ host: '127.0.0.1', port: this.target, localAddress, noDelay: true });
    client.setNoDelay(true);
    const link = { client, upstream, doomed: false };
    this.links.add(link);
    this.join(link, client, upstream);
    this.join(link, upstream, client);
    if (this.silent) upstream.pause();
    else client.resume();
  }

  private join(link: Link, from: Socket, to: Socket): void {
    from.on('data', (data) => {
      if (from === link.upstream && link.doomed) {
        link.client.resetAndDestroy();
        link.upstream.resetAndDestroy();
        return;
      }
      if (from === link.client && this.losing && data.includes(this.losing.text)) {
        link.doomed = true;
        this.losing.done();
        this.losing = null;
      }
      if (this.delayMs === 0) return void to.write(data);
      from.pause();
      setTimeout(() => {
        to.write(data);
        if (!this.silent) from.resume();
      }, this.delayMs);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      this.links.delete(link);
    });
  }
}
