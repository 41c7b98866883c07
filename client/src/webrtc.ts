import type { Call } from './call.js';
import { Emitter } from './emitter.js';

export type { Call } from './call.js';

/** What goes through `call.sendSignal`: descriptions and candidates as WebRTC has them (RFC 8829). */
export type PeerSignal =
  { type: 'offer' | 'answer'; sdp: string } | { type: 'candidate'; candidate: RTCIceCandidateInit | null };

export interface CallMediaOptions {
  /** As `ringway.http.iceServers()` gives them. */
  iceServers?: RTCIceServer[];
  /** Its tracks are sent. They stay the app's: `close()` does not stop them. */
  localStream?: MediaStream | null;
  /** Where there are no globals: React Native, tests. */
  RTCPeerConnection?: typeof RTCPeerConnection;
  MediaStream?: typeof MediaStream;
}

export interface CallMediaEvents {
  /** The other side sends this; it is in `remoteStream` already. */
  track: [track: MediaStreamTrack, stream: MediaStream];
  state: [state: RTCPeerConnectionState];
  /** What went wrong while negotiating; it is tried again where that can help. */
  error: [error: Error];
}

/** A path that is broken for so long is looked for anew. */
const DISCONNECTED_MS = 3_000;
/**
 * So is one that was not found for so long, and then for twice as long each time. Who had no network at first has no
 * candidates, and a connection without any waits for ever: it never counts as failed.
 */
const NO_PATH_MS = 8_000;
/** An offer without an answer for so long was lost with a gateway, most likely: it is sent again. */
const OFFER_AGAIN_MS = 5_000;

/**
 * The audio and video of a call, peer to peer: perfect negotiation (https://w3c.github.io/webrtc-pc/#perfect-negotiation-example)
 * over the call's signals, the callee being the polite side. Begins when the call is answered, and ends with it.
 */
export class CallMedia extends Emitter<CallMediaEvents> {
  readonly peerConnection: RTCPeerConnection;
  /** What the other side sends; tracks come and go. */
  readonly remoteStream: MediaStream;
  private readonly localStream: MediaStream | null;
  private makingOffer = false;
  private ignoringOffer = false;
  private wantsNegotiation = false;
  private closed = false;
  private muted = false;
  private camera = true;
  private held = false;
  private receiving: Promise<void> = Promise.resolve();
  private brokenTimer: ReturnType<typeof setTimeout> | null = null;
  private noPathTimer: ReturnType<typeof setTimeout> | null = null;
  private noPathMs = NO_PATH_MS;
  private offerTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(
    private readonly call: Call,
    {
      iceServers = [],
      localStream = null,
      RTCPeerConnection: Peer = globalThis.RTCPeerConnection,
      MediaStream: Stream = globalThis.MediaStream,
    }: CallMediaOptions = {},
  ) {
    super();
    this.localStream = localStream;
    this.remoteStream = new Stream();
    this.peerConnection = new Peer({ iceServers });
    // As the app gives them: a track that is switched off stays so.
    this.muted = localStream?.getAudioTracks().some(({ enabled }) => !enabled) ?? false;
    this.camera = localStream?.getVideoTracks().some(({ enabled }) => enabled) ?? false;
    this.listenToPeer();
    for (const track of localStream?.getTracks() ?? []) this.peerConnection.addTrack(track, localStream!);
    this.unsubscribe.push(
      call.on('signal', (signal) => this.receive(signal as PeerSignal)),
      call.on('change', () => this.negotiateIfWanted()),
      call.on('ended', () => this.close()),
    );
    if (call.state === 'ended') this.close();
    else this.tell().catch(() => undefined); // told again with the next change, and after a reconnect
  }

  get state(): RTCPeerConnectionState {
    return this.peerConnection.connectionState;
  }

  /** Sends this track instead of the one of its kind, or in addition when there is none; null stops sending. */
  async replaceTrack(track: MediaStreamTrack | null, kind = track?.kind ?? 'video'): Promise<void> {
    const ofKind = this.peerConnection
      .getTransceivers()
      .find(({ sender, receiver }) => (sender.track ?? receiver.track).kind === kind);
    if (ofKind) {
      await ofKind.sender.replaceTrack(track);
      if (track && ofKind.direction !== 'sendrecv') ofKind.direction = 'sendrecv'; // negotiates
    } else if (track) this.peerConnection.addTrack(track, this.localStream ?? this.remoteStream);
    if (kind === 'video') this.camera = track !== null;
    await this.tell();
  }

  setMuted(muted: boolean): Promise<void> {
    this.muted = muted;
    return this.tell();
  }

  /** Switches sending the camera's picture; with no video track yet, give one to `replaceTrack`. */
  setCamera(on: boolean): Promise<void> {
    this.camera = on;
    return this.tell();
  }

  /** On hold nothing is sent, and nothing of the other side is heard or seen. */
  setHeld(held: boolean): Promise<void> {
    this.held = held;
    for (const { receiver } of this.peerConnection.getTransceivers()) receiver.track.enabled = !held;
    return this.tell();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const off of this.unsubscribe) off();
    for (const timer of ['brokenTimer', 'noPathTimer', 'offerTimer'] as const) this.clear(timer);
    const { peerConnection: peer } = this;
    peer.onnegotiationneeded = peer.onicecandidate = peer.ontrack = null;
    peer.onconnectionstatechange = peer.oniceconnectionstatechange = peer.onsignalingstatechange = null;
    peer.close();
    this.emit('state', 'closed');
  }

  private get polite(): boolean {
    return this.call.direction === 'incoming';
  }

  private listenToPeer(): void {
    const { peerConnection: peer } = this;
    peer.onnegotiationneeded = () => {
      this.wantsNegotiation = true;
      this.negotiateIfWanted();
    };
    peer.onicecandidate = ({ candidate }) => {
      this.send({ type: 'candidate', candidate: candidate && plain(candidate) });
    };
    peer.ontrack = ({ track }) => {
      this.remoteStream.addTrack(track);
      track.enabled = !this.held;
      track.onended = () => this.remoteStream.removeTrack(track);
      this.emit('track', track, this.remoteStream);
    };
    peer.onconnectionstatechange = () => this.emit('state', peer.connectionState);
    peer.oniceconnectionstatechange = () => this.pathChanged(peer.iceConnectionState);
    peer.onsignalingstatechange = () => {
      this.watchOffer();
      this.watchForPath();
    };
  }

  /** Nobody knows which device answers before one has: until then nothing is offered. */
  private negotiateIfWanted(): void {
    if (!this.wantsNegotiation || this.closed || this.call.state !== 'answered') return;
    this.wantsNegotiation = false;
    void this.offer();
  }

  private async offer(): Promise<void> {
    try {
      this.makingOffer = true;
      await this.peerConnection.setLocalDescription();
      this.sendDescription();
    } catch (error) {
      this.failed(error);
    } finally {
      this.makingOffer = false;
    }
  }

  /** One after the other, in the order they were sent. */
  private receive(signal: PeerSignal): void {
    this.receiving = this.receiving.then(async () => {
      if (this.closed) return;
      try {
        if (signal.type === 'candidate') await this.receiveCandidate(signal.candidate);
        else await this.receiveDescription(signal);
      } catch (error) {
        this.failed(error);
      }
    });
  }

  private async receiveDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const { peerConnection: peer } = this;
    // An answer that comes twice has been taken already.
    if (description.type === 'answer' && peer.signalingState !== 'have-local-offer') return;
    const collision = description.type === 'offer' && (this.makingOffer || peer.signalingState !== 'stable');
    this.ignoringOffer = !this.polite && collision;
    if (this.ignoringOffer) return;
    await peer.setRemoteDescription(description); // rolls our own offer back, if need be
    if (description.type !== 'offer') return;
    await peer.setLocalDescription();
    this.sendDescription();
  }

  private async receiveCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    try {
      await this.peerConnection.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.ignoringOffer) throw error; // it belonged to the offer that we did not take
    }
  }

  private sendDescription(): void {
    const description = this.peerConnection.localDescription;
    if (description) this.send({ type: description.type as 'offer' | 'answer', sdp: description.sdp });
  }

  private send(signal: PeerSignal): void {
    if (this.closed) return;
    this.call.sendSignal(signal).catch((error: unknown) => {
      if (this.call.state !== 'ended') this.failed(error);
    });
  }

  private pathChanged(state: RTCIceConnectionState): void {
    this.clear('brokenTimer');
    this.watchForPath();
    if (state === 'failed') this.peerConnection.restartIce();
    if (state !== 'disconnected') return;
    this.brokenTimer = setTimeout(() => this.peerConnection.restartIce(), DISCONNECTED_MS);
  }

  /** The caller's side sees to it for both: looking anew, it makes the other side do so too. */
  private watchForPath(): void {
    this.clear('noPathTimer');
    const { signalingState, iceConnectionState } = this.peerConnection;
    const isLooking = iceConnectionState === 'new' || iceConnectionState === 'checking';
    if (iceConnectionState === 'connected') this.noPathMs = NO_PATH_MS;
    if (this.polite || signalingState !== 'stable' || !isLooking) return;
    this.noPathTimer = setTimeout(() => {
      this.noPathMs *= 2;
      this.peerConnection.restartIce();
    }, this.noPathMs);
  }

  /** Signals may be lost with a gateway that is killed. The same offer again asks for the same answer again. */
  private watchOffer(): void {
    this.clear('offerTimer');
    if (this.peerConnection.signalingState !== 'have-local-offer') return;
    this.offerTimer = setTimeout(() => {
      this.sendDescription();
      this.watchOffer();
    }, OFFER_AGAIN_MS);
  }

  private async tell(): Promise<void> {
    const sends = (kind: string): boolean =>
      this.peerConnection.getSenders().some(({ track }) => track?.kind === kind);
    const [audio, video] = [!this.muted && sends('audio'), this.camera && sends('video')];
    for (const { sender } of this.peerConnection.getTransceivers()) {
      if (sender.track) sender.track.enabled = !this.held && (sender.track.kind === 'audio' ? audio : video);
    }
    await this.call.setMedia({ audio, video, held: this.held });
  }

  private failed(error: unknown): void {
    if (!this.closed) this.emit('error', error instanceof Error ? error : new Error(String(error)));
  }

  private clear(timer: 'brokenTimer' | 'noPathTimer' | 'offerTimer'): void {
    if (this[timer] !== null) clearTimeout(this[timer]);
    this[timer] = null;
  }
}

/** Only what the other side needs, whatever class the platform uses. */
const plain = ({
  candidate,
  sdpMid,
  sdpMLineIndex,
  usernameFragment,
}: RTCIceCandidate): RTCIceCandidateInit => ({
  candidate,
  sdpMid,
  sdpMLineIndex,
  usernameFragment,
});
