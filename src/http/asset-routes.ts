import express, { type RequestHandler } from 'express';

/** The files that pages load: their folder, and the mark that pages put into the query of their URLs. */
export interface Assets {
  readonly dir: string;
  readonly version: string;
}

/**
 * Serves assets. Only a URL with the mark of this node's own files may be kept for ever: while a new
 * version is rolled out, its pages also ask nodes that still have the old files.
 */
export function createAssetRoutes({ dir, version }: Assets): RequestHandler {
  return express.static(dir, {
    index: false,
    redirect: false,
    cacheControl: false,
    setHeaders(response) {
      const { v } = Object.fromEntries(
        new URL(response.req.url ?? '/', 'http://localhost').searchParams,
      );
      response.setHeader(
        'Cache-Control',
        v === version ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}
