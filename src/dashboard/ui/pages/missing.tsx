/** An address that names no page. */

import { Link } from '../components/link.tsx';
import { Page } from '../components/page.tsx';

export function MissingPage() {
  return (
    <Page title="No such page" about="The address names no page of this dashboard.">
      <p>
        <Link path={[]}>Go to the overview</Link>
      </p>
    </Page>
  );
}
