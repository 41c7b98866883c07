import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/speaker.js';
import { asyncApi } from './asyncapi.js';

/** `GET /asyncapi.json`; OpenAPI is served by {@link serveDocs}. */
@ApiExcludeController()
@Controller()
@Public()
export class DocsController {
  private readonly document = asyncApi();

  @Get('asyncapi.json')
  asyncApi(): object {
    return this.document;
  }
}
