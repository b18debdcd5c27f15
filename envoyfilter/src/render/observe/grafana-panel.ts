// grafana-panel: the parts of Grafana's dashboard model that our dashboard uses, as plain typed
// objects. Grafana's own builder for TypeScript is at 0.0.x and brings all of its panels' schemas; the
// few fields here are checked by the rules of Grafana's dashboard linter instead.

/** What a figure is measured in; Grafana's words. */
export type Unit = 'short' | 'reqps' | 'percentunit' | 'bytes' | 'none';

export interface Query {
  /** PromQL, with `$__rate_interval` and the dashboard's variables. */
  readonly expr: string;
  /** As `{{policy}} {{outcome}}`. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly type: 'timeseries' | 'stat';
  readonly title: string;
  /** What is seen, and what to make of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Values from which it is red; for what is to be nothing at all. */
  readonly alarmFrom?: number;
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
const GRID_WIDTH = 24;
const PANEL_WIDTH = 8;
const PANEL_HEIGHT = 8;

/** Rows of three panels, with their places; ids count from 1. */
export function placed(rows: readonly RowSpec[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push(rowHeading(row.title, panels.length + 1, y));
    y += 1;
    row.panels.forEach((spec, index) => {
      const x = (index * PANEL_WIDTH) % GRID_WIDTH;
      if (x === 0 && index > 0) y += PANEL_HEIGHT;
      panels.push(panel(spec, panels.length + 1, { x, y, w: PANEL_WIDTH, h: PANEL_HEIGHT }));
    });
    y += PANEL_HEIGHT;
  }
  return panels;
}

function rowHeading(title: string, id: number, y: number): object {
  const gridPos = { x: 0, y, w: GRID_WIDTH, h: 1 };
  return { id, type: 'row', title, collapsed: false, gridPos, panels: [] };
}

function panel(spec: PanelSpec, id: number, gridPos: object): object {
  const { type, title, description, unit, queries, alarmFrom } = spec;
  const steps = [
    { color: 'green', value: null },
    ...(alarmFrom === undefined ? [] : [{ color: 'red', value: alarmFrom }]),
  ];
  const lines = { fillOpacity: 10, showPoints: 'never' };
  return {
    id,
    type,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: { mode: 'absolute', steps },
        ...(type === 'timeseries' ? { custom: lines } : {}),
      },
      overrides: [],
    },
    options:
      type === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'value_and_name' }
        : {
            legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
            tooltip: { mode: 'multi', sort: 'desc' },
          },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

export interface VariableSpec {
  readonly name: string;
  readonly label: string;
  /** PromQL's `label_values(…)`. */
  readonly query: string;
  /** Which part of a value is taken, as Grafana's regex. */
  readonly regex?: string;
  /** What "All" stands for, a regular expression: `.*` where the label may be absent. */
  readonly all: string;
}

/** The data source first, then the variables in turn. */
export function variables(specs: readonly VariableSpec[]): object[] {
  const everything = { selected: true, text: ['All'], value: ['$__all'] };
  return [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' },
    ...specs.map(({ name, label, query, regex = '', all }) => ({
      type: 'query',
      name,
      label,
      datasource: DATASOURCE,
      query: { query, refId: name },
      definition: query,
      regex,
      refresh: 2,
      sort: 1,
      multi: true,
      includeAll: true,
      allValue: all,
      current: everything,
    })),
  ];
}
