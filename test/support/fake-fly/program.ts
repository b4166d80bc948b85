import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { FakeFly } from './fake-fly.ts';

// The fake as a program. Its memory is the file that FAKE_FLY names: `{ state, calls }`.

const file = process.env.FAKE_FLY ?? '';
const { state, calls } = JSON.parse(readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
const fake = new FakeFly(state);
const input = args[1] === 'import' ? await text(process.stdin) : '';
const { exitCode, stdout, stderr } = fake.call(args, input);
writeFileSync(file, JSON.stringify({ state: fake.state, calls: [...calls, ...fake.calls] }));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
