import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

const contexts = new Map<string, SecureContext>();

/**
 * TLS options that trust the public roots and, where one is given, the operator's own authority (PEM) as well: with
 * PUSH_CA_FILE set for a proxy on one origin, Apple's and Google's own hosts must keep working. Made once for every
 * text, because parsing all roots takes 20 ms.
 */
export function trust(ca: string | undefined): { secureContext?: SecureContext } {
  if (ca === undefined) return {};
  const secureContext = contexts.get(ca) ?? createSecureContext({ ca: [...rootCertificates, ca] });
  contexts.set(ca, secureContext);
  return { secureContext };
}
