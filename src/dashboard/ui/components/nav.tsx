/** The pages, and which one is shown. */

import { Icon, type IconName } from './icon.tsx';
import { Link } from './link.tsx';

export const pages: readonly { readonly name: IconName; readonly label: string }[] = [
  { name: 'overview', label: 'Overview' },
  { name: 'graph', label: 'Graph' },
  { name: 'workloads', label: 'Workloads' },
  { name: 'services', label: 'Services' },
  { name: 'routes', label: 'Routes' },
  { name: 'policies', label: 'Policies' },
  { name: 'proxies', label: 'Proxies' },
  { name: 'certificates', label: 'Certificates' },
  { name: 'tap', label: 'Tap' },
  { name: 'findings', label: 'Findings' },
  { name: 'explain', label: 'Explain' },
];

export function Nav({ current }: { readonly current: string }) {
  return (
    <nav aria-label="Pages">
      <ul>
        {pages.map(({ name, label }) => (
          <li key={name} class={name === current ? 'current' : ''}>
            <Link path={name === 'overview' ? [] : [name]}>
              <Icon name={name} />
              <span>{label}</span>
              {name === current ? <span class="visually-hidden">(shown)</span> : undefined}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
