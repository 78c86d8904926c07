/** What a code of the error catalogue means. The pages are bundled with this one: nothing is looked up elsewhere. */

import { useLayoutEffect, useState } from 'preact/hooks';
import { Markdown } from '../components/markdown.tsx';
import { Notice } from '../components/notice.tsx';
import { Page } from '../components/page.tsx';

type Pages = Readonly<Record<string, string>>;

/** Beside the page's other files; all errors together are smaller than one picture. */
let loading: Promise<Pages> | undefined;

function loadPages(): Promise<Pages> {
  loading ??= fetch(new URL('errors.json', document.baseURI)).then((response) => {
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json() as Promise<Pages>;
  });
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}

export function ErrorPage({ code }: { readonly code: string }) {
  const [pages, setPages] = useState<Pages>();
  const [isFailed, setIsFailed] = useState(false);
  useLayoutEffect(() => {
    loadPages().then(setPages, () => setIsFailed(true));
  }, []);
  const source = pages !== undefined && Object.hasOwn(pages, code) ? pages[code] : undefined;
  return (
    <Page title={code} about="What this code means, and what to do.">
      {isFailed ? <Notice tone="bad" title="The explanations could not be loaded" /> : undefined}
      {pages !== undefined && source === undefined ? (
        <Notice tone="warn" title={`There is no code ${code}`} />
      ) : undefined}
      {source === undefined ? undefined : <Markdown source={source.replace(/^# [^\n]*?: /, '# ')} />}
    </Page>
  );
}
