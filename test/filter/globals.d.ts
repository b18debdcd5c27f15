// globals: what AssemblyScript's numbers have and its declarations for editors leave out.

interface Number {
  toString(radix?: number): string;
}
