// The least an HTTP/2 server can do: reads frames, checks nothing, says 200 to every request. Nearly all time is the sender's.
import * as tls from 'node:tls';

const FRAME = { data: 0, headers: 1, settings: 4, ping: 6, windowUpdate: 8 };
const END_STREAM = 0x1;
const ACK = 0x1;
const PREFACE_BYTES = 24;

export function leanApns({ key, cert }, onPush = () => undefined) {
  const server = tls.createServer({ key, cert, ALPNProtocols: ['h2'] }, (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.write(frame(FRAME.settings, 0, 0, Buffer.from([0, 3, 0, 0, 3, 232]))); // 1000 streams
    let rest = Buffer.alloc(0);
    let prefaceRead = false;
    let unacknowledged = 0;
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const out = [];
      if (!prefaceRead) {
        if (rest.length < PREFACE_BYTES) return;
        rest = rest.subarray(PREFACE_BYTES);
        prefaceRead = true;
      }
      while (rest.length >= 9) {
        const length = rest.readUIntBE(0, 3);
        if (rest.length < 9 + length) break;
        const type = rest[3];
        const flags = rest[4];
        const stream = rest.readUInt32BE(5);
        if (type === FRAME.settings && !(flags & ACK)) out.push(frame(FRAME.settings, ACK, 0));
        if (type === FRAME.ping && !(flags & ACK)) out.push(frame(FRAME.ping, ACK, 0, rest.subarray(9, 17)));
        if (type === FRAME.data) unacknowledged += length;
        if ((type === FRAME.data || type === FRAME.headers) && flags & END_STREAM) {
          onPush();
          out.push(frame(FRAME.headers, 0x4 | END_STREAM, stream, Buffer.from([0x88]))); // :status 200
        }
        rest = rest.subarray(9 + length);
      }
      if (unacknowledged > 16_384) {
        const more = Buffer.alloc(4);
        more.writeUInt32BE(unacknowledged);
        out.push(frame(FRAME.windowUpdate, 0, 0, more));
        unacknowledged = 0;
      }
      if (out.length > 0) socket.write(Buffer.concat(out));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
