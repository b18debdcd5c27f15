// escape: text that goes into HTML or SVG, as content or within double quotes.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which neither may hold, become blanks. */
export function escaped(text: string): string {
  return text.replace(/[\p{Cc}]/gu, ' ').replace(/[&<>"']/g, (mark) => ENTITIES[mark]!);
}
