export function overflowing(): string[];
export function shownCharts(): number[];
export function badTexts(index: number): string[];
export function inkOf(png: string): Promise<{ ink: number; colour: number }>;
