// field: what the name and the value of a header may be (RFC 9110, sections 5.1 and 5.5). Pure.

/** May a name be sent? */
export function isFieldName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

/** May a value be sent? Visible characters, those beyond ASCII as latin1, spaces and tabs inside. */
export function isFieldValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]+$/.test(value);
}

/** A value without the spaces and tabs around it, which are not part of it. */
export function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
