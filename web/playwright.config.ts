import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

const measured = ['live.spec.ts', 'scale.spec.ts'];

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/stack.ts',
  outputDir: 'test-results',
  // The tests share a fleet, and each file says which hosts of it are its own.
  workers: 2,
  projects: [
    { name: 'pages', testIgnore: measured },
    // What takes the processors, or counts what they do, runs alone.
    { name: 'measured', testMatch: measured, workers: 1, dependencies: ['pages'] },
  ],
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    timezoneId: 'UTC',
    // Tracing takes processor time of every action; E2E_TRACE=1 is for who looks into a failure.
    trace: process.env.E2E_TRACE ? 'retain-on-failure' : 'off',
    launchOptions: {
      ...(browser ? { executablePath: browser } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
