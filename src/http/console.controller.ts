import { fileURLToPath } from 'node:url';
import { Controller, Get, Header, Inject, Next, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { Public } from '../auth/principal.js';
import { CONFIG, type Config } from '../config/config.js';
import { Failure } from '../errors/api-error.js';
import { ConsoleFiles } from './console-files.js';

const BUILT = fileURLToPath(new URL('../../web/dist', import.meta.url));

/** The console: one page under each path it has pages for (web/src/router.tsx), and what the page loads. */
@ApiExcludeController()
@Controller()
@Public()
export class ConsoleController {
  private readonly files = ConsoleFiles.read(BUILT);
  private readonly page: { html: string; etag: string } | null;

  constructor(@Inject(CONFIG) { demo }: Config) {
    this.page = this.files?.page(demo ? 'demo' : 'production') ?? null;
  }

  @Get(['/', 'calls', 'calls/:callId', 'overview'])
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-cache')
  console(@Res({ passthrough: true }) response: Response): string {
    if (!this.page) return NOT_BUILT;
    response.setHeader('etag', this.page.etag);
    return this.page.html;
  }

  /** The name says what is in the file, so a browser never needs to ask again. */
  @Get('assets/:name')
  @Header('cache-control', 'public, max-age=31536000, immutable')
  @Header('vary', 'accept-encoding')
  asset(@Param('name') name: string, @Req() request: Request, @Res() response: Response): void {
    const asset = this.files?.asset(name);
    if (!asset) {
      response.removeHeader('cache-control');
      throw new Failure('NOT_FOUND', 'There is nothing under this path.');
    }
    const { type, plain, compressed } = asset;
    const encoding = request.acceptsEncodings('br', 'gzip', 'identity');
    const better = encoding === 'br' || encoding === 'gzip' ? compressed[encoding] : undefined;
    response.setHeader('content-type', type);
    if (better) response.setHeader('content-encoding', String(encoding));
    response.end(better ?? plain);
  }

  /** Somebody who looks gets the console's own page for addresses that are none; programs get a problem, as everywhere. */
  @Get('*path')
  nowhere(@Req() request: Request, @Res() response: Response, @Next() next: NextFunction): void {
    const looks = request.accepts(['json', 'html']) === 'html';
    if (!this.page || !looks || OF_PROGRAMS.test(request.path)) return next();
    response.status(404).setHeader('cache-control', 'no-cache').type('html').send(this.page.html);
  }
}

/** Paths that are no pages, also for a browser. */
const OF_PROGRAMS = /^\/(v1|assets|health)(\/|$)/;

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringway</title>
<h1>Ringway is running</h1>
<p>The console is not built: run <code>npm run build</code> and start the gateway again.</p>
<ul>
  <li><a href="/docs">HTTP API</a> (<a href="/openapi.json">OpenAPI</a>)</li>
  <li><a href="/asyncapi.json">Socket API</a> (AsyncAPI 3)</li>
  <li><a href="/health/ready">Health</a> and <a href="/metrics">metrics</a></li>
</ul>
</html>`;
