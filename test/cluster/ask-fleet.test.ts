import { describe, expect, it } from 'vitest';
import { type AskFleet, createAskFleet, createAskNobody } from '../../src/cluster/ask-fleet.ts';
import type { PeerAnswer } from '../../src/cluster/peer-client.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { silentLog } from '../support/silent-log.ts';

const me = new FakeCluster({ is: 'primary' });
const primary = async () => ({ standing: 'reached', isPrimary: true }) as const;
const replica = async () => ({ standing: 'behind', isPrimary: false }) as const;
const says =
  (body: object, status = 200) =>
  async () => ({ status, body: JSON.stringify(body) });

type Answers = Readonly<Record<string, (signal: AbortSignal) => Promise<PeerAnswer | undefined>>>;

/** Asks a fleet whose nodes answer as given; notes what they were asked. */
function askFleet(answers: Answers, asked: string[] = [], maxQuestions = 100): AskFleet {
  return createAskFleet({
    cluster: me,
    peers: {
      async send(node, { path }, signal) {
        asked.push(`${node} ${path}`);
        return answers[node]?.(signal);
      },
      [Symbol.dispose]: () => undefined,
    },
    knownNodes: async () => ['me', ...Object.keys(answers)],
    log: silentLog,
    maxQuestions,
  });
}

describe('the standing of a fleet', () => {
  it('is what each node says of itself, which may take as long as it is given', async () => {
    const asked: string[] = [];
    const ask = askFleet(
      {
        a: says({ region: 'iad', standing: 'reached', isPrimary: false }),
        b: says({ region: 'syd', standing: 'behind', isPrimary: false }),
        c: says({ region: 'syd', standing: 'astray', isPrimary: false }),
      },
      asked,
    );
    expect(await ask('1abc', 2500, primary)).toEqual({
      nodes: [
        { node: 'me', region: 'ams', reached: true },
        { node: 'a', region: 'iad', reached: true },
        { node: 'b', region: 'syd', reached: false },
        { node: 'c', region: 'syd', reached: false },
      ],
      lost: false,
    });
    expect(asked).toEqual(['a', 'b', 'c'].map((node) => `${node} /bookmarks/1abc?waitMs=2500`));
  });

  it.each<[string, () => Promise<PeerAnswer | undefined>]>([
    ['cannot be reached', () => Promise.reject(new Error('no way'))],
    ['is not known to anybody', async () => undefined],
    ['refuses', says({}, 401)],
    ['is of another release', says({ region: 'iad' })],
    ['says no JSON', async () => ({ status: 200, body: '<html>' })],
  ])('is unknown of a node that %s', async (_, answer) => {
    const standing = await askFleet({ a: answer })('1abc', 0, replica);
    expect(standing?.nodes[1]).toEqual({ node: 'a', region: null, reached: null });
    expect(standing?.lost).toBeNull();
  });

  it.each([
    ['reached', false],
    ['behind', true],
    ['astray', true],
  ] as const)('is lost when the primary has not reached it: %s', async (standing, lost) => {
    const ask = askFleet({ p: says({ region: 'ams', standing, isPrimary: true }) });
    expect(await ask('1abc', 0, replica)).toMatchObject({ lost });
    const own = async () => ({ standing, isPrimary: true });
    expect(await askFleet({})('1abc', 0, own)).toMatchObject({ lost });
  });

  it('is unknown while the primary cannot read its copy', async () => {
    const ask = askFleet({ p: says({ region: 'ams', standing: 'unknown', isPrimary: true }) });
    expect(await ask('1abc', 0, replica)).toMatchObject({
      nodes: [{ reached: false }, { node: 'p', region: 'ams', reached: null }],
      lost: null,
    });
  });

  it('is what is known so far when the role of this node changes', async () => {
    const hangs = (signal: AbortSignal) =>
      new Promise<undefined>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const ask = askFleet({
      a: says({ region: 'iad', standing: 'reached', isPrimary: false }),
      b: hangs,
    });
    const told = ask('1abc', 10_000, primary);
    await expect.poll(() => me.listeners).toBe(1);
    me.become({ is: 'replica', primary: 'a' });
    expect((await told)?.nodes.map(({ reached }) => reached)).toEqual([true, true, null]);
    expect(me.listeners, 'listeners that are left').toBe(0);
  });

  it('is not asked for by more than there is room for', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const ask = askFleet({ a: () => promise }, [], 1);
    const first = ask('1abc', 0, primary);
    expect(await ask('1abc', 0, primary)).toBeUndefined();
    resolve(undefined);
    await first;
    expect(await ask('1abc', 0, primary)).toBeDefined();
  });

  it('is that of the one node that there is, alone', async () => {
    expect(await createAskNobody(me)('1abc', 1000, primary)).toEqual({
      nodes: [{ node: 'me', region: 'ams', reached: true }],
      lost: false,
    });
  });
});
