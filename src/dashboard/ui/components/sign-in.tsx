/** Asks for a Kubernetes token. It stays in this tab and goes only into the header of requests. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { mustSignIn, signInProblem, token } from '../state/browser.ts';
import { useStore } from '../state/use-store.ts';
import { Notice } from './notice.tsx';

export function SignIn() {
  const problem = useStore(signInProblem);
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    document.title = 'Sign in · Weft';
    field.current?.focus();
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const value = text.trim().replace(/^Bearer\s+/i, '');
    // A header cannot carry anything else, and no token has it.
    if (!/^[\x21-\x7e]+$/.test(value))
      return signInProblem.set('This is not a token: it has characters that no token has.');
    token.set(value);
    signInProblem.set(undefined);
    mustSignIn.set(false);
  };
  return (
    <main class="sign-in" id="main" tabIndex={-1}>
      <form onSubmit={submit}>
        <h1>Sign in to Weft</h1>
        {problem === undefined ? undefined : <Notice tone="bad" title={problem} />}
        <label for="token">Kubernetes token</label>
        <input
          id="token"
          ref={field}
          type="password"
          autoComplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          aria-describedby="token-help"
        />
        <button type="submit" class="button button-primary" disabled={text.trim() === ''}>
          Sign in
        </button>
        <div id="token-help" class="muted">
          <p>
            For example from <code>kubectl create token NAME -n NAMESPACE</code>. What you see is what
            Kubernetes RBAC lets this account read. The token stays in this tab and is forgotten when you
            close it.
          </p>
          <p>
            With a kubeconfig there is no need for a token: <code>weft dashboard</code>.
          </p>
        </div>
      </form>
    </main>
  );
}
