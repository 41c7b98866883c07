import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { account, apns, apnsApp, faultsOf, fcm, keyOn, namesOf, read, rsaKey } from '../support/settings.js';

const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();

const folder = mkdtempSync(join(tmpdir(), 'ringway-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileWith = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('APNS_APPS', () => {
  it('take a key as PEM text, as PEM text with written line breaks, or as the path of a .p8 file', () => {
    const path = fileWith('key.p8', apnsApp.key);
    for (const key of [apnsApp.key, apnsApp.key.replaceAll('\n', '\\n'), path]) {
      expect(read(apns({ ...apnsApp, environment: 'sandbox', key })).push.apnsApps).toEqual([
        { ...apnsApp, environment: 'sandbox', key: apnsApp.key },
      ]);
    }
  });

  it('count twice for both environments', () =>
    expect(read(apns(apnsApp)).push.apnsApps).toEqual([
      { ...apnsApp, environment: 'production' },
      { ...apnsApp, environment: 'sandbox' },
    ]));

  it('may have one key per bundle id and environment, and no two', () => {
    const sandbox = { ...apnsApp, environment: 'sandbox' };
    expect(namesOf(apns(sandbox, { ...apnsApp, environment: 'production' }))).toEqual([]);
    expect(namesOf(apns(sandbox, { ...sandbox, bundleId: 'app.other' }))).toEqual([]);
    expect(namesOf(apns(sandbox, apnsApp))).toEqual(['APNS_APPS']);
  });

  it.each<[string, object]>([
    ['no bundle id', { bundleId: '' }],
    ['an unknown environment', { environment: 'development' }],
    ['no team id', { teamId: undefined }],
    ['no key id', { keyId: 7 }],
    ['an RSA key', { key: rsaKey }],
    ['a key on another curve than ES256 needs', { key: keyOn('P-384') }],
    ['a public key', { key: publicKey }],
    ['half a key', { key: apnsApp.key.slice(0, 80) }],
    ['a path to nothing', { key: '/nowhere/key.p8' }],
    ['a path to a folder', { key: '/' }],
    ['a path that is none', { key: 'a\0b' }],
  ])('with %s are refused, and it is said where', (_, change) => {
    const faults = faultsOf(apns(apnsApp, { ...apnsApp, bundleId: 'app.other', ...change }));
    expect(faults).toEqual([{ name: 'APNS_APPS', problem: expect.stringMatching(/^at 1\./) as string }]);
  });
});

describe('FCM_APPS', () => {
  const app = { projectId: 'p', clientEmail: account.client_email, privateKey: rsaKey };

  it('take a service account as an object, as JSON text, or as the path of its file', () => {
    const text = JSON.stringify(account);
    for (const serviceAccount of [account, text, ` ${text}`, fileWith('account.json', text)]) {
      expect(read(fcm({ projectId: 'p', serviceAccount })).push.fcmApps).toEqual([
        { ...app, tokenUri: 'https://oauth2.googleapis.com/token' },
      ]);
    }
  });

  it('honour its token_uri', () =>
    expect(
      read(fcm({ projectId: 'p', serviceAccount: { ...account, token_uri: 'https://t/token' } })).push
        .fcmApps,
    ).toEqual([{ ...app, tokenUri: 'https://t/token' }]));

  it('may have each project once', () => {
    const one = { projectId: 'p', serviceAccount: account };
    expect(namesOf(fcm(one, { ...one, projectId: 'q' }))).toEqual([]);
    expect(namesOf(fcm(one, one))).toEqual(['FCM_APPS']);
  });

  it.each<[string, unknown]>([
    ['no service account', undefined],
    ['a service account without a key', { client_email: 'a@b' }],
    ['a service account without an address', { private_key: rsaKey }],
    ['an EC key', { ...account, private_key: apnsApp.key }],
    ['a token_uri that is none', { ...account, token_uri: 'token' }],
    ['JSON that is cut short', '{"client_email":'],
    ['a path to nothing', '/nowhere/account.json'],
    ['a path to a folder', '/'],
  ])('with %s are refused, and it is said where', (_, serviceAccount) => {
    const faults = faultsOf(fcm({ projectId: 'p', serviceAccount }));
    expect(faults).toEqual([
      { name: 'FCM_APPS', problem: expect.stringMatching(/^at 0\.serviceAccount/) as string },
    ]);
  });
});

describe('PUSH_CA_FILE', () => {
  it('is the path of certificates, which are read at once', () => {
    const certificates = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    expect(read({ PUSH_CA_FILE: fileWith('ca.pem', certificates) }).push.ca).toBe(certificates);
  });
});
