import { workerData } from 'node:worker_threads';
import { databaseNames } from '../domain/database-name.ts';
import { FileCopier } from './file-copier.ts';
import type { ThreadCopy } from './thread-copier.ts';

const { files, folder } = workerData as ThreadCopy;
await new FileCopier(files).copyInto(folder, databaseNames, new AbortController().signal);
