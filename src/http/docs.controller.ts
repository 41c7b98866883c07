import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../auth/principal.js';
import { asyncApi } from '../protocol/asyncapi.js';
import { socketsPage } from './sockets-page.js';

/** The socket's description, for machines and for people; OpenAPI is served by {@link serveDocs}. */
@ApiExcludeController()
@Controller()
@Public()
export class DocsController {
  private readonly document = asyncApi();
  /** Made once: however many ask and do not read, all their answers are these bytes. */
  private readonly json = Buffer.from(JSON.stringify(this.document));
  private readonly page = Buffer.from(socketsPage(this.document));

  @Get('asyncapi.json')
  asyncApi(@Res() response: Response): void {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(this.json);
  }

  @Get('docs/sockets')
  sockets(@Res() response: Response): void {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(this.page);
  }
}
