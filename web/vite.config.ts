import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Plugin, defineConfig } from 'vite';

/** Compressed once, at build time, instead of at every request: `x.js` gets an `x.js.br` and an `x.js.gz` beside it. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        if (!/\.(js|css|svg)$/.test(fileName)) continue;
        const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(source) });
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
      }
    },
  },
};

/** `npm run dev -w web` beside a gateway on port 3000: the page from here, everything else from there. */
const GATEWAY = process.env['RINGWAY_URL'] ?? 'http://localhost:3000';
const demoPage: Plugin = {
  name: 'demo-page',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace('data-mode="production"', 'data-mode="demo"'),
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [compressed, demoPage],
  resolve: {
    // The SDK's sources, so that neither build waits for the other.
    alias: [
      { find: /^ringway-client$/, replacement: `${import.meta.dirname}/../client/src/index.ts` },
      { find: /^ringway-client\/webrtc$/, replacement: `${import.meta.dirname}/../client/src/webrtc.ts` },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'], // light-dark() in CSS
    assetsInlineLimit: 0, // an inlined picture or script is none the content security policy lets pass
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  define: { __VERSION__: JSON.stringify(version()) },
  server: {
    proxy: {
      ...Object.fromEntries(
        ['/v1', '/docs', '/openapi.json', '/asyncapi.json', '/health', '/metrics'].map((path) => [
          path,
          GATEWAY,
        ]),
      ),
      '/socket.io': { target: GATEWAY, ws: true },
    },
  },
});

function version(): string {
  const text = readFileSync(new URL('./package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
