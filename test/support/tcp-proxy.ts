import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** How a PostgreSQL answer to a whole statement ends: ReadyForQuery, idle. It is sent after the commit. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

const endsStatement = (data: Buffer): boolean =>
  data.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY);

interface Cut {
  what: 'request' | 'reply';
  isWhole(data: Buffer): boolean;
  done(): void;
}

/** A wire between a client and a server (PostgreSQL, where it is cut in mid-statement) that can be cut or silenced at the worst moment. */
export class TcpProxy {
  private readonly server = createServer({ pauseOnConnect: true }, (client) => this.carry(client));
  private readonly sockets = new Set<Socket>();
  private readonly stranded: Socket[] = [];
  private silent: { until: Promise<void>; end(): void } | null = null;
  private cutting: Cut | null = null;

  private constructor(private target: URL) {}

  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The target's URL, by way of this proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Resets the connection instead of delivering what the client says next. Resolves when that has happened. */
  loseNextRequest(): Promise<void> {
    return new Promise((done) => (this.cutting = { what: 'request', isWhole: () => true, done }));
  }

  /** Delivers the next request, and resets the connection instead of delivering the answer: by default PostgreSQL's. */
  loseNextReply(isWhole = endsStatement): Promise<void> {
    return new Promise((done) => (this.cutting = { what: 'reply', isWhole, done }));
  }

  /** From now on nothing gets through and nobody is told; connections are still accepted. */
  silence(): void {
    let end = (): void => undefined;
    const until = new Promise<void>((resolve) => (end = resolve));
    this.silent = { until, end };
    for (const socket of this.sockets) socket.pause();
  }

  /** What was held back arrives late, even when nobody waits for the answer any more. */
  heal(): void {
    this.silent?.end();
    this.silent = null;
    for (const socket of this.sockets) socket.resume();
  }

  /** What is connected now stays connected and hears nothing ever again; new connections work. */
  strand(): void {
    for (const socket of this.sockets) socket.pause().removeAllListeners('close');
    this.stranded.push(...this.sockets);
    this.sockets.clear();
  }

  /** Nobody listens here any more, and all connections are reset. @returns how to listen again, at the same address */
  refuse(): () => Promise<void> {
    const { port } = this.server.address() as AddressInfo;
    this.server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    return async () => {
      this.server.listen(port, '127.0.0.1');
      await once(this.server, 'listening');
    };
  }

  /** The target has moved. */
  redirect(url: string): void {
    this.target = new URL(url);
  }

  async close(): Promise<void> {
    this.heal();
    this.server.close();
    for (const socket of [...this.sockets, ...this.stranded]) socket.destroy();
    await once(this.server, 'close');
  }

  private carry(client: Socket): void {
    const upstream = connect({ host: this.target.hostname, port: Number(this.target.port), noDelay: true });
    client.setNoDelay(true);
    this.join(client, upstream, 'request');
    this.join(upstream, client, 'reply');
    if (this.silent) upstream.pause();
    void this.silent?.until.then(() => client.resume());
    if (!this.silent) client.resume();
  }

  private join(from: Socket, to: Socket, what: Cut['what']): void {
    this.sockets.add(from);
    from.on('data', (data) => {
      if (this.cutting?.what !== what) return void to.write(data);
      if (!this.cutting.isWhole(data)) return; // the rest of the answer follows, and is lost as well
      const { done } = this.cutting;
      this.cutting = null;
      from.resetAndDestroy();
      to.resetAndDestroy();
      done();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => this.sockets.delete(from));
  }
}
