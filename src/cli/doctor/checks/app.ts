import type { Facts } from '../facts.ts';
import type { HealthFacts } from '../observe/app.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** The app runs, and says that it can redirect. */
export function checkApp({ app, config }: Pick<Facts, 'app' | 'config'>): Verdict[] {
  const { url, privateUrl, health, readiness, status } = app;
  const waitsFor = status.is === 'answering' ? status.status.waitsFor : undefined;
  if (waitsFor !== undefined) {
    return [fail(`LiteFS and the app are not started: ${waitsFor}`, 'see docs/bootstrap.md')];
  }
  if (health.is === 'silent' && status.is === 'silent') {
    return [
      fail(
        `no app answers at ${url}: ${health.why}`,
        config.fleet === undefined
          ? 'start it with "npm start"'
          : 'LiteFS starts it when it is ready; look at the log of both',
      ),
    ];
  }
  const verdicts = [
    ...judgeHealth(`${url}/healthz`, health, 'it cannot redirect'),
    // Without a copy of the links neither is well, for one reason.
    ...(health.is === 'answering' && health.status === 200
      ? judgeHealth(`${url}/readyz`, readiness, 'its schema is not the right one')
      : []),
  ];
  if (status.is === 'silent') {
    verdicts.push(
      fail(
        `the private port does not answer at ${privateUrl}: ${status.why}`,
        'set PRIVATE_HOST and PRIVATE_PORT as the app has them',
      ),
    );
  } else if (status.status.node !== config.node.id) {
    verdicts.push(
      warn(
        `the app at ${privateUrl} is node ${status.status.node}, but here NODE_ID is ${config.node.id}`,
        'run this with the environment of the app',
      ),
    );
  }
  return verdicts.length > 0 ? verdicts : [ok(`the app answers at ${url}`)];
}

function judgeHealth(url: string, health: HealthFacts, meaning: string): Verdict[] {
  if (health.is === 'silent') {
    return [fail(`no answer at ${url}: ${health.why}`, 'look at the log of the app')];
  }
  if (health.status === 200) return [];
  const why = health.detail === '' ? meaning : health.detail;
  return [fail(`${url} answers ${health.status}: ${why}`, 'look at the log of the app')];
}
