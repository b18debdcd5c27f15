// prometheus-alert: an alert, with what must be seen for it to fire and what must not.
// Promise: pure data. An alert cannot be written down without both of its cases.

export interface Alert {
  readonly name: string;
  /** PromQL. */
  readonly expr: string;
  /** How long it must hold, as `5m`. */
  readonly for: string;
  /** `critical`: requests fail now. `warning`: something that is wanted does not happen. */
  readonly severity: 'critical' | 'warning';
  /** One line; `{{ $labels.NAME }}` is replaced by Prometheus. */
  readonly summary: string;
  /** With figures: `{{ $value | humanizePercentage }}`. */
  readonly description: string;
  /** What to do, step by step. */
  readonly runbook: string;
  readonly fires: FiringCase;
  readonly quiet: Series;
}

/** Series in promtool's notation -> their values, a minute apart: `0+10x30`. */
export type Series = Readonly<Record<string, string>>;

export interface FiringCase {
  readonly series: Series;
  /** Of the alert, without alertname and severity. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the expression, where a text shows it. */
  readonly value?: number;
}

/** Alerts that are evaluated together. */
export interface AlertGroup {
  readonly name: string;
  readonly alerts: readonly Alert[];
}

/** A group as Prometheus and its operator read it. */
export function ruleGroup({ name, alerts }: AlertGroup): object {
  return {
    name,
    rules: alerts.map((alert) => ({
      alert: alert.name,
      expr: alert.expr,
      for: alert.for,
      labels: { severity: alert.severity },
      annotations: annotationsOf(alert),
    })),
  };
}

export function annotationsOf({ summary, description, runbook }: Alert): Record<string, string> {
  return { summary, description, runbook };
}
