/** `ui`: the web page and its files through the API server of Kubernetes, for whoever comes that way. */

import { noSuchObject } from './errors.ts';
import type { Answer, ApiResource, Question } from './resources.ts';
import { type StaticFiles, staticFileAt } from './static-files.ts';

export type PageFiles = StaticFiles;

export function uiResources(files: PageFiles): readonly ApiResource[] {
  const answer = async ({ path }: Question): Promise<Answer> => {
    const file = staticFileAt(files, `/${path.name}`);
    if (file === undefined) throw noSuchObject(`The page has no file ${path.name || 'index.html'}.`);
    return { kind: 'content', type: file.type, body: file.body, headers: file.headers };
  };
  return [{ name: 'ui', kind: 'Page', verbs: ['list', 'get'], scope: 'both', partly: false, answer }];
}
