// Types of stamps.mjs, for the tests that are TypeScript.

export function isInstalled(root: string): boolean;
export function markInstalled(root: string): void;
export function sameLock(wanted: unknown, present: unknown): boolean;
export function isBuilt(root: string): boolean;
export function markBuilt(root: string, sources: string): void;
export function hashSources(root: string): string;
