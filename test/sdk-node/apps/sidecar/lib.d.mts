/** An address of this machine other than loopback. */
export function ownAddress(): string;
