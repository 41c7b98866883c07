// A phone that only does what the protocol asks, over a bare WebSocket: a load generator must cost less than what it measures.
import { request, Agent } from 'node:http';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';

const RECONNECT_MS = 200;
/** Every address of 127.0.0.0/8 is this machine on Linux: so the limits per address hit whom they should. */
const from = (address) => (process.platform === 'linux' ? { localAddress: address } : {});

export function tokensOf(secret) {
  const key = new TextEncoder().encode(secret);
  return (userId) =>
    new SignJWT({ sub: userId, name: `Name of ${userId}` })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('2h')
      .sign(key);
}

const refusal = (code) => ({ ok: false, error: { code } });

export class Phone {
  /** Hears everything the gateway says but acknowledgements; what it returns does not matter. */
  onEvent = () => undefined;
  acknowledges = true;
  /** Whether it comes back by itself when its connection breaks. */
  comesBack = true;
  socket = null;
  #in = false;
  #waiting = new Map();
  #nextId = 0;
  #connecting = null;

  /** @param {{port: number, token: string, deviceId: string, address: string}} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** Resolves when it is in and has had its first sync; rejects when it is refused and does not come back. */
  connect() {
    return new Promise((resolve, reject) => {
      this.#connecting = { resolve, reject };
      this.#open();
    });
  }

  /**
   * A command and its answer, or a refusal of this phone's own when there is none within the time. What was not answered
   * when the connection broke is said again on the next one.
   */
  say(event, payload, withinMs = 10_000) {
    const id = this.#nextId++;
    const frame = `42${id}${JSON.stringify([event, payload])}`;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#settle(id, refusal('NO_ANSWER')), withinMs);
      this.#waiting.set(id, { frame, resolve, late });
      if (this.#in) this.send(frame);
      else if (!this.comesBack && this.socket?.readyState !== WebSocket.OPEN)
        this.#settle(id, refusal('NOT_CONNECTED'));
    });
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  /** Reads nothing any more. */
  stopReading() {
    this.socket.pause();
  }

  close() {
    this.comesBack = false;
    this.socket?.terminate();
  }

  #open() {
    const { port, token, deviceId, address } = this.parts;
    const url = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`;
    const socket = new WebSocket(url, { perMessageDeflate: false, ...from(address) });
    this.socket = socket;
    let why = 'NOT_CONNECTED';
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#in = false;
      if (this.comesBack) return void setTimeout(() => this.comesBack && this.#open(), RECONNECT_MS);
      this.#connecting.reject(Object.assign(new Error(why), { code: why }));
      for (const id of this.#waiting.keys()) this.#settle(id, refusal(why));
    });
    socket.on('message', (data) => {
      const frame = data.toString();
      if (frame === '2') return socket.send('3');
      if (frame.startsWith('0')) return socket.send(`40${JSON.stringify({ token, deviceId })}`);
      if (frame.startsWith('44')) {
        why = JSON.parse(frame.slice(2)).data?.code ?? why;
        return socket.terminate();
      }
      const [, type, id, body] = /^4([23])(\d*)(\[.*)$/s.exec(frame) ?? [];
      if (type === '3') return this.#settle(Number(id), JSON.parse(body)[0]);
      if (type !== '2') return;
      if (id && this.acknowledges) socket.send(`43${id}[]`);
      const [event, payload] = JSON.parse(body);
      if (event === 'sync' && !this.#in) this.#isIn();
      this.onEvent(event, payload);
    });
  }

  #isIn() {
    this.#in = true;
    this.#connecting.resolve();
    for (const { frame } of this.#waiting.values()) this.send(frame);
  }

  #settle(id, answer) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.late);
    waiting.resolve(answer);
  }
}

/** Requests to the gateway from one address. @returns `(method, path, {token?, body?}) => {status, body}`, status 0: no answer */
export function httpFrom({ port, address }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ...from(address) });
  return (method, path, { token, body } = {}) =>
    new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      };
      const nothing = () => resolve({ status: 0, body: null });
      const options = { host: '127.0.0.1', port, method, path, headers, agent, timeout: 10_000 };
      const sent = request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', nothing);
        response.on('end', () => resolve({ status: response.statusCode, body: parsed(chunks) }));
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', nothing);
      sent.end(text);
    });
}

function parsed(chunks) {
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return null;
  }
}
