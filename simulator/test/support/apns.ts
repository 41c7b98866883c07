import type { ClientHttp2Session } from 'node:http2';
import { post, providerToken, type Push, type Reply, voipBody, voipHeaders } from './senders.js';
import { connectTo, simulator } from './simulator.js';

export const bundleId = 'com.example.app';

/** Of an iPhone that is new in each test, with its app from Xcode. */
export let token: string;
/** A provider token that is new in each test. */
export let authorization: string;

beforeEach(async () => {
  authorization = await newAuthorization();
  token = simulator.registerIosDevice({ bundleId, environment: 'sandbox' }).token;
});

export const newAuthorization = async (claims?: Record<string, unknown>): Promise<string> =>
  `bearer ${await providerToken({ key: simulator.apnsKey, now: simulator.clock.now(), claims })}`;

export const toSandbox = (): Promise<ClientHttp2Session> => connectTo('apnsSandbox');

/** A faultless VoIP push to the iPhone, but for what is changed. */
export const push = (
  session: ClientHttp2Session,
  change: Partial<Push> = {},
  body: string | Buffer = voipBody(),
): Promise<Reply> => post(session, voipHeaders({ token, authorization, ...change }), body);

/** `200 accepted`, or status and reason of a refusal. */
export const outcome = ({ status, reason }: Reply): string => `${status} ${reason ?? 'accepted'}`;
