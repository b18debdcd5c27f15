// node: one JSON value and its place in the tree. Scratch: it lives in the arena while a
// configuration is being read.

export enum Kind {
  Null = 0,
  False = 1,
  True = 2,
  Number = 3,
  String = 4,
  Array = 5,
  Object = 6,
}

/**
 *   0      4     8      12       16        20      24      28     32     36      40
 *   +------+-----+------+--------+---------+-------+-------+------+------+-------+
 *   | kind | ptr | size | keyPtr | keySize | parent| first | last | next | index |
 *   +------+-----+------+--------+---------+-------+-------+------+------+-------+
 *   | count |
 *   +-------+ 44
 * `ptr` and `size`: the decoded bytes of a string, the text of any other scalar.
 * `keyPtr` and `keySize`: the decoded key, in an object. `index`: the position, in an array.
 * `first`, `last`, `next`: children and siblings, 0 = none. `count`: how many children.
 */
@unmanaged
export class Node {
  kind: Kind;
  ptr: usize;
  size: u32;
  keyPtr: usize;
  keySize: u32;
  parent: usize;
  first: usize;
  last: usize;
  next: usize;
  index: u32;
  count: u32;
}
export const NODE_SIZE: u32 = 44;

export function nodeAt(ptr: usize): Node {
  return changetype<Node>(ptr);
}
