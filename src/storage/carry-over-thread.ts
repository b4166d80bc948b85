import { workerData } from 'node:worker_threads';
import { type CarriedFiles, carryOver } from './carry-over.ts';

carryOver(workerData as CarriedFiles);
