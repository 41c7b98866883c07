// A phone as a newcomer writes it: plain Node, plain socket.io-client, no help from the tests.
//   node plain-phone.mjs <url> caller <callId>     node plain-phone.mjs <url> callee
// Prints what it hears and is answered, one JSON array per line.
import { io } from 'socket.io-client';

const [url, role, callId] = process.argv.slice(2);
const userId = role === 'caller' ? 'alice' : 'bob';
const response = await fetch(`${url}/v1/dev/tokens`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ userId, name: userId === 'alice' ? 'Alice' : 'Bob' }),
});
const { token } = await response.json();
const socket = io(url, { transports: ['websocket'], auth: { token, deviceId: `${userId}-node` } });

const print = (...what) => console.log(JSON.stringify(what));
const say = async (event, payload) => print('answer', event, await socket.emitWithAck(event, payload));
socket.onAny((event, payload) => print('heard', event, payload));
socket.on('connect_error', (error) => print('refused', error.data));

const callee = {
  'call:incoming': async ({ call }, ack) => {
    ack();
    await say('call:ringing', { callId: call.callId });
    await say('call:answer', { callId: call.callId });
  },
  'call:signal': async ({ callId, signal }, ack) => {
    ack();
    if (signal.type === 'offer')
      await say('call:signal', { callId, signal: { type: 'answer', sdp: 'v=0 bob' } });
    if (signal.candidate) await say('call:media', { callId, audio: true, video: true });
  },
  'call:ended': () => socket.disconnect(),
};
const caller = {
  sync: async (_, ack) => {
    ack();
    await say('call:initiate', { callId, callee: 'bob', media: 'video', metadata: { topic: 'lunch' } });
    await say('call:signal', { callId, signal: { type: 'offer', sdp: 'v=0 alice' } });
  },
  'call:signal': async ({ signal }, ack) => {
    ack();
    if (signal.type === 'answer')
      await say('call:signal', { callId, signal: { candidate: 'candidate:1 1 udp' } });
  },
  'call:media': async () => {
    await say('call:end', { callId });
    socket.disconnect();
  },
};
for (const [event, handle] of Object.entries(role === 'caller' ? caller : callee)) socket.on(event, handle);
socket.on('disconnect', () => process.exit(0));
