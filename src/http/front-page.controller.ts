import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/speaker.js';
import { CONFIG, type Config } from '../config.js';
import { Gateway } from '../operations/gateway-url.js';

/** What somebody sees who opens the gateway in a browser: that it runs, and where to go on. */
@ApiExcludeController()
@Controller()
@Public()
export class FrontPageController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly gateway: Gateway,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    const { url } = this.gateway;
    const token = this.config.demo
      ? `<h2>A token to try with</h2><pre>curl -s ${url}/v1/dev/tokens -H 'content-type: application/json' -d '{"userId":"alice"}'</pre>`
      : '<h2>Tokens</h2><p>Sign them with your secret, or take those of your identity provider.</p>';
    return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringway</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 10vh auto; padding: 0 1rem; }
  pre { overflow-x: auto; padding: .75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; }
  dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
</style>
<h1>Ringway is running</h1>
<p>Calls that really ring: live sockets for awake devices, pushes for sleeping ones.</p>
<dl>
  <dt><a href="/docs">HTTP API</a></dt><dd>Calls, history, devices; try them on the page (<a href="/openapi.json">OpenAPI</a>).</dd>
  <dt><a href="/asyncapi.json">Socket API</a></dt><dd>Every message an app says and hears (AsyncAPI 3).</dd>
  <dt><a href="/health/ready">Health</a> and <a href="/metrics">metrics</a></dt><dd>For orchestrators and Prometheus.</dd>
</dl>
${token}
</html>`;
  }
}
