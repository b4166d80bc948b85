import type { LocalCluster } from './cluster.ts';
import { layOut } from './table.ts';

/** What `--json` prints, for programs. The first region is the primary's. */
export function describeForPrograms(cluster: LocalCluster): string {
  return JSON.stringify({
    edges: cluster.edge.urls,
    nodes: cluster.nodes.map((node) => ({
      id: node.id,
      region: node.plan.region,
      candidate: node.plan.candidate,
      url: node.url,
      privateUrl: node.privateUrl,
      litefsUrl: node.liteFsUrl,
    })),
    adminKey: cluster.adminKey,
  });
}

/** What people see once all nodes are ready: where the edges listen, and what to try. */
export function describeForPeople(cluster: LocalCluster): string {
  const { ams, iad, syd } = cluster.edge.urls;
  const key = `-H 'Authorization: Bearer ${cluster.adminKey}'`;
  const json = `-H 'Content-Type: application/json'`;
  return `
${layOut([['region', 'edge'], ...Object.entries(cluster.edge.urls)]).join('\n')}

Everything lies in ${cluster.dir}; the log of a node in its folder.

Make a link in Sydney, follow it in Virginia:
  curl -i ${key} ${json} -d '{"destination":"https://example.com/","slug":"hello"}' ${syd}/api/v1/links
  curl -i ${iad}/hello
The page to shorten links is ${ams}/, the key to sign in ${cluster.adminKey}

In another terminal:
  npm run cluster -- add syd2
  npm run cluster -- kill ams1
  npm run cluster -- start ams1

Ctrl-C ends everything.
`;
}
