import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createFleetAuth,
  type FleetAuth,
  type Headers,
  type RequestToSign,
} from '../../src/cluster/fleet-auth.ts';
import { deriveKey } from '../../src/cluster/fleet-key.ts';
import type { Rotating } from '../../src/domain/rotating.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const secret = 'a secret of the fleet with 32 characters';
const empty = new Uint8Array();
const hourMs = 3_600_000;

describe('a signed request', () => {
  let senderClock: FakeClock;
  let receiverClock: FakeClock;
  let sender: FleetAuth;
  let receiver: FleetAuth;

  beforeEach(() => {
    senderClock = fakeClock();
    receiverClock = fakeClock();
    sender = createFleetAuth({
      secrets: [secret],
      node: 'a',
      clock: senderClock,
      random: seededRandom('a'),
    });
    receiver = createFleetAuth({
      secrets: [secret],
      node: 'b',
      clock: receiverClock,
      random: seededRandom('b'),
      maxNonces: 3,
    });
    for (const clock of [senderClock, receiverClock]) clock.advance(10 * hourMs);
  });

  const question: RequestToSign = { method: 'GET', path: '/position?x=1', to: 'b' };
  const judge = (headers: Headers, body: Uint8Array | 'unsigned' = empty, changed = {}) =>
    receiver.verify({ ...question, headers, ...changed }, body);
  const refusedFor = (reason: string) => expect.objectContaining({ ok: false, reason });

  it('is taken', () => {
    expect(judge(sender.sign(question))).toEqual({ ok: true });
  });

  it('is taken once', () => {
    const headers = sender.sign(question);
    judge(headers);
    expect(judge(headers)).toEqual({
      ok: false,
      reason: 'repeated',
      headers: { 'hoplite-refused': 'repeated' },
    });
  });

  it.each([
    ['another method', { method: 'POST' }],
    ['another path', { path: '/position' }],
    ['another query', { path: '/position?x=2' }],
  ])('is refused with %s', (_, changed) => {
    expect(judge(sender.sign(question), empty, changed)).toEqual(refusedFor('signature'));
  });

  it('is refused when method and path are cut elsewhere', () => {
    const headers = sender.sign({ method: 'GE', path: 'T/x', to: 'b' });
    expect(judge(headers, empty, { method: 'GET', path: '/x' })).toEqual(refusedFor('signature'));
  });

  it('is refused when any of its headers is changed, taken away or added', () => {
    const headers = sender.sign({ ...question, headers: { 'hoplite-client': '192.0.2.1' } });
    for (const name of Object.keys(headers)) {
      const { [name]: value, ...rest } = headers;
      const reason = name === 'hoplite-signature' ? 'unsigned' : 'signature';
      expect(judge(rest), `without ${name}`).toEqual(refusedFor(reason));
      expect(judge({ ...headers, [name]: `${value}x` }), name).toEqual(refusedFor('signature'));
    }
    expect(judge({ ...headers, 'hoplite-hops': '0' })).toEqual(refusedFor('signature'));
    expect(judge(headers)).toEqual({ ok: true });
  });

  it.each([
    ['hoplite-client', '1\nhoplite-hops:0'],
    ['hoplite-client', ' 1'],
    ['hoplite-client', ''],
    ['hoplite-client', 'é'],
    ['Hoplite-Client', '1'],
    ['x-client', '1'],
  ])('cannot carry %s: %j', (name, value) => {
    expect(() => sender.sign({ ...question, headers: { [name]: value } })).toThrow(TypeError);
  });

  it('is refused by another node than it is meant for', () => {
    expect(judge(sender.sign({ ...question, to: 'c' }))).toEqual(refusedFor('addressee'));
  });

  it('is taken by any node when it is meant for none', () => {
    const { method, path } = question;
    expect(judge(sender.sign({ method, path }))).toEqual({ ok: true });
  });

  it('is refused under another secret', () => {
    const stranger = createFleetAuth({
      secrets: ['another secret, also 32 characters long'],
      node: 'a',
      clock: senderClock,
      random: seededRandom('c'),
    });
    expect(judge(stranger.sign(question))).toEqual(refusedFor('signature'));
  });

  it.each([
    {},
    { 'hoplite-signature': '' },
    { 'hoplite-signature': 'AAAA' },
    { 'hoplite-signature': ['a', 'b'] },
  ])('without a usable signature is refused: %j', (headers) => {
    expect(judge(headers)).toMatchObject({ ok: false });
  });

  describe('with a body', () => {
    const body = Buffer.from('{"a":1}');
    const post = { method: 'POST', path: '/x', to: 'b' };
    const judgePost = (headers: Headers, got: Uint8Array | 'unsigned') =>
      receiver.verify({ ...post, headers }, got);

    it.each([
      ['the same', body, body, { ok: true }],
      ['changed', body, Buffer.from('{"a":2}'), refusedFor('body')],
      ['gone', body, empty, refusedFor('body')],
      ['streamed', 'unsigned', 'unsigned', { ok: true }],
      ['streamed to where bodies are signed', 'unsigned', body, refusedFor('body')],
      ['signed to where bodies are streamed', body, 'unsigned', refusedFor('body')],
    ] as const)('%s', (_, sent, got, verdict) => {
      expect(judgePost(sender.sign({ ...post, body: sent }), got)).toEqual(verdict);
    });
  });

  describe('and time', () => {
    it.each([
      [-60_001, false],
      [-60_000, true],
      [60_000, true],
      [60_001, false],
    ])('%d ms away from the receiver', (awayMs, isTaken) => {
      senderClock.setNow(receiverClock.now() + awayMs);
      expect(judge(sender.sign(question)).ok).toBe(isTaken);
    });

    it.each([-hourMs, hourMs])('corrects itself once from a clock %d ms off', (offMs) => {
      senderClock.setNow(receiverClock.now() + offMs);
      const sent = sender.sign(question);
      const verdict = judge(sent);
      expect(verdict).toEqual(refusedFor('time'));
      if (verdict.ok) return;
      expect(sender.learnTime(sent, verdict.headers)).toBe(true);
      receiverClock.advance(300);
      senderClock.advance(300);
      expect(judge(sender.sign(question))).toEqual({ ok: true });
    });

    it('learns the time of one node only', () => {
      senderClock.setNow(receiverClock.now() + hourMs);
      const sent = sender.sign(question);
      const verdict = judge(sent);
      if (!verdict.ok) sender.learnTime(sent, verdict.headers);
      expect(sender.sign({ ...question, to: 'c' })['hoplite-time']).toBe(String(senderClock.now()));
    });

    it('learns no time that the receiver did not sign for this request', () => {
      senderClock.setNow(receiverClock.now() + hourMs);
      const sent = sender.sign(question);
      const verdict = judge(sent);
      if (verdict.ok) throw new Error('taken');
      const other = sender.sign(question);
      expect(sender.learnTime(other, verdict.headers)).toBe(false);
      const told = verdict.headers['hoplite-time'] ?? '';
      const later = `${Number.parseInt(told, 10) + 1}${told.slice(told.indexOf('.'))}`;
      expect(sender.learnTime(sent, { ...verdict.headers, 'hoplite-time': later })).toBe(false);
      for (const forged of ['', '.', '1', 'x.y', ['1.2']]) {
        expect(sender.learnTime(sent, { ...verdict.headers, 'hoplite-time': forged })).toBe(false);
      }
      expect(sender.learnTime(sent, {})).toBe(false);
    });

    it('is told to nobody who cannot sign', () => {
      const { headers } = judge({ 'hoplite-signature': 'AAAA' }) as { headers: object };
      expect(headers).toEqual({ 'hoplite-refused': 'signature' });
    });

    it('before this run of the receiver began is refused, for its nonces are forgotten', () => {
      const sent = sender.sign(question);
      senderClock.advance(5);
      receiverClock.advance(5);
      receiver = createFleetAuth({
        secrets: [secret],
        node: 'b',
        clock: receiverClock,
        random: seededRandom('b'),
      });
      receiverClock.advance(4);
      expect(judge(sent)).toEqual(refusedFor('time'));
      expect(judge(sender.sign(question))).toEqual({ ok: true });
    });

    it('is judged by the wall clock of the moment after it was set back an hour', () => {
      receiverClock.setNow(receiverClock.now() - hourMs);
      senderClock.setNow(senderClock.now() - hourMs);
      expect(judge(sender.sign(question))).toEqual({ ok: true });
    });
  });

  it('is remembered for as long as it could be repeated', () => {
    senderClock.setNow(receiverClock.now() + 60_000);
    const sent = sender.sign(question);
    judge(sent);
    receiverClock.advance(119_999);
    expect(judge(sent)).toEqual(refusedFor('repeated'));
    receiverClock.advance(1);
    expect(judge(sent)).toEqual({ ok: true });
    receiverClock.advance(1);
    expect(judge(sent)).toEqual(refusedFor('time'));
  });

  it('is refused when no more can be remembered, until the oldest are forgotten', () => {
    for (let count = 0; count < 3; count += 1) judge(sender.sign(question));
    expect(judge(sender.sign(question))).toEqual(refusedFor('full'));
    for (const clock of [senderClock, receiverClock]) clock.advance(120_000);
    expect(judge(sender.sign(question))).toEqual({ ok: true });
  });

  it('does not verify as any other request', () => {
    const text = fc.string({ unit: fc.constantFrom('/', 'a', ':', '-', '1', 'h'), minLength: 1 });
    const request = fc.record({ method: text, path: text, 'hoplite-x': text, 'hoplite-y': text });
    fc.assert(
      fc.property(request, request, ({ method, path, ...headers }, other) => {
        const sent = sender.sign({ method, path, to: 'b', headers });
        const { method: otherMethod, path: otherPath, ...otherHeaders } = other;
        const verdict = receiver.verify(
          { method: otherMethod, path: otherPath, headers: { ...sent, ...otherHeaders } },
          empty,
        );
        const isSame =
          JSON.stringify([method, path, headers]) ===
          JSON.stringify([otherMethod, otherPath, otherHeaders]);
        expect(verdict.ok || verdict.reason !== 'signature').toBe(isSame);
      }),
    );
  });
});

describe('while a secret replaces another', () => {
  const next = 'the next secret, also 32 characters long';
  const request = { method: 'GET', path: '/position', to: 'b' };
  const make = (node: string, secrets: Rotating<string>, clock: FakeClock) =>
    createFleetAuth({ secrets, node, clock, random: seededRandom(node) });
  /** What nodes have, step by step: all on the same step, or one step apart. */
  const steps: readonly Rotating<string>[] = [[secret], [secret, next], [next, secret], [next]];
  const neighbours = steps.flatMap((from, at) =>
    [at - 1, at, at + 1].flatMap((to) => (steps[to] === undefined ? [] : [[from, steps[to]]])),
  ) as [Rotating<string>, Rotating<string>][];

  it.each(neighbours)('who has %j is understood by who has %j', (from, to) => {
    const clock = fakeClock();
    const [sender, receiver] = [make('a', from, clock), make('b', to, clock)];
    clock.advance(hourMs);
    const headers = sender.sign(request);
    expect(receiver.verify({ ...request, headers }, empty)).toEqual({ ok: true });
  });

  it.each(neighbours)('who has %j learns the time of who has %j', (from, to) => {
    const [clock, ahead] = [fakeClock(), fakeClock()];
    const [sender, receiver] = [make('a', from, clock), make('b', to, ahead)];
    ahead.advance(hourMs);
    const headers = sender.sign(request);
    const refused = receiver.verify({ ...request, headers }, empty);
    expect(refused).toMatchObject({ ok: false, reason: 'time' });
    expect(!refused.ok && sender.learnTime(headers, refused.headers)).toBe(true);
    expect(receiver.verify({ ...request, headers: sender.sign(request) }, empty).ok).toBe(true);
  });

  it('what is signed with a secret that was taken away is refused', () => {
    const clock = fakeClock();
    const headers = make('a', [secret], clock).sign(request);
    const verdict = make('b', [next], clock).verify({ ...request, headers }, empty);
    expect(verdict).toMatchObject({ ok: false, reason: 'signature' });
  });
});

describe('the keys of a fleet', () => {
  it('differ by purpose and by secret', () => {
    const purposes = ['request', 'answer', 'replay-state', 'session'] as const;
    const keys = purposes.flatMap((purpose) => [
      deriveKey(secret, purpose),
      deriveKey('x', purpose),
    ]);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(8);
    expect(keys[0]).toHaveLength(32);
  });

  it('are the same on every node', () => {
    expect(deriveKey(secret, 'session')).toEqual(deriveKey(secret, 'session'));
  });
});
