import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** `GET /docs` and `GET /openapi.json`, made from the routes and the schemas that check them. */
export function serveDocs(app: NestExpressApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Ringway')
    .setDescription(
      'Calls that really ring: commands, history, devices. Errors are RFC 9457 problems with a stable code.',
    )
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: "The user's token, or a call's action token.",
    })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    ...{ jsonDocumentUrl: 'openapi.json', raw: ['json'], customSiteTitle: 'Ringway HTTP API' },
  });
}
