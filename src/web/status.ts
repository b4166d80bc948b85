import type { FleetNode, NodeReport } from '../domain/fleet-report.ts';
import type { StatusPage } from '../domain/pages.ts';
import { type Html, html } from './html.ts';
import { renderLayout } from './layout.ts';

/** The page at `/status`: what is worth knowing in sentences, then each node. Works without a script. */
export function renderStatus({ summary, nodes, at }: StatusPage, assetVersion: string): string {
  const [first, ...others] = summary.sentences;
  const time = new Date(at).toISOString();
  return renderLayout({
    title: 'Status – Hoplite',
    assetVersion,
    content: html`<section class="panel" aria-labelledby="status">
<h1 id="status">Status</h1>
<p class="${summary.isFine ? 'fine' : 'failure'}"${!summary.isFine && html` role="alert"`}>${first}</p>
${others.length > 0 && html`<ul class="troubles">${others.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
<p class="age">Asked at <time datetime="${time}">${time.slice(11, 19)} UTC</time> · <a href="/status">ask again</a></p>
</section>
<section class="latest" aria-labelledby="nodes">
<h2 id="nodes">Nodes</h2>
<ul class="nodes">${nodes.map(renderNode)}</ul>
</section>`,
  });
}

function renderNode({ node, report }: FleetNode): Html {
  if (report === null) {
    return html`<li class="node silent"><h3>${node} <span class="role">does not answer</span></h3></li>`;
  }
  return html`<li class="node"><h3>${node} <small>${report.region}</small> <span class="role ${report.role}">${report.role}</span></h3>
<dl>${factsOf(report).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></li>`;
}

/** What a person reads of a node, in this order; what does not apply is left out. */
function factsOf(report: NodeReport): readonly (readonly [string, string])[] {
  const { primary, position, lagMs, epoch, schema, durability, otherCandidate } = report;
  const facts: [string, string | undefined][] = [
    ['follows', primary ?? undefined],
    ['writes are', durability ?? undefined],
    ['other candidate', otherCandidate ?? undefined],
    ['position', position?.txid.replace(/^0+(?=.)/, '')],
    ['lag', report.role !== 'replica' || lagMs === null ? undefined : toDuration(lagMs)],
    ['epoch', epoch?.toString()],
    ['schema', schema?.toString()],
    ['release', report.version],
    ['up', toDuration(report.uptimeS * 1000)],
    ['clicks to count', report.clicks === null ? undefined : describeClicks(report.clicks)],
    ['backups', describeBackups(report.backup)],
    ['newest backup', describeAge(report.backup?.newestAgeMs)],
    ['backup tried', describeAge(report.backup?.verifiedAgeMs)],
    ['lease', describeLease(report.lease)],
    ['Consul answered', describeAge(report.guard?.consulAnsweredMsAgo)],
    ['may lead', report.guard === null ? undefined : report.guard.isCandidate ? 'yes' : 'no'],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function describeClicks({ unconfirmed, oldestMs }: { unconfirmed: number; oldestMs: number }) {
  return unconfirmed === 0 ? 'none' : `${unconfirmed}, the oldest for ${toDuration(oldestMs)}`;
}

function describeBackups(backup: NodeReport['backup']): string | undefined {
  if (backup === null) return undefined;
  if (backup.failure !== null) return `fail: ${backup.failure.why}`;
  return backup.isOurTurn ? 'made here' : 'made elsewhere';
}

function describeLease(lease: NodeReport['lease']): string | undefined {
  if (lease === null) return undefined;
  if (lease.isOurs) return `held, confirmed ${describeAge(lease.renewedMsAgo) ?? 'never'}`;
  return lease.holder === null ? 'free' : `with ${lease.holder}`;
}

function describeAge(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : `${toDuration(ms)} ago`;
}

/** Rounded to what a person needs of it. */
function toDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
