/** The page's first lines. */

import { render } from 'preact';
import { Shell } from './components/shell.tsx';
import { applyTheme } from './state/theme.ts';

applyTheme();
const root = document.getElementById('app');
if (root !== null) render(<Shell />, root);
