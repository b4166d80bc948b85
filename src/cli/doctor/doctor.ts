import type { Command } from 'commander';
import { type Config, ConfigError, readConfig } from '../../config.ts';
import type { Context, Environment } from '../context.ts';
import { alignRows } from '../table.ts';
import { checks } from './checks.ts';
import { gatherFacts } from './facts.ts';
import { fail, ok, type Verdict } from './verdict.ts';

/** A verdict under the name of its check. */
interface Finding extends Verdict {
  readonly check: string;
}

/** `hoplite doctor`: looks at everything that can be wrong with this node, and says what is and what to do. */
export function addDoctor(program: Command, context: Context): void {
  const { env, output } = context;
  program
    .command('doctor')
    .description('look at everything that can be wrong with this node, and say what to do')
    .option('--json', 'print the findings for a program')
    .action(async ({ json }: { readonly json?: true }) => {
      const findings = await examine(env);
      const count = (level: Verdict['level']) =>
        findings.filter((finding) => finding.level === level).length;
      if (count('fail') > 0) context.fail();
      if (json) return output.json({ ok: count('fail') === 0, findings });
      const rows = findings.map(({ level, check, detail, remedy }) => [
        level,
        check,
        remedy === undefined ? detail : `${detail}; ${remedy}`,
      ]);
      for (const line of alignRows(rows)) output.line(line);
      output.note(`${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} fine`);
    });
}

/** With mistakes in the configuration nothing else can be looked at, for it says where everything is. */
async function examine(env: Environment): Promise<readonly Finding[]> {
  const check = 'configuration';
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map(({ variable, detail }) => ({
      check,
      ...fail(`${variable} ${detail}`, 'see "Environment" in the README'),
    }));
  }
  const facts = await gatherFacts(config, env);
  return [
    { check, ...ok(describeNode(config)) },
    ...Object.entries(checks).flatMap(([name, judge]) =>
      judge(facts).map((verdict) => ({ check: name, ...verdict })),
    ),
  ];
}

function describeNode({ node, http, fleet }: Config): string {
  const place = fleet === undefined ? 'alone' : `of a fleet, in region ${node.region}`;
  return `node ${node.id}, ${place}; short URLs begin with ${http.baseUrl}`;
}
