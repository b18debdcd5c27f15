// number: figures as text. Three digits that count; an interval with as many decimals as its value.

import type { Unit } from '../record/record.js';
import type { Estimate } from '../statistics/statistics.js';

const MINUS = '−';

/** Decimals such that about three digits count; none for whole numbers. */
function decimalsOf(value: number): number {
  const size = Math.abs(value);
  if (size >= 100) return 0;
  return size >= 10 ? 1 : 2;
}

function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return value < 0 && /[1-9]/.test(text) ? `${MINUS}${text}` : text;
}

/** One number: `5.12`, `1,234`, `−0.04`. */
export function numberText(value: number): string {
  return fixed(value, Number.isInteger(value) ? 0 : decimalsOf(value));
}

/** `5.12 [4.98, 5.27]`; of rounds that were all alike, just the number. */
export function intervalText({ value, low, high }: Estimate): string {
  if (low === high) return numberText(value);
  const finite = [value, low, high].filter(Number.isFinite).map(Math.abs);
  const decimals = decimalsOf(Math.max(...finite, 0));
  const [middle, from, to] = [value, low, high].map((one) => fixed(one, decimals));
  return `${middle} [${from}, ${to}]`;
}

/** With its sign, as a difference is read: `+5.12 [4.98, 5.27]`. */
export function overText(over: Estimate): string {
  const text = intervalText(over);
  return over.value > 0 ? `+${text}` : text;
}

export function unitText(unit: Unit): string {
  return unit === '1/s' ? 'requests/s' : unit;
}
