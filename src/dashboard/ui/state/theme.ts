/** Dark or light: by the system, or as chosen. */

import { useLayoutEffect, useState } from 'preact/hooks';
import { theme } from './browser.ts';

const dark = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');

/** Sets the theme on the document, now and whenever choice or system change. */
export function applyTheme(): void {
  const apply = (): void => {
    const choice = theme.get();
    const isDark = choice === 'system' ? dark().matches : choice === 'dark';
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
    document.dispatchEvent(new Event('weft-theme'));
  };
  apply();
  theme.watch(apply);
  dark().addEventListener('change', apply);
}

/** The theme in force, for what is drawn and not styled. */
export function useThemeInForce(): string {
  const read = (): string => document.documentElement.dataset['theme'] ?? 'light';
  const [inForce, setInForce] = useState(read);
  useLayoutEffect(() => {
    const listener = (): void => setInForce(read());
    document.addEventListener('weft-theme', listener);
    return () => document.removeEventListener('weft-theme', listener);
  }, []);
  return inForce;
}

export function useReducedMotion(): boolean {
  const [isReduced, setIsReduced] = useState(
    () => window.matchMedia('(prefers-reduced-motion: reduce)').matches,
  );
  useLayoutEffect(() => {
    const media = window.matchMedia('(prefers-reduced-motion: reduce)');
    const listener = (): void => setIsReduced(media.matches);
    media.addEventListener('change', listener);
    return () => media.removeEventListener('change', listener);
  }, []);
  return isReduced;
}
