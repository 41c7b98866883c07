import { existsSync } from 'node:fs';
import { describe, jest } from '@jest/globals';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { GatewayChild } from '../support/gateway-child.js';
import { type TestDatabase, freshDatabase } from '../support/database.js';

// A browser on a busy machine takes its time; what a test waits for is waited for here, with what was seen instead.
jest.setTimeout(90_000);
const PATIENCE_MS = 25_000;

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const FLAGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  '--use-fake-device-for-media-stream',
];

/** Tests that need a real browser; where none is installed, they are skipped and say so. */
export function inBrowser(name: string, tests: () => void): void {
  if (existsSync(CHROMIUM)) return describe(name, tests);
  describe.skip(`${name} (skipped: no Chromium at ${CHROMIUM}; set CHROMIUM_PATH)`, tests);
}

/** `npm start` with a database of its own, and somebody in front of the console. */
export class Desk {
  /** What the browser complained about: errors on its console, requests that failed. A test expects none. */
  readonly complaints: string[] = [];

  private constructor(
    readonly url: string,
    private readonly database: TestDatabase,
    private gateway: GatewayChild,
    private readonly browser: Browser,
    private readonly mediaAllowed: boolean,
  ) {}

  /** @param refuseMedia the browser asks nobody, and refuses microphone and camera */
  static async open({ refuseMedia = false } = {}): Promise<Desk> {
    const database = await freshDatabase();
    const gateway = new GatewayChild({ DATABASE_URL: database.url });
    const url = (await gateway.ready()).replace('127.0.0.1', 'localhost');
    await gateway.says('they are asleep');
    const media = refuseMedia ? '--deny-permission-prompts' : '--use-fake-ui-for-media-stream';
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, media] });
    return new Desk(url, database, gateway, browser, !refuseMedia);
  }

  /** Another browser: tabs of one context share what a browser keeps. */
  async context(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    // For ever, as with a real prompt: without it WebRTC may look for the default route alone, and some machines have none.
    if (this.mediaAllowed) await context.grantPermissions(['microphone', 'camera'], { origin: this.url });
    return context;
  }

  async tab(context: BrowserContext, path = '/'): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`page: ${error.message}`));
    page.on('requestfailed', (request) => {
      // A tab that is closed, or a stream that is left, is no failure.
      const why = request.failure()?.errorText ?? '';
      if (why !== 'net::ERR_ABORTED') this.complaints.push(`${why}: ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()}: ${response.url()}`);
    });
    await page.addInitScript(REMEMBER_PEERS);
    await page.goto(this.url + path);
    return page;
  }

  /** A tab that is somebody's phone, and online. */
  async phone(context: BrowserContext, name: string): Promise<Page> {
    const page = await this.tab(context);
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByTestId('status').getByText('Online').waitFor();
    return page;
  }

  /** kill -9, and a new process on the same port and database. */
  async killAndRestart(): Promise<void> {
    await this.gateway.send('SIGKILL');
    this.gateway = new GatewayChild({ DATABASE_URL: this.database.url, PORT: new URL(this.url).port });
    await this.gateway.ready();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.gateway.send('SIGTERM');
    await this.database.drop();
  }
}

/** Runs in the page: what `whatWebRtcKnows` looks at. */
const REMEMBER_PEERS = `globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) { super(...options); peers.push(this); }
  };`;

/** For the failure of a test: each connection, its tracks, paths and traffic, and what a fresh one finds. */
const whatWebRtcKnows = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const { peers, document, RTCPeerConnection } = globalThis as any;
    const known: unknown[] = [document.visibilityState];
    for (const peer of peers) {
      known.push([peer.connectionState, peer.iceConnectionState, peer.signalingState]);
      for (const { mid, currentDirection, sender, receiver } of peer.getTransceivers())
        known.push([
          mid,
          currentDirection,
          sender.track?.readyState,
          receiver.track.kind,
          receiver.track.muted,
        ]);
      known.push(peer.iceGatheringState, peer.getConfiguration().iceTransportPolicy);
      for (const { type, kind, bytesReceived, bytesSent, framesDecoded, framesEncoded, ...stat } of (
        await peer.getStats()
      ).values()) {
        if (/-rtp$/.test(type as string))
          known.push([type, kind, bytesReceived ?? bytesSent, framesDecoded ?? framesEncoded]);
        if (/^(local-candidate|remote-candidate|candidate-pair)$/.test(type as string))
          known.push([type, stat.candidateType ?? stat.state, stat.protocol]);
      }
    }
    const fresh = new RTCPeerConnection();
    let found = 0;
    fresh.onicecandidate = () => found++;
    fresh.createDataChannel('');
    await fresh.setLocalDescription();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    known.push(['fresh', fresh.iceGatheringState, found]);
    return JSON.stringify(known);
  });

/** How many pictures a video has shown, and, coarsely, what it shows now. */
const pictureOf = (page: Page, kind: 'own' | 'remote'): Promise<{ frames: number; picture: string }> =>
  page.locator(`video.${kind}`).evaluate((video: any) => {
    const canvas = new (globalThis as any).OffscreenCanvas(32, 24);
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 32, 24);
    const picture = context.getImageData(0, 0, 32, 24).data.join();
    return { frames: video.getVideoPlaybackQuality().totalVideoFrames, picture };
  });

/** Resolves when the picture has moved: another frame, and it looks different. */
export async function moves(page: Page, kind: 'own' | 'remote'): Promise<void> {
  await page.locator(`video.${kind}`).waitFor();
  const deadline = Date.now() + PATIENCE_MS;
  let first: { frames: number; picture: string } | null = null;
  while (Date.now() < deadline) {
    const now = await pictureOf(page, kind);
    if (first && now.frames > first.frames && now.picture !== first.picture) return;
    if (now.frames > 0) first ??= now;
    await page.waitForTimeout(50);
  }
  const known = await whatWebRtcKnows(page);
  throw new Error(`the ${kind} picture did not move: ${first?.frames ?? 0} frames; ${known}`);
}
