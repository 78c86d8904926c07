/** The frame around all pages: navigation, top bar, and the page that the address names. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { mustSignIn, paused, place, refreshes } from '../state/browser.ts';
import { useNamespaces } from '../state/use-namespaces.ts';
import { useStore } from '../state/use-store.ts';
import { Boundary } from './boundary.tsx';
import { isTyping } from './is-typing.ts';
import { Nav } from './nav.tsx';
import { Routed } from './routed.tsx';
import { SignIn } from './sign-in.tsx';
import { TopBar } from './top-bar.tsx';

export function Shell() {
  return useStore(mustSignIn) ? <SignIn /> : <SignedIn />;
}

function SignedIn() {
  const here = useStore(place);
  const [isMenuOpen, setIsMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const namespaces = useNamespaces();
  const path = here.path.join('/');
  const first = useRef(path);
  useLayoutEffect(() => {
    setIsMenuOpen(false);
    if (first.current === path) return;
    first.current = path;
    // Readers of the screen and users of the keyboard go on where the new page begins.
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (isTyping(event.target)) return;
      if (event.key === 'P' && event.shiftKey) paused.set(!paused.get());
      if (event.key === 'R' && event.shiftKey && !event.ctrlKey && !event.metaKey)
        refreshes.set(refreshes.get() + 1);
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
  return (
    <div class={`shell ${isMenuOpen ? 'menu-open' : ''}`}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <aside class="side" aria-label="Weft">
        <div class="brand">
          <img src="favicon.svg" alt="" width="24" height="24" />
          Weft
        </div>
        <Nav current={here.path[0] ?? 'overview'} />
      </aside>
      <div class="content">
        <TopBar namespaces={namespaces} isMenuOpen={isMenuOpen} onMenu={() => setIsMenuOpen(!isMenuOpen)} />
        <main id="main" ref={main} tabIndex={-1}>
          <Boundary key={path}>
            <Routed place={here} />
          </Boundary>
        </main>
      </div>
    </div>
  );
}
