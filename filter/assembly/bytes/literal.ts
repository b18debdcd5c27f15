// literal: text of the program's own as bytes, laid down once.

/** Start-up only: the characters of ASCII text, in memory that is never freed. */
export function literal(text: string): usize {
  const ptr = heap.alloc(text.length);
  for (let i = 0; i < text.length; i++) store<u8>(ptr + i, <u8>text.charCodeAt(i));
  return ptr;
}
