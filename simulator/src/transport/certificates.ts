import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** PEM texts. `ca` is what a client must trust, `key` and `cert` are what a TLS server presents. */
export interface Certificates {
  ca: string;
  key: string;
  cert: string;
}

/** A certificate authority that lives only in memory: nobody who does not ask for its PEM trusts it. */
export interface CertificateAuthority {
  ca: string;
  issue(hosts: string[]): Promise<{ key: string; cert: string }>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 24 * 60 * 60 * 1000;

export async function createAuthority(name = 'Ringway push simulator'): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const subject = `CN=${name} ${randomBytes(4).toString('hex')}`;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...identity(),
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  return {
    ca: certificate.toString('pem'),
    async issue(hosts) {
      const [first] = hosts;
      if (first === undefined) throw new Error('A certificate needs at least one host');
      const leaf = await newKeys();
      const issued = await x509.X509CertificateGenerator.create({
        ...identity(),
        subject: `CN=${first}`,
        issuer: subject,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            hosts.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
          await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
        ],
      });
      return { key: await privateKeyPem(leaf.privateKey), cert: issued.toString('pem') };
    },
  };
}

/** A new authority and one server certificate of it, good for every name and address in `hosts`. */
export async function makeCertificates(hosts: string[]): Promise<Certificates> {
  const authority = await createAuthority();
  return { ca: authority.ca, ...(await authority.issue(hosts)) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** RFC 5280 wants positive serial numbers: the first bit stays clear. A day's grace covers a client whose clock is behind. */
function identity(): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return {
    serialNumber: serial.toString('hex'),
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 825 * day),
  };
}
