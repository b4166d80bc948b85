import { listPeers, parsePeers } from '../../cluster/peers.ts';
import { isTxid } from '../../domain/position.ts';
import type { NodeId } from '../../domain/role.ts';
import { ask } from './ask.ts';
import type { PeerFacts } from './facts.ts';
import type { BootstrapSettings } from './settings.ts';

const { networkInterfaces } = process.getBuiltinModule('node:os');

const askTimeoutMs = 1500;
const dnsTimeoutMs = 1500;

/** A private port, and who is expected behind it. */
interface PeerPlace {
  readonly node: NodeId;
  readonly origin: string;
}

/**
 * Asks every other node that can be found how far it is: those that `PEER_URL` lists, on Fly those that its DNS lists,
 * and the candidates that Consul knows. Never rejects. A node that is found twice is told once.
 */
export async function observePeers(
  settings: BootstrapSettings,
  candidates: readonly NodeId[],
): Promise<readonly PeerFacts[]> {
  const places = [
    ...namedPlaces(settings, candidates),
    ...(settings.flyApp === undefined ? [] : await flyPlaces(settings.flyApp, settings)),
  ];
  const peers = await Promise.all(places.map(askPeer));
  const told = new Map(peers.map((peer) => [peer.node, peer]));
  // An answer counts more than silence at another of its addresses.
  for (const peer of peers) if (peer.is === 'answering') told.set(peer.node, peer);
  told.delete(settings.node);
  return [...told.values()];
}

function namedPlaces(
  { peerUrl, flyApp, privatePort, node: self }: BootstrapSettings,
  candidates: readonly NodeId[],
): PeerPlace[] {
  const template = flyApp && `http://{node}.vm.${flyApp}.internal:${privatePort}`;
  const text = peerUrl ?? template;
  if (text === undefined) return [];
  const originOf = parsePeers(text);
  const names = new Set([...listPeers(text), ...candidates]);
  names.delete(self);
  return [...names].flatMap((node) => {
    const origin = originOf(node);
    return origin === undefined ? [] : [{ node, origin }];
  });
}

/**
 * Fly's DNS has an address for each machine of the app that runs (Fly docs, "Private networking"). When it does not say
 * which, there may be any, so its name stands for a node that is silent.
 */
async function flyPlaces(app: string, { privatePort }: BootstrapSettings): Promise<PeerPlace[]> {
  const { Resolver } = process.getBuiltinModule('node:dns').promises;
  const resolver = new Resolver({ timeout: dnsTimeoutMs, tries: 1 });
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []),
  );
  try {
    const addresses = await resolver.resolve6(`${app}.internal`);
    return addresses
      .filter((address) => !own.has(address))
      .map((address) => ({ node: address, origin: `http://[${address}]:${privatePort}` }));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENODATA' || error.code === 'ENOTFOUND') return [];
    return [{ node: `${app}.internal`, origin: `http://${app}.internal:${privatePort}` }];
  }
}

async function askPeer({ node, origin }: PeerPlace): Promise<PeerFacts> {
  try {
    const { status, text } = await ask(`${origin}/status`, { timeoutMs: askTimeoutMs });
    return (status === 200 ? parseStatus(text) : undefined) ?? { is: 'silent', node };
  } catch {
    // No answer, or none of Hoplite.
    return { is: 'silent', node };
  }
}

/** Reads what a node says on its private port (src/http/node-status.ts). */
function parseStatus(text: string): PeerFacts | undefined {
  const status = JSON.parse(text) as {
    node?: unknown;
    role?: unknown;
    epoch?: unknown;
    position?: { txid?: unknown } | null;
  };
  const { node, role, epoch, position } = status;
  if (typeof node !== 'string' || typeof role !== 'string') return undefined;
  const txid = position?.txid;
  const isPrimary = role === 'primary';
  if (typeof txid !== 'string' || !isTxid(txid)) {
    return { is: 'answering', node, isPrimary, progress: undefined };
  }
  return {
    is: 'answering',
    node,
    isPrimary,
    progress: { epoch: typeof epoch === 'number' ? epoch : 0, txid },
  };
}
