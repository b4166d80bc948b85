import { createHash } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RequestBody } from '../../scripts/edge/request-body.ts';
import { ask } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

const limit = 1_048_576;

function bytes(length: number): Buffer {
  return Buffer.alloc(length, 'hoplite!');
}

function parts(whole: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < whole.length; at += 100_000) list.push(whole.subarray(at, at + 100_000));
  return list;
}

function hash(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** A POST whose body the test sends bit by bit. */
function slowPost(url: string, headers: Record<string, string> = {}, agent: Agent | false = false) {
  const request = httpRequest(url, { method: 'POST', headers, agent });
  const answer = Promise.withResolvers<{ status: number; body: string }>();
  request.on('error', answer.reject);
  request.on('response', (incoming) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    incoming.on('end', () => answer.resolve({ status: incoming.statusCode ?? 0, body }));
  });
  return { request, answer: answer.promise };
}

describe.each(['with a length', 'chunked'])('a body %s', (kind) => {
  const toBody = (whole: Buffer) => (kind === 'chunked' ? parts(whole) : whole);

  it.each([limit - 1, limit])('of %i bytes is replayed, whole and once', async (length) => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams', (request, response) =>
      request.on('end', () => response.end('a1')),
    );
    await using test = await startTestEdge([replica, primary]);
    const body = bytes(length);
    const answer = await ask(test.syd, { method: 'POST', body: toBody(body) });
    expect(answer).toMatchObject({ status: 200, body: 'a1' });
    expect(primary.seen).toHaveLength(1);
    expect(hash(primary.seen[0]?.body ?? bytes(0))).toBe(hash(body));
  });

  it.each([502, 413])('over the limit is PA01 with status %i when replayed', async (status) => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams;fallback=force_self'));
    const primary = await TestNode.start('a1', 'ams');
    const knobs = { overLimitStatus: status };
    await using test = await startTestEdge([replica, primary], { knobs });
    const answer = await ask(test.syd, { method: 'POST', body: toBody(bytes(limit + 1)) });
    expect(answer).toMatchObject({ status, headers: { 'fly-edge-error': 'PA01' } });
    expect([replica.seen.length, primary.seen.length]).toEqual([1, 0]);
    expect(test.edge.counters).toMatchObject({ replays: 0, fallbacks: 0, errors: { PA01: 1 } });
  });

  it('over the limit streams through to a node that answers', async () => {
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      request.on('end', () => response.end('got it')),
    );
    await using test = await startTestEdge([node]);
    const body = bytes(5 * limit);
    expect((await ask(test.ams, { method: 'POST', body: toBody(body) })).body).toBe('got it');
    expect(hash(node.seen[0]?.body ?? bytes(0))).toBe(hash(body));
  });

  it('keeps its framing', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    await ask(test.ams, { method: 'PUT', body: toBody(bytes(10)) });
    const { 'content-length': length, 'transfer-encoding': coding } = node.seen[0]?.headers ?? {};
    expect({ length, coding }).toEqual(
      kind === 'chunked'
        ? { length: undefined, coding: 'chunked' }
        : { length: '10', coding: undefined },
    );
  });

  it('over the limit still finds a node after one that refused', async () => {
    const gone = await TestNode.start('a1', 'ams');
    const next = await TestNode.start('i1', 'iad', (request, response) =>
      request.on('end', () => response.end('i1')),
    );
    await using test = await startTestEdge([gone, next]);
    await gone.kill();
    const body = bytes(2 * limit);
    expect((await ask(test.ams, { method: 'POST', body: toBody(body) })).body).toBe('i1');
    expect(hash(next.seen[0]?.body ?? bytes(0))).toBe(hash(body));
  });
});

describe('a body that its node does not take yet', () => {
  const start = () => {
    const source = Object.assign(new PassThrough({ highWaterMark: 10 }), {
      headers: { 'transfer-encoding': 'chunked' },
    });
    return { source, body: new RequestBody(source as unknown as IncomingMessage, 100) };
  };

  it('is read no further than the limit', async () => {
    const { source, body } = start();
    for (let at = 0; at < 50; at++) source.write(bytes(10));
    await until(() => source.isPaused());
    const first = Buffer.concat(body.kept);
    expect(first.length).toBe(110);
    const sink = new PassThrough();
    body.follow(sink);
    source.end();
    const rest = Buffer.concat(await sink.toArray());
    expect(first.length + rest.length).toBe(500);
    expect(await body.isReplayable()).toBe(false);
  });

  it('is read no further than the connection takes', async () => {
    const { source, body } = start();
    const sink = new PassThrough({ highWaterMark: 20 });
    body.follow(sink);
    for (let at = 0; at < 50; at++) source.write(bytes(10));
    source.end();
    await until(() => source.isPaused());
    expect(sink.readableLength + sink.writableLength).toBeLessThan(100);
    expect(Buffer.concat(await sink.toArray()).length).toBe(500);
  });
});

describe('the limit', () => {
  it('is a knob', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    test.edge.knobs.bodyLimitBytes = 10;
    expect((await ask(test.syd, { method: 'POST', body: bytes(10) })).status).toBe(200);
    expect((await ask(test.syd, { method: 'POST', body: bytes(11) })).status).toBe(502);
  });
});

describe('an upload', () => {
  it('reaches the node while the client is still sending', async () => {
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      request.on('end', () => response.end('done')),
    );
    await using test = await startTestEdge([node]);
    const { request, answer } = slowPost(test.ams);
    request.write('first');
    await until(() => node.seen[0]?.body.toString() === 'first');
    request.end(' second');
    expect((await answer).body).toBe('done');
    expect(node.seen[0]?.body.toString()).toBe('first second');
  });

  it('is replayed whole when the node asks before the body has come', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams', (request, response) =>
      request.on('end', () => response.end('done')),
    );
    await using test = await startTestEdge([replica, primary]);
    const { request, answer } = slowPost(test.syd, { 'content-length': '300000' });
    request.write(bytes(100_000));
    await until(() => replica.seen[0]?.end === 'aborted');
    expect(primary.seen).toHaveLength(0);
    request.end(bytes(200_000));
    expect((await answer).body).toBe('done');
    expect(primary.seen[0]?.body.length).toBe(300_000);
  });

  it('may get its answer early, and goes on to the node that still reads', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => response.end('early'));
    await using test = await startTestEdge([node]);
    const agent = new Agent({ keepAlive: true });
    const { request, answer } = slowPost(test.ams, {}, agent);
    request.write('one');
    expect((await answer).body).toBe('early');
    request.end(' two');
    await until(() => node.seen[0]?.end === 'complete');
    expect(node.seen[0]?.body.toString()).toBe('one two');
    agent.destroy();
  });

  it('that is given up on after its early answer is aborted at the node', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => response.end('early'));
    await using test = await startTestEdge([node]);
    const agent = new Agent({ keepAlive: true });
    const { request, answer } = slowPost(test.ams, {}, agent);
    request.write('one');
    await answer;
    request.destroy();
    await until(() => node.seen[0]?.end === 'aborted');
    agent.destroy();
  });

  it('over a connection to be closed gets its early answer and is read to its end', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => response.end('early'));
    await using test = await startTestEdge([node]);
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(test.ams).port) });
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 7\r\n\r\none');
    let got = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text;
    });
    await until(() => got.endsWith('early'));
    socket.write(' two');
    await new Promise((resolve) => socket.once('close', resolve));
    await until(() => node.seen[0]?.end === 'complete');
    expect(node.seen[0]?.body.toString()).toBe('one two');
  });

  it('that is given up on does not look complete to the node', async () => {
    const node = await TestNode.start('a1', 'ams', () => undefined);
    await using test = await startTestEdge([node]);
    const { request, answer } = slowPost(test.ams);
    request.write('half');
    await until(() => node.seen[0]?.body.toString() === 'half');
    request.destroy(new Error('given up'));
    await expect(answer).rejects.toThrow('given up');
    await until(() => node.seen[0]?.end === 'aborted');
    expect(test.edge.counters.errors).toEqual({});
  });

  it('that is given up on during a replay never reaches the target', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    const { request, answer } = slowPost(test.syd, { 'content-length': '10' });
    request.write('half');
    await until(() => replica.seen[0]?.end === 'aborted');
    request.destroy(new Error('given up'));
    await expect(answer).rejects.toThrow('given up');
    // The edge has noticed by the time that it serves another client.
    await ask(test.ams);
    expect(primary.seen).toHaveLength(1);
    expect(primary.seen[0]?.method).toBe('GET');
  });

  it('that announces itself with Expect is told to continue', async () => {
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      request.on('end', () => response.end('done')),
    );
    await using test = await startTestEdge([node]);
    const { request, answer } = slowPost(test.ams, { expect: '100-continue' });
    await new Promise<void>((resolve) => {
      request.once('continue', resolve);
      request.flushHeaders();
    });
    request.end('body');
    expect((await answer).body).toBe('done');
    expect(node.seen[0]?.headers.expect).toBeUndefined();
  });
});
