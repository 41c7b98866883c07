import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/speaker.js';
import { asyncApi } from './asyncapi.js';
import { socketsPage } from './sockets-page.js';

/** The socket's description, for machines and for people; OpenAPI is served by {@link serveDocs}. */
@ApiExcludeController()
@Controller()
@Public()
export class DocsController {
  private readonly document = asyncApi();
  private readonly page = socketsPage(this.document);

  @Get('asyncapi.json')
  asyncApi(): object {
    return this.document;
  }

  @Get('docs/sockets')
  @Header('content-type', 'text/html; charset=utf-8')
  sockets(): string {
    return this.page;
  }
}
