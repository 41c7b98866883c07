import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const DEMO_ONLY = /^\/v1\/(dev|demo)\//;

/** `GET /docs` and `GET /openapi.json`, made from the routes and the schemas that check them. */
export function serveDocs(app: NestExpressApplication, { demo }: { demo: boolean }): void {
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
  const document = (): OpenAPIObject => {
    const { paths, ...rest } = SwaggerModule.createDocument(app, description);
    const there = Object.entries(paths).filter(([path]) => demo || !DEMO_ONLY.test(path));
    return { ...rest, paths: Object.fromEntries(there) };
  };
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Ringway HTTP API',
  });
}
