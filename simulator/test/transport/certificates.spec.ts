import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, connect, type TLSSocket } from 'node:tls';
import { createAuthority, makeCertificates } from '../../src/transport/certificates.js';

describe('the test certificates', () => {
  it('are trusted by a client that has the authority, by name and by address', async () => {
    const { ca, key, cert } = await makeCertificates(['api.push.apple.com', 'localhost', '127.0.0.1']);
    for (const servername of ['api.push.apple.com', 'localhost']) {
      expect(await handshake({ key, cert }, { ca, servername })).toBe('trusted');
    }
    const leaf = new X509Certificate(cert);
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.verify(new X509Certificate(ca).publicKey)).toBe(true);
  });

  it('are refused by a client that trusts another authority', async () => {
    const { key, cert } = await makeCertificates(['localhost']);
    const other = await createAuthority();
    await expect(handshake({ key, cert }, { ca: other.ca, servername: 'localhost' })).rejects.toThrow(
      /certificate|signature/,
    );
  });

  it('are refused for a host they do not name', async () => {
    const { ca, key, cert } = await makeCertificates(['localhost']);
    await expect(handshake({ key, cert }, { ca, servername: 'fcm.googleapis.com' })).rejects.toThrow(
      /altnames/,
    );
  });
});

async function handshake(
  server: { key: string; cert: string },
  client: { ca: string; servername: string },
): Promise<string> {
  const listener = createServer(server);
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  let socket: TLSSocket | undefined;
  try {
    socket = connect({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port, ...client });
    await once(socket, 'secureConnect');
    return socket.authorized ? 'trusted' : 'refused';
  } finally {
    socket?.destroy();
    listener.close();
  }
}
