// Sends messages with firebase-admin, as its users do, and prints what each became. Input: JSON in the environment.
import { cert, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';

const { serviceAccount, messages, transport } = JSON.parse(process.env.JOB ?? '{}');
const messaging = getMessaging(initializeApp({ credential: cert(serviceAccount) }));
if (transport === 'http1') messaging.enableLegacyHttpTransport();

const { responses } = await messaging.sendEach(messages);
const results = responses.map(({ success, messageId, error }) =>
  success ? { messageId } : { code: error.code, message: error.message },
);
process.stdout.write(JSON.stringify(results));
process.exit(0);
