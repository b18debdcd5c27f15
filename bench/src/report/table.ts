// table: numbers in rows and columns, as text, however they will be shown.

export interface Row {
  readonly name: string;
  /** One for each column; empty where there is none. */
  readonly cells: readonly string[];
}

export interface RowGroup {
  readonly title?: string;
  readonly rows: readonly Row[];
}

export interface Table {
  readonly caption: string;
  /** What the rows are, then each column's head. */
  readonly columns: readonly string[];
  readonly groups: readonly RowGroup[];
}
