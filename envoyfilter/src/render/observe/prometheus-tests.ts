// prometheus-tests: the alerts' own tests, for `promtool test rules`: each one fires where it should
// and does not where it should not. They are shipped with the rules, since rules are edited.

import { type Alert, type AlertGroup, annotationsOf, type FiringCase } from './prometheus-alert.js';

/** Past every `for` and every range of the alerts; the series go on for longer. */
const EVAL_TIME = '40m';

/** The file, as data. */
export function ruleTests(ruleFile: string, groups: readonly AlertGroup[]): object {
  const alerts = groups.flatMap((group) => group.alerts);
  return {
    rule_files: [ruleFile],
    evaluation_interval: '1m',
    tests: alerts.flatMap((alert) => [
      test(alert, alert.fires.series, [expected(alert, alert.fires)]),
      test(alert, alert.quiet, []),
    ]),
  };
}

function test(alert: Alert, series: Readonly<Record<string, string>>, alerts: object[]): object {
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: EVAL_TIME, alertname: alert.name, exp_alerts: alerts }],
  };
}

function expected(alert: Alert, { labels, value }: FiringCase): object {
  const annotations = Object.entries(annotationsOf(alert)).map(([name, text]) => [
    name,
    expand(text, labels, value),
  ]);
  return {
    exp_labels: { severity: alert.severity, ...labels },
    exp_annotations: Object.fromEntries(annotations),
  };
}

/** What Prometheus makes of a text; the two forms that alerts here use. */
function expand(
  text: string,
  labels: Readonly<Record<string, string>>,
  value: number | undefined,
): string {
  return text
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '')
    .replaceAll('{{ $value | humanizePercentage }}', () => {
      if (value === undefined) throw new Error(`no value for ${JSON.stringify(text)}`);
      return `${Number((value * 100).toPrecision(4))}%`;
    });
}
