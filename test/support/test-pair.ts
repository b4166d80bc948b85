import type { RequestToSign } from '../../src/cluster/fleet-auth.ts';
import type { HttpSettings } from '../../src/http/public-app.ts';
import { startTestNode, type TestNode } from './test-node.ts';

/** A primary `p` and its replica `r`. */
export interface TestPair extends AsyncDisposable {
  readonly primary: TestNode;
  readonly replica: TestNode;
  /** Sends a request to the private port of `to` as the replica signs it. */
  sendSigned(to: TestNode, request: RequestToSign, init?: RequestInit): Promise<Response>;
}

/** Starts both. */
export async function startTestPair(settings: Partial<HttpSettings> = {}): Promise<TestPair> {
  await using stack = new AsyncDisposableStack();
  const privateUrls = new Map<string, string>();
  const primary = stack.use(
    await startTestNode({ id: 'p', role: { is: 'primary' }, privateUrls, settings }),
  );
  const replica = stack.use(
    await startTestNode({ id: 'r', role: { is: 'replica', primary: 'p' }, privateUrls, settings }),
  );
  const owned = stack.move();
  return {
    primary,
    replica,
    sendSigned(to, request, init = {}) {
      const signed = replica.auth.sign({ to: to.id, ...request });
      const headers = { ...(init.headers as Record<string, string>), ...signed };
      return fetch(`${to.privateUrl}${request.path}`, { method: request.method, ...init, headers });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
