#!/usr/bin/env node
/**
 * Starts the command line. In a checkout (`src/` beside it) it first compiles `dist/` when that is missing or older than
 * a source, so that `npm ci && npx aecnn ...` needs no build step; in the published package it only imports `dist/`.
 */

import { existsSync } from 'node:fs';

if (existsSync(new URL('../src/cli/main.ts', import.meta.url))) {
  const { buildWhenStale } = await import('../scripts/build.js');
  buildWhenStale();
}
await import('../dist/cli/main.js');
