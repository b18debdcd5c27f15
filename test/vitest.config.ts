import { defineConfig } from 'vitest/config';

// Real Envoys and V8 compilations share two cores: files run side by side, tests in a file in turn.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
