/** Icons as lines, drawn here: nothing is loaded from elsewhere. They decorate; the words beside them speak. */

const paths = {
  overview: 'M3 12h4l3-8 4 16 3-8h4',
  graph:
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM18 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM10 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM7 8l2 8M8.4 6l7 1M16.500 9.500l-5 7',
  workloads: 'M12 3l8 4.500v9L12 21l-8-4.500v-9L12 3ZM4 7.500l8 4.500 8-4.500M12 12v9',
  services: 'M4 6h16v5H4zM4 13h16v5H4zM8 8.500h.01M8 15.500h.01',
  routes: 'M4 12h6c4 0 3-6 7-6h3M10 12c4 0 3 6 7 6h3M17 3l3 3-3 3M17 15l3 3-3 3',
  policies: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6l7-3ZM9 12l2 2 4-4',
  proxies: 'M5 5h14v14H5zM9 9h6v6H9zM9 2v3M15 2v3M9 19v3M15 19v3M2 9h3M2 15h3M19 9h3M19 15h3',
  certificates: 'M4 4h16v11H4zM8 8h8M8 11h4M14 15v6l2-1.500 2 1.500v-6',
  tap: 'M3 6h12M3 12h8M3 18h12M19 8l3 4-3 4M14 12h7',
  findings: 'M12 4l9 16H3L12 4ZM12 10v4M12 17h.01',
  explain: 'M9 9a3 3 0 1 1 4 2.800c-.7.300-1 .900-1 1.700v.5M12 17h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
  refresh: 'M20 11a8 8 0 1 0-2 6M20 5v6h-6',
  close: 'M6 6l12 12M18 6L6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  theme: 'M12 3a9 9 0 1 0 0 18V3Z',
  signOut: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  unlock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 6.800-1.200',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l5 5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
