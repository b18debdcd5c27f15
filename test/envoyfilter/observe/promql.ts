// promql: which metrics an expression asks for, and by which labels, as the grammar of Prometheus'
// own editor reads it. Grafana's variables are given values first.

import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Asked {
  /** Empty where its names are matched by `__name__`. */
  readonly metric: string;
  /** Of its own matchers. */
  readonly matchers: readonly Matcher[];
  /** Innermost first: the nodes around it, as `MatrixSelector`. */
  readonly around: readonly string[];
  /** Functions around it, innermost first, as `rate`. */
  readonly functions: readonly string[];
}

export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}

/** As Grafana would send it. */
export function interpolated(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replace(/\$\{?(\w+)\}?/g, '$1');
}

/** @throws SyntaxError where it is no PromQL */
export function readPromql(expr: string): { asked: Asked[]; labels: string[] } {
  const text = interpolated(expr);
  const asked: Asked[] = [];
  const labels = new Set<string>();
  const said = (node: SyntaxNode) => text.slice(node.from, node.to);
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      if (type.isError) {
        throw new SyntaxError(`${text}\n${' '.repeat(node.from)}^ no PromQL`);
      }
      if (type.name === 'GroupingLabels') {
        for (const label of node.getChildren('LabelName')) labels.add(said(label));
      }
      if (type.name !== 'VectorSelector') return;
      const name = node.getChild('Identifier');
      const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
      const around = ancestors(node);
      asked.push({
        metric: name === null ? '' : said(name),
        matchers: matchers.map((matcher) => {
          const [label, op, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((part) => {
            const child = matcher.getChild(part);
            return child === null ? '' : said(child);
          });
          return { label: label!, op: op!, value: JSON.parse(value!) as string };
        }),
        around: around.map((one) => one.name),
        functions: around
          .filter((one) => one.name === 'FunctionCall')
          .map((call) => call.getChild('FunctionIdentifier'))
          .map((identifier) => (identifier === null ? '' : said(identifier))),
      });
    },
  });
  for (const { matchers } of asked) for (const { label } of matchers) labels.add(label);
  return { asked, labels: [...labels] };
}

function ancestors(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (let at = node.parent; at !== null; at = at.parent) all.push(at);
  return all;
}
