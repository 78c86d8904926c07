/** A code of the error catalogue, with the way to its page. */

import { Link } from './link.tsx';

export function ErrorCode({ code }: { readonly code: string }) {
  return (
    <Link path={['errors', code]} class="code">
      {code}
    </Link>
  );
}
