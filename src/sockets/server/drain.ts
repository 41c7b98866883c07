import { setTimeout as pause } from 'node:timers/promises';
import { hangUp } from './close-connection.js';
import type { Session } from '../session/sessions.js';

const SLICES = 10;
const GRACE_SLICES = 5;
/** By then every command is answered, or was told that it takes too long. */
const IN_HAND_MS = 2_000;
const LOOK_MS = 25;

/**
 * Sends devices to other nodes, a slice at a time: each is told a moment of its own, and is closed a while after it, so
 * that it can be connected there before it is disconnected here. What it has asked is answered before. Closing the
 * transport, not the session, lets clients reconnect by themselves.
 */
export async function drain(sessions: readonly Session[], withinMs: number): Promise<void> {
  const sliceMs = withinMs / (SLICES + GRACE_SLICES);
  for (const [index, { socket }] of sessions.entries()) {
    const reconnectInMs = Math.round(((index % SLICES) + Math.random()) * sliceMs);
    socket.emit('server:draining', { reconnectInMs });
  }
  if (sessions.length === 0) return;
  const closing: Promise<void>[] = [];
  await pause(GRACE_SLICES * sliceMs);
  for (let slice = 0; slice < SLICES; slice++) {
    await pause(sliceMs);
    closing.push(...sessions.filter((_, index) => index % SLICES === slice).map(close));
  }
  await Promise.all(closing);
}

async function close(session: Session): Promise<void> {
  const until = performance.now() + IN_HAND_MS;
  while (session.inHand > 0 && performance.now() < until) await pause(LOOK_MS);
  hangUp(session.socket.conn);
}
