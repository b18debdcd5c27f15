// bytes: text as the host has it, one character a byte, and as people read it.

/** Header values of a request are sent as UTF-8. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What is no UTF-8 stays one character a byte. */
export function fromBytes(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  return Buffer.compare(Buffer.from(text, 'utf8'), buffer) === 0 ? text : bytes;
}

/** Bytes that the filter shows of a value in its explanations. */
export const EXCERPT_BYTES = 64;

/** Bytes as the filter quotes them in its explanations (filter/assembly/bytes/text.ts). */
export function quoted(bytes: string): string {
  const shown = bytes
    .slice(0, EXCERPT_BYTES)
    .replace(/["\\]|[^ -~]/g, (char) =>
      char === '"' || char === '\\'
        ? `\\${char}`
        : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  return `"${shown}${bytes.length > EXCERPT_BYTES ? '...' : ''}"`;
}

/** The bytes that were quoted, as far as they are shown. */
export function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, char: string) =>
      hex === undefined ? char : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
