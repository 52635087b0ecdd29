import { defineConfig } from '@playwright/test';
import e2e from '../playwright.config';

/** Takes the pictures of docs/screenshots, on a stack of its own as the tests do. */
export default defineConfig({
  ...e2e,
  testDir: '.',
  testMatch: 'pages.ts',
  projects: [{ name: 'pictures', workers: 1 }],
  globalSetup: '../e2e/stack.ts',
  outputDir: '../test-results',
  use: { ...e2e.use, reducedMotion: 'reduce' },
});
