import { computed, signal } from '@preact/signals';
import type { Call, IceServers } from 'ringway-client';
import { CallMedia } from 'ringway-client/webrtc';

/** What this person's microphone and camera give; and, in words, what they do not. */
export interface OwnStream {
  stream: MediaStream | null;
  problem: string | null;
}

/** Opens microphone and camera. Whatever is refused or missing, the call goes on without it. */
export async function openStream(video: boolean): Promise<OwnStream> {
  if (!('mediaDevices' in navigator)) {
    return {
      stream: null,
      problem: 'This page may not use the microphone: open it by https or on localhost.',
    };
  }
  const open = (wanted: MediaStreamConstraints): Promise<MediaStream> =>
    navigator.mediaDevices.getUserMedia(wanted);
  try {
    return { stream: await open({ audio: true, video }), problem: null };
  } catch (error) {
    const [audio, camera] = await Promise.all([
      video ? open({ audio: true }).catch(() => null) : null,
      video ? open({ video: true }).catch(() => null) : null,
    ]);
    const tracks = [...(audio?.getTracks() ?? []), ...(camera?.getTracks() ?? [])];
    const lost = [audio ? '' : 'microphone', video && !camera ? 'camera' : ''].filter(Boolean);
    const stream = tracks.length > 0 ? new MediaStream(tracks) : null;
    return { stream, problem: inWords(lost, error) };
  }
}

function inWords(lost: string[], error: unknown): string | null {
  if (lost.length === 0) return null;
  const name = error instanceof DOMException ? error.name : '';
  const what = lost.join(' and ');
  const why =
    name === 'NotAllowedError'
      ? 'is blocked: allow it beside the address of this page'
      : name === 'NotFoundError'
        ? 'was not found'
        : 'cannot be opened: another program may have it';
  return `The ${what} ${lost.length > 1 ? why.replace(/^is /, 'are ').replace(/^was /, 'were ') : why}. The call goes on without.`;
}

/** Pictures and sound of one call: what is sent, what comes, and what is switched off. */
export class CallSession {
  readonly own = signal<MediaStream | null>(null);
  readonly remote = signal<MediaStream | null>(null);
  /** Whether a picture comes. */
  readonly remoteVideo = signal(false);
  /** Whether the first of it is to be seen. */
  readonly remoteShown = signal(false);
  /** How it stands with the way from browser to browser. */
  readonly connection = signal<RTCPeerConnectionState>('new');
  readonly muted = signal(false);
  readonly cameraOn = signal(false);
  readonly held = signal(false);
  readonly problem = signal<string | null>(null);
  /** What the microphone and camera are for the other side. */
  readonly hasAudio = computed(() => (this.own.value?.getAudioTracks().length ?? 0) > 0);
  private media: CallMedia | null = null;
  private closed = false;

  private constructor(private readonly call: Call) {}

  /** Starts to open microphone and camera, and to talk to the other side as soon as there is an answer. */
  static open(call: Call, video: boolean, iceServers: () => Promise<IceServers>): CallSession {
    const session = new CallSession(call);
    void session.start(video, iceServers);
    return session;
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    this.media?.setMuted(muted || !this.hasAudio.value).catch(ignore);
  }

  setHeld(held: boolean): void {
    this.held.value = held;
    this.media?.setHeld(held).catch(ignore);
  }

  async setCamera(on: boolean): Promise<void> {
    const had = this.own.value?.getVideoTracks()[0];
    if (!on || had) this.media?.setCamera(on).catch(ignore);
    else if (!(await this.addCamera())) return;
    this.cameraOn.value = on;
  }

  close(): void {
    this.closed = true;
    this.media?.close();
    for (const track of this.own.value?.getTracks() ?? []) track.stop();
  }

  private async start(video: boolean, iceServers: () => Promise<IceServers>): Promise<void> {
    const [{ stream, problem }, ice] = await Promise.all([
      openStream(video),
      iceServers().catch(() => ({ iceServers: [] })),
    ]);
    this.problem.value = problem;
    this.own.value = stream;
    this.cameraOn.value = (stream?.getVideoTracks().length ?? 0) > 0;
    if (this.closed) return this.close();
    this.media = new CallMedia(this.call, { iceServers: ice.iceServers, localStream: stream });
    this.watch(this.media);
    if (this.muted.value || !this.hasAudio.value) this.setMuted(this.muted.value);
    if (this.held.value) this.setHeld(true);
  }

  /** A voice call becomes one with a picture. */
  private async addCamera(): Promise<boolean> {
    try {
      const [track] = (await navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks();
      if (this.closed || !track) return false;
      this.own.value = new MediaStream([...(this.own.value?.getTracks() ?? []), track]);
      this.media?.replaceTrack(track).catch(ignore);
      return true;
    } catch (error) {
      this.problem.value = inWords(['camera'], error);
      return false;
    }
  }

  private watch(media: CallMedia): void {
    const look = (): void => {
      const { remoteStream } = media;
      this.remote.value = remoteStream;
      this.remoteVideo.value = remoteStream.getVideoTracks().some(({ readyState }) => readyState === 'live');
    };
    media.on('state', (state) => (this.connection.value = state));
    media.on('track', (track) => {
      if (track.kind === 'video') this.remoteShown.value = false;
      track.addEventListener('ended', look);
      look();
    });
  }
}

/** Told again with the next change, and by the SDK after a reconnect. */
const ignore = (): void => undefined;
