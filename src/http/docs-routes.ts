import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RequestHandler, Router } from 'express';
import type { OpenApiDocument } from './openapi.ts';
import { sendPage } from './page-answers.ts';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>API – Hoplite</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/initializer.js" defer></script>
</body>
</html>
`;

/**
 * `/openapi.json`, and Swagger UI at `/docs`. Of the package only the files that the page loads are served:
 * it also holds an example page of its own.
 */
export function createDocsRoutes(document: OpenApiDocument, headers: RequestHandler): Router {
  const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const files: Readonly<Record<string, string>> = {
    '/docs/swagger-ui.css': join(swaggerUi, 'swagger-ui.css'),
    '/docs/swagger-ui-bundle.js': join(swaggerUi, 'swagger-ui-bundle.js'),
    '/docs/initializer.js': fileURLToPath(new URL('./docs/initializer.js', import.meta.url)),
  };
  const router = Router({ caseSensitive: true });
  router.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  router.get('/docs', headers, (_request, response) => {
    sendPage(response, 200, page);
  });
  for (const [path, file] of Object.entries(files)) {
    router.get(path, (_request, response) => {
      response.sendFile(file, {
        headers: { 'Cache-Control': 'no-cache' },
        cacheControl: false,
        // The path is ours. The folder that Hoplite lies in may well begin with a dot.
        dotfiles: 'allow',
      });
    });
  }
  return router;
}
