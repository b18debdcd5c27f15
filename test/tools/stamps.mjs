// stamps: is what was installed and built still what the sources ask for.
// By content, never by time: a checkout, a clone or a copy gives files any time it likes.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a build reads, below the root: folders with all in them, or single files. */
const SOURCES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'asconfig.json',
  'filter/assembly',
  'envoyfilter/src',
  'sdk-node/src',
];
/** Files directly in these folders count as sources if they end so: build scripts and schemas. */
const PARTS = ['filter', 'envoyfilter', 'sdk-node'];
const PART_FILE = /\.(json|mjs|js|ts)$/;
/** Where builds write, below each part. */
const OUTPUT = 'dist';

const INSTALL_STAMP = 'node_modules/.tagalong-setup';
const BUILD_STAMP = 'node_modules/.tagalong-build';

/**
 * Does node_modules hold what package-lock.json asks for? By our own stamp, else by npm's: after
 * an `npm install` by hand there is no reason to install again.
 * @param {string} root of the repository
 */
export function isInstalled(root) {
  if (read(join(root, INSTALL_STAMP)) === installStamp(root)) return true;
  const wanted = parse(read(join(root, 'package-lock.json')));
  const present = parse(read(join(root, 'node_modules/.package-lock.json')));
  return sameLock(wanted, present);
}

/** @param {string} root of the repository, right after an installation */
export function markInstalled(root) {
  writeFileSync(join(root, INSTALL_STAMP), installStamp(root));
}

/** @param {string} root */
function installStamp(root) {
  return hash(readFileSync(join(root, 'package-lock.json')));
}

/**
 * Do two lock files name the same packages? npm's own in node_modules leaves out the root and what
 * is optional and not for this platform.
 * @param {any} wanted package-lock.json
 * @param {any} present node_modules/.package-lock.json
 */
export function sameLock(wanted, present) {
  if (!wanted?.packages || !present?.packages) return false;
  const same = (one, other) => one.version === other?.version && one.link === other?.link;
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (!path.includes('node_modules/')) continue; // the root and the workspaces themselves
    const there = present.packages[path];
    if (there === undefined ? !entry.optional && !entry.peer : !same(entry, there)) return false;
  }
  return Object.keys(present.packages).every((path) => wanted.packages[path] !== undefined);
}

/**
 * Are the built files those that the sources as they are now gave?
 * @param {string} root of the repository
 */
export function isBuilt(root) {
  const stamp = parse(read(join(root, BUILD_STAMP)));
  if (stamp?.sources !== hashSources(root)) return false;
  const outputs = Object.entries(stamp.outputs);
  // One that is gone or was changed since, e.g. by a build of another branch, is not ours.
  return (
    outputs.length > 0 &&
    outputs.every(([path, was]) => existsSync(join(root, path)) && hashFile(root, path) === was)
  );
}

/**
 * Remembers that the build outputs came from these sources.
 * @param {string} root of the repository, right after a build
 * @param {string} sources `hashSources()` from before it: files may have changed meanwhile
 */
export function markBuilt(root, sources) {
  const outputs = {};
  for (const part of PARTS) {
    for (const path of filesBelow(root, join(part, OUTPUT))) outputs[path] = hashFile(root, path);
  }
  writeFileSync(join(root, BUILD_STAMP), JSON.stringify({ sources, outputs }));
}

/**
 * One hash over paths and contents of all that a build reads.
 * @param {string} root
 */
export function hashSources(root) {
  const paths = SOURCES.flatMap((path) => filesBelow(root, path));
  for (const part of PARTS) {
    if (!existsSync(join(root, part))) continue;
    for (const entry of readdirSync(join(root, part), { withFileTypes: true })) {
      if (entry.isFile() && PART_FILE.test(entry.name)) paths.push(join(part, entry.name));
    }
  }
  paths.sort();
  return hash(paths.map((path) => `${path} ${hashFile(root, path)}`).join('\n'));
}

function filesBelow(root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  try {
    return readdirSync(full, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}

function hashFile(root, path) {
  return hash(readFileSync(join(root, path)));
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex');
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
