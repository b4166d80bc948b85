import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ControlListener, startControl } from './control-listener.ts';
import { startEdge } from './edge.ts';
import { parseEdgeFile } from './edge-file.ts';

const usage = `Starts an edge before nodes that already run.

  node scripts/edge/main.ts --file edge.json
  node scripts/edge/main.ts --region ams=127.0.0.1:9001 --region syd=127.0.0.1:9002 \\
    --node a1@ams=http://127.0.0.1:8080 --node s1@syd=http://127.0.0.1:8082 --latency

  --file <path>               the whole description as JSON; instead of the flags below
  --region <name>=<host:port> one edge listener; may be repeated
  --node <id>@<region>=<url>  a node; may be repeated
  --latency                   distances between regions cost time
  --control <host:port>       counters and faults over HTTP; for loopback only`;

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    region: { type: 'string', multiple: true, default: [] },
    node: { type: 'string', multiple: true, default: [] },
    latency: { type: 'boolean', default: false },
    control: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

if (values.help || (values.file === undefined && values.region.length === 0)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const { options, control } = parseEdgeFile(
  values.file === undefined ? fromFlags() : JSON.parse(await readFile(values.file, 'utf8')),
);

await using edge = await startEdge(options);
let controlListener: ControlListener | undefined;
if (control !== undefined) controlListener = await startControl(edge, control);
for (const [region, url] of Object.entries(edge.urls)) console.log(`${region}  ${url}`);
if (controlListener !== undefined) console.log(`control  ${controlListener.url}`);

await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
await controlListener?.[Symbol.asyncDispose]();

function fromFlags(): unknown {
  return {
    regions: Object.fromEntries(values.region.map((text) => splitOnce(text, '='))),
    nodes: values.node.map((text) => {
      const [name, url] = splitOnce(text, '=');
      const [id, region] = splitOnce(name, '@');
      return { id, region, url };
    }),
    latency: values.latency,
    ...(values.control === undefined ? {} : { control: values.control }),
  };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
