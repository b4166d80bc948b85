import type { Express } from 'express';
import { type Arrival, setArrival } from '../../src/http/request-facts.ts';
import { type ListeningServer, listen } from './listen.ts';

/** Serves an app to requests of which the private port has proved how they came. */
export function listenArriving(app: Express, arrival: Arrival): Promise<ListeningServer> {
  return listen((request, response) => {
    setArrival(request, arrival);
    app(request, response);
  });
}
