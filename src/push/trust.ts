import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/**
 * TLS options that trust the public roots and, where one is given, the operator's own authority (PEM) as well: with
 * PUSH_CA_FILE set for a proxy on one origin, Apple's and Google's own hosts must keep working. Make it once per
 * origin: parsing every root takes 20 ms.
 */
export function trust(ca: string | undefined): { secureContext?: SecureContext } {
  return ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) };
}
