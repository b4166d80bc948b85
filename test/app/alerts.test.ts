import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { GuardMetrics } from '../../src/guard/metrics.ts';
import { runApp } from '../support/running-app.ts';

const rule = z.strictObject({
  alert: z.string().regex(/^Hoplite[A-Z]\w+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+[sm]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({
    summary: z.string().regex(/\.$/),
    runbook: z.string().regex(/^docs\/operations\.md#[a-z-]+$/),
  }),
});
const file = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })),
});

const read = (name: string) => readFileSync(join(projectDir, 'docs', name), 'utf8');
const rules = file.parse(parse(read('alerts.yml'))).groups.flatMap((group) => group.rules);

/** The metrics that a text in Prometheus's format declares, as series have them. */
function seriesOf(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    names.add(name);
    if (type === 'histogram') {
      for (const suffix of ['bucket', 'sum', 'count']) names.add(`${name}_${suffix}`);
    }
  }
  return names;
}

test('every metric in the alert rules exists, in the app or in the guard', async () => {
  await using running = await runApp();
  const ofApp = await (await fetch(`${running.app.privateUrl}/metrics`)).text();
  // Whatever gauges it is asked for, it has the names of all.
  const everything = new Proxy({}, { get: () => 1 }) as Parameters<GuardMetrics['render']>[0];
  const series = seriesOf(`${ofApp}\n${new GuardMetrics().render(everything)}`);
  expect(series.size).toBeGreaterThan(60);
  for (const { alert, expr } of rules) {
    const named = expr.replaceAll(/\{[^}]*\}/g, '').match(/\b(?:hoplite|up)\w*\b/g) ?? [];
    expect(named.length, alert).toBeGreaterThan(0);
    for (const name of named)
      if (name !== 'up') expect(series, `${alert}: ${name}`).toContain(name);
  }
});

test('alerts have names of their own, and lead to sections that there are', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  const headings = [...read('operations.md').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of rules) {
    expect(headings, alert).toContain(annotations.runbook.split('#')[1]);
  }
});

test('what docs/operations.md quotes of logs and answers is said somewhere', () => {
  const sources = readdirSync(join(projectDir, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(projectDir, 'src', name), 'utf8'))
    .join('\n');
  const text = read('operations.md')
    .replaceAll(/```[\s\S]*?```/g, '')
    .replaceAll(/\s+/g, ' ');
  const quoted = [...text.matchAll(/`([A-Za-z]+(?: [A-Za-z,:]+){2,})`/g)].map(([, it = '']) => it);
  expect(quoted.length).toBeGreaterThan(10);
  for (const quote of quoted.filter((it) => !isCommand(it))) {
    expect(sources.includes(quote), quote).toBe(true);
  }
});

function isCommand(text: string): boolean {
  return /^(?:fly|hoplite|npm|kill) /.test(text);
}
