import type { Pages } from '../domain/pages.ts';
import { renderHome } from './home.ts';
import { renderPreview } from './preview.ts';
import { renderProblem } from './problem.ts';
import { renderSignIn } from './sign-in.ts';
import { renderStatus } from './status.ts';

/** The pages people see. `assetVersion` marks the URLs of their assets (`readAssetVersion`). */
export function createPages(assetVersion: string): Pages {
  return {
    home: (model) => renderHome(model, assetVersion),
    signIn: (model) => renderSignIn(model, assetVersion),
    preview: (model) => renderPreview(model, assetVersion),
    status: (model) => renderStatus(model, assetVersion),
    problem: (model) => renderProblem(model, assetVersion),
  };
}
